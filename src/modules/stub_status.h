// stub_status: how many connections there are and what they do (ngx_http_stub_status_module).
// The numbers come from the server through HostInfo, at each request; the handler is pure besides.
#pragma once

#include "modules/handler.h"
#include "modules/module.h"

namespace uringx {

extern const Module kStubStatusModule;

HandlerResult handle_stub_status(Request& request, HandlerState& state, const HandlerInput& input);

}  // namespace uringx
