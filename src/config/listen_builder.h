// ListenBuilder collects the addresses of all `listen` directives and makes the sockets of them
// (ngx_http_add_listen, ngx_http_optimize_servers). Owned by the Builder, on the main thread; gone when the
// RouteTable stands.
#pragma once

#include <expected>
#include <string>
#include <vector>

#include "config/route_table.h"

namespace uringx {

class ListenBuilder {
 public:
  // One address of one server. Refusals are nginx's: `a duplicate listen 0.0.0.0:80`.
  std::expected<void, Refusal> add(const ServerBlock& server, const SocketAddress& address,
                                   const ListenOptions& options);

  // That every address with TLS has a certificate for each client it may get (ngx_http_ssl_init); once the settings of
  // servers are inherited.
  std::expected<void, Refusal> check_certificates() const;

  // All sockets, in nginx's order. Names that conflict are told in `warnings`, without a place.
  std::expected<std::vector<ListenSocket>, Refusal> finish(std::vector<std::string>& warnings);

 private:
  struct Address {
    SocketAddress address;
    ListenOptions options;
    std::vector<const ServerBlock*> servers;
    const ServerBlock* default_server = nullptr;
  };
  // The addresses of one port and family; unix sockets are one "port".
  struct Port {
    int family = 0;
    std::uint16_t port = 0;
    std::vector<Address> addresses;
  };

  static std::expected<void, Refusal> join(Address& present, const ServerBlock& server,
                                           const ListenOptions& options);
  static std::expected<AddressServers, Refusal> name_servers(const Address& address,
                                                             std::vector<std::string>& warnings);

  std::vector<Port> ports_;
};

}  // namespace uringx
