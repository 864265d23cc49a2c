// The texts of -v, -V and -?: what tools that drive nginx read. Pure.
#pragma once

#include <string>

namespace uringx {

// "nginx version: nginx/1.26.0 (uringx 0.1.0)": the compatible nginx first, where tools look for it.
std::string version_line();

// What -? prints after the version line.
std::string usage_text();

// What -V prints after the version line. Modules that nginx builds unless told otherwise and that uringx does
// not serve (asked of the directive rows) appear as --without-http_NAME_module, as from an nginx that was
// built without them.
std::string configure_text();

}  // namespace uringx
