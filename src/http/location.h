// Completes the Location of a redirect as nginx's header filter does. Pure, any thread.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/arena.h"
#include "http/message.h"

namespace uringx {

// What a redirect to a path on this server is completed with. With absolute_redirect off do not ask.
struct RedirectBase {
  bool https = false;
  std::string_view host =
      {};  // server_name_in_redirect: the server's name; else the request's host; else the local address
  std::uint16_t port = 0;  // the connection's local port, 0 with port_in_redirect off
};

// Makes head.location absolute when it begins with "/": "http://host:port/path", the port left out when it is
// the scheme's own. Others stay as they are.
void make_location_absolute(ResponseHead& head, const RedirectBase& base, Arena& arena);

}  // namespace uringx
