#include "config/listen_builder.h"

#include <fmt/format.h>

#include <algorithm>

#include "config/server_names.h"
#include "modules/http_core.h"
#include "modules/ssl.h"

namespace uringx {

std::expected<void, Refusal> ListenBuilder::add(const ServerBlock& server, const SocketAddress& address,
                                                const ListenOptions& options) {
  auto port = std::find_if(ports_.begin(), ports_.end(), [&](const Port& one) {
    return one.port == address.port() && one.family == address.family();
  });
  if (port == ports_.end()) {
    ports_.push_back({address.family(), address.port(), {}});
    port = std::prev(ports_.end());
  }
  for (Address& present : port->addresses) {
    if (present.address == address) return join(present, server, options);
  }
  port->addresses.push_back({address, options, {&server}, &server});
  return {};
}

// ngx_http_add_addresses: another server on an address that has one.
std::expected<void, Refusal> ListenBuilder::join(Address& present, const ServerBlock& server,
                                                 const ListenOptions& options) {
  const auto refuse = [&](std::string_view what) {
    return std::unexpected(Refusal{fmt::format("{} {}", what, present.address.text())});
  };
  if (std::find(present.servers.begin(), present.servers.end(), &server) != present.servers.end()) {
    return refuse("a duplicate listen");
  }
  present.servers.push_back(&server);
  const ListenOptions before = present.options;
  if (options.set) {
    if (before.set) return refuse("duplicate listen options for");
    present.options = options;
  }
  if (options.default_server) {
    if (before.default_server) return refuse("a duplicate default server for");
    present.default_server = &server;
  }
  present.options.default_server = before.default_server || options.default_server;
  present.options.ssl = before.ssl || options.ssl;
  present.options.http2 = before.http2 || options.http2;
  present.options.proxy_protocol = before.proxy_protocol || options.proxy_protocol;
  return {};
}

std::expected<void, Refusal> ListenBuilder::check_certificates() const {
  const auto check = [](const ServerBlock& server) -> std::expected<void, Refusal> {
    const auto& ssl = server.settings.get<ServerSsl>();
    if (ssl.has_certificates() || *ssl.reject_handshake) return {};
    return std::unexpected(
        Refusal{.message = fmt::format("no \"ssl_certificate\" is defined for the \"listen ... ssl\" directive in {}:{}",
                                       server.file, server.line),
                .without_place = true});
  };
  for (const Port& port : ports_) {
    for (const Address& address : port.addresses) {
      if (!address.options.ssl) continue;
      if (address.default_server->settings.get<ServerSsl>().has_certificates()) continue;
      if (auto checked = check(*address.default_server); !checked) return checked;
      // The default server refuses all clients: every other server has to have something to say to its own.
      for (const ServerBlock* server : address.servers) {
        if (auto checked = check(*server); !checked) return checked;
      }
    }
  }
  return {};
}

// ngx_http_server_names. An address with one server needs no names, unless a regex name captures something.
std::expected<AddressServers, Refusal> ListenBuilder::name_servers(const Address& address,
                                                                   std::vector<std::string>& warnings) {
  AddressServers servers;
  servers.options = address.options;
  if (address.default_server->settings.get<ServerSsl>().legacy->on) servers.options.ssl = true;  // ngx_http_init_connection
  servers.tcp_nodelay = *address.default_server->root.settings.get<HttpCoreLocation>().tcp_nodelay;
  servers.default_ = address.default_server;
  if (address.servers.size() < 2 && !address.default_server->has_regex_name()) return servers;
  auto names = std::make_unique<ServerNames>();
  for (const ServerBlock* server : address.servers) {
    for (const ServerBlock::Name& name : server->names) {
      if (name.regex) {
        names->add_regex(*name.regex, *server);
        continue;
      }
      switch (names->add(name.text, *server)) {
        case ServerNames::Added::yes: break;
        case ServerNames::Added::conflicting:
          warnings.push_back(fmt::format("conflicting server name \"{}\" on {}, ignored", name.text,
                                         address.address.text()));
          break;
        case ServerNames::Added::invalid:
          return std::unexpected(
              Refusal{.message = fmt::format("invalid server name or wildcard \"{}\" on {}", name.text,
                                             address.address.text()),
                      .without_place = true});
      }
    }
  }
  servers.names_ = std::move(names);
  return servers;
}

// ngx_http_init_listening: with a wildcard on a port, only it and the addresses with socket options are
// bound; the other addresses are told apart by the connection's own.
std::expected<std::vector<ListenSocket>, Refusal> ListenBuilder::finish(std::vector<std::string>& warnings) {
  std::vector<ListenSocket> sockets;
  for (Port& port : ports_) {
    const auto rank = [](const Address& one) {
      return one.address.wildcard() ? 2 : one.options.bind ? 0 : 1;
    };
    std::stable_sort(port.addresses.begin(), port.addresses.end(),
                     [&](const Address& a, const Address& b) { return rank(a) < rank(b); });
    const bool wildcard = port.addresses.back().address.wildcard();
    std::vector<ListenSocket::Specific> specific;
    for (Address& one : port.addresses) {
      auto servers = name_servers(one, warnings);
      if (!servers) return std::unexpected(std::move(servers.error()));
      if (wildcard && !one.options.bind && !one.address.wildcard()) {
        specific.push_back({one.address, std::move(*servers)});
        continue;
      }
      ListenSocket& socket = sockets.emplace_back();
      socket.address = one.address;
      socket.options = one.options;
      socket.servers = std::move(*servers);
      if (one.address.wildcard()) socket.specific = std::move(specific);
    }
  }
  return sockets;
}

}  // namespace uringx
