// Reads the words of a `listen` directive: addresses and parameters, with nginx's errors
// (ngx_http_core_listen, ngx_parse_url). Stateless; used by the builder on the main thread. A host name is
// resolved here, once.
#pragma once

#include <expected>
#include <string_view>
#include <vector>

#include "config/listen.h"
#include "modules/module.h"

namespace uringx {

struct ParsedListen {
  std::vector<SocketAddress> addresses;  // several for a range of ports or a host of several addresses
  ListenOptions options;
};

// `complaints` takes what nginx says at level emerg without refusing.
std::expected<ParsedListen, Refusal> parse_listen(const Directive& directive,
                                                  std::vector<std::string>& complaints);

// The addresses of "80", "1.2.3.4", "[::1]:8000-8010", "unix:/path", "*:80", "host:port". Error: nginx's word
// for what is wrong ("invalid port").
std::expected<std::vector<SocketAddress>, std::string> parse_listen_address(std::string_view text);

// 0.0.0.0:port
SocketAddress any_ipv4(std::uint16_t port);

}  // namespace uringx
