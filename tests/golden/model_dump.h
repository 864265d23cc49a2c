// Prints a configuration's model for the golden cases: messages, sockets, servers, locations and the settings
// in which a level differs from the one above. Used by the tests only, on their main thread.
#pragma once

#include <string>

#include "config/load_config.h"

namespace uringx {

// `folder` is cut from every path, so that a case may be read from anywhere.
std::string dump_model(const LoadedConfig& loaded, const std::string& folder);

}  // namespace uringx
