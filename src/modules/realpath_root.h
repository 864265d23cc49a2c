// $realpath_root needs the file system, which a variable cannot ask: before the phases that may use it, the document root is
// resolved by whoever drives the request (nginx calls realpath() at each use, and its worker waits).
#pragma once

#include "modules/handler.h"

namespace uringx {

// "Used" where a text of the configuration uses $realpath_root.
extern const Module kRealpathRootModule;

// Asks for the document root to be resolved, if this one was not yet.
HandlerResult handle_realpath_root(Request& request, HandlerState& state, const HandlerInput& input);

}  // namespace uringx
