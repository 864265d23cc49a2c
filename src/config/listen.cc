#include "config/listen.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>

#include <cstring>

namespace uringx {
namespace {

const sockaddr_in& as_ipv4(const SocketAddress& address) {
  return reinterpret_cast<const sockaddr_in&>(address.storage);
}
const sockaddr_in6& as_ipv6(const SocketAddress& address) {
  return reinterpret_cast<const sockaddr_in6&>(address.storage);
}
const sockaddr_un& as_unix(const SocketAddress& address) {
  return reinterpret_cast<const sockaddr_un&>(address.storage);
}

}  // namespace

std::uint16_t SocketAddress::port() const {
  if (family() == AF_INET) return ntohs(as_ipv4(*this).sin_port);
  if (family() == AF_INET6) return ntohs(as_ipv6(*this).sin6_port);
  return 0;
}

bool SocketAddress::wildcard() const {
  if (family() == AF_INET) return as_ipv4(*this).sin_addr.s_addr == INADDR_ANY;
  if (family() == AF_INET6) return IN6_IS_ADDR_UNSPECIFIED(&as_ipv6(*this).sin6_addr);
  return false;
}

std::string SocketAddress::text() const {
  if (family() == AF_INET) return fmt::format("{}:{}", host_text(), port());
  if (family() == AF_INET6) return fmt::format("[{}]:{}", host_text(), port());
  // A peer's unix socket has no path at all, and the kernel then gives no byte of one.
  const std::size_t path_bytes = length - std::min<std::size_t>(length, offsetof(sockaddr_un, sun_path));
  return "unix:" + std::string(as_unix(*this).sun_path, strnlen(as_unix(*this).sun_path, path_bytes));
}

std::string SocketAddress::host_text() const {
  char text[INET6_ADDRSTRLEN] = "";
  if (family() == AF_INET) return inet_ntop(AF_INET, &as_ipv4(*this).sin_addr, text, sizeof text);
  if (family() == AF_INET6) return inet_ntop(AF_INET6, &as_ipv6(*this).sin6_addr, text, sizeof text);
  return "unix:";
}

bool SocketAddress::operator==(const SocketAddress& other) const {
  if (family() != other.family() || port() != other.port()) return false;
  if (family() == AF_INET) return as_ipv4(*this).sin_addr.s_addr == as_ipv4(other).sin_addr.s_addr;
  if (family() == AF_INET6) {
    return std::memcmp(&as_ipv6(*this).sin6_addr, &as_ipv6(other).sin6_addr, sizeof(in6_addr)) == 0;
  }
  return text() == other.text();
}

}  // namespace uringx
