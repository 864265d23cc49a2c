// The variables $ssl_... (ngx_http_ssl_vars): facts of the connection's TLS session.
#pragma once

#include "modules/variables.h"

namespace uringx {

std::span<const VariableRow> ssl_variables();

}  // namespace uringx
