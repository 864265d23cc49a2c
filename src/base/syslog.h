// SyslogPeer is one "syslog:" target of the configuration: where its datagrams go and how they begin (ngx_syslog.c).
// Made with the configuration, const afterwards; each thread sends through a SyslogSocket of its own.
#pragma once

#include <sys/socket.h>
#include <sys/types.h>

#include <cstdint>
#include <ctime>
#include <mutex>
#include <string>
#include <string_view>

namespace uringx {

struct SyslogPeer;

// What a datagram begins with, "<190>Nov 22 12:01:00 HOST TAG: " (RFC 3164 section 4.1, ngx_syslog_add_header).
void append_syslog_header(const SyslogPeer& peer, unsigned severity, std::time_t now, std::string& datagram);

// What became of a datagram.
struct SyslogSent {
  enum class Call : std::uint8_t { socket, connect, send };
  ssize_t bytes = 0;      // -1: not sent
  int error_number = 0;   // with -1: 0 when the peer's queue is full, else why `call` failed
  Call call = Call::send;
};

// A socket of one thread, connected at its first use and anew after a failure; a call on it never waits.
class SyslogSocket {
 public:
  SyslogSocket() = default;
  ~SyslogSocket() { close(); }
  SyslogSocket(const SyslogSocket&) = delete;
  SyslogSocket& operator=(const SyslogSocket&) = delete;

  SyslogSent send(const SyslogPeer& peer, std::string_view datagram);

  // Set while an error line is on its way: one about this very socket must not come here again.
  bool busy = false;

 private:
  SyslogSent connect(const SyslogPeer& peer);
  void close();

  int fd_ = -1;
};

struct SyslogPeer {
  sockaddr_storage address{};
  socklen_t address_bytes = 0;
  unsigned facility = 23;  // local7
  unsigned severity = 6;   // info; error lines have that of their level
  std::string tag = "nginx";
  std::string hostname;
  bool with_hostname = true;

  // For the threads that have no LineWriter; a failure's own line may come back here.
  mutable std::recursive_mutex common_mutex;
  mutable SyslogSocket common_socket;
};

}  // namespace uringx
