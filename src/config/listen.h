// ListenSocket is one socket to bind and what is served on it; ListenOptions are the parameters of `listen`.
// Built with the RouteTable, const afterwards; the master opens the sockets, workers accept on them.
#pragma once

#include <sys/socket.h>
#include <sys/un.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace uringx {

class ServerNames;

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t length = 0;

  int family() const { return storage.ss_family; }
  std::uint16_t port() const;     // 0 for unix sockets
  bool wildcard() const;          // 0.0.0.0 or ::
  std::string text() const;       // "127.0.0.1:80", "[::1]:80", "unix:/path": as nginx prints it
  std::string host_text() const;  // without the port; "unix:" for unix sockets ($remote_addr)
  bool operator==(const SocketAddress& other) const;
};

struct KeepaliveOptions {
  bool on = true;
  int idle_s = 0;      // 0: the system's
  int interval_s = 0;
  int count = 0;
};

struct ListenOptions {
  bool default_server = false;
  bool set = false;             // any socket option was given: giving them twice for one address is an error
  bool bind = false;
  int backlog = 511;            // NGX_LISTEN_BACKLOG on Linux
  int receive_buffer_bytes = -1;
  int send_buffer_bytes = -1;
  int fastopen = -1;
  bool deferred = false;
  bool reuseport = false;
  bool ipv6only = true;
  std::optional<KeepaliveOptions> so_keepalive;
  bool ssl = false;
  bool http2 = false;
  bool proxy_protocol = false;
};

}  // namespace uringx
