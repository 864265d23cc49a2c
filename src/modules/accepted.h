// A module whose directives are checked and accepted without effect yet: gzip. One notice at start names those
// that a configuration holds. Settings are kept nowhere; built and dropped on the main thread.
#pragma once

#include "modules/module.h"

namespace uringx {

extern const Module kGzipModule;

}  // namespace uringx
