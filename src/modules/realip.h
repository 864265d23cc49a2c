// set_real_ip_from and what goes with it: the client's address as a trusted proxy tells it (ngx_http_realip_module).
// Settings are const after the build; the handler is pure, and what it finds lives in the request's arena.
#pragma once

#include <string>
#include <vector>

#include "modules/access.h"
#include "modules/handler.h"

namespace uringx {

struct RealipSettings : Settings {
  static constexpr ModuleId kModule = ModuleId::realip;

  // Where the address stands.
  struct Source {
    enum class Kind : std::uint8_t { x_real_ip, x_forwarded_for, proxy_protocol, field } kind = Kind::x_real_ip;
    std::string field;  // its name
  };

  Setting<std::vector<AddressRange>> from;  // proxies to be believed; none: the module does nothing
  Setting<Source> source;
  Setting<bool> recursive{false};
};

extern const Module kRealipModule;

// Runs after the head was read and again in the location: the first that finds an address decides.
HandlerResult handle_realip(Request& request, HandlerState& state, const HandlerInput& input);

}  // namespace uringx
