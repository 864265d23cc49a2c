#include "base/syslog.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <iterator>

namespace uringx {
namespace {

constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

// "Nov  6 08:49:37", in local time. One for each thread: a second's text serves all its lines.
class TimeText {
 public:
  std::string_view at(std::time_t now) {
    if (now == second_) return text_;
    std::tm local{};
    localtime_r(&now, &local);
    text_ = fmt::format("{} {:2} {:02}:{:02}:{:02}", kMonths[local.tm_mon], local.tm_mday, local.tm_hour, local.tm_min,
                        local.tm_sec);
    second_ = now;
    return text_;
  }

 private:
  std::time_t second_ = -1;
  std::string text_;
};

}  // namespace

void append_syslog_header(const SyslogPeer& peer, unsigned severity, std::time_t now, std::string& datagram) {
  thread_local TimeText time_text;
  fmt::format_to(std::back_inserter(datagram), "<{}>{} ", peer.facility * 8 + severity, time_text.at(now));
  if (peer.with_hostname) datagram.append(peer.hostname).append(" ");
  datagram.append(peer.tag).append(": ");
}

SyslogSent SyslogSocket::send(const SyslogPeer& peer, std::string_view datagram) {
  if (fd_ < 0) {
    if (const SyslogSent connected = connect(peer); connected.bytes < 0) return connected;
  }
  for (;;) {
    const ssize_t sent = ::send(fd_, datagram.data(), datagram.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent >= 0) return {.bytes = sent};
    if (errno == EINTR) continue;
    if (errno == EAGAIN || errno == EWOULDBLOCK) return {.bytes = -1};
    const int error_number = errno;
    close();
    return {-1, error_number, SyslogSent::Call::send};
  }
}

SyslogSent SyslogSocket::connect(const SyslogPeer& peer) {
  fd_ = socket(peer.address.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd_ < 0) return {-1, errno, SyslogSent::Call::socket};
  if (::connect(fd_, reinterpret_cast<const sockaddr*>(&peer.address), peer.address_bytes) == 0) return {};
  const int error_number = errno;
  close();
  return {-1, error_number, SyslogSent::Call::connect};
}

void SyslogSocket::close() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

}  // namespace uringx
