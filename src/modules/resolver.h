// The words of `resolver`: nothing here asks a name server by itself, but a wrong one is a mistake all the
// same.
// For the build only.
#pragma once

#include "modules/module.h"

namespace uringx {

// ngx_resolver_create. A server named by a host name is looked up, as nginx does at start.
Applied check_resolver(BuildContext& context, const Directive& directive, Settings& settings);

}  // namespace uringx
