#include "tls/ocsp_responder.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netdb.h>
#include <openssl/x509v3.h>
#include <strings.h>

#include <charconv>
#include <cstring>
#include <memory>

namespace uringx {
namespace {

constexpr std::string_view kHttp = "http://";

template <typename Address>
OcspAddress wrap(const Address& address) {
  OcspAddress wrapped;
  std::memcpy(&wrapped.storage, &address, sizeof(address));
  wrapped.length = sizeof(address);
  return wrapped;
}

std::expected<std::uint16_t, std::string_view> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc() || end != text.data() + text.size() || port == 0) return std::unexpected("invalid port");
  return port;
}

// The error is why it is none.
std::expected<OcspResponder, std::string_view> parse(std::string_view url) {
  OcspResponder responder;
  const std::size_t path = url.find_first_of("/?");
  std::string_view authority = url.substr(0, path);
  if (path != std::string_view::npos) responder.path = url.substr(path);
  if (!responder.path.starts_with('/')) responder.path.insert(0, "/");
  const std::size_t bracket = authority.starts_with('[') ? authority.find(']') : 0;
  if (bracket == std::string_view::npos) return std::unexpected("invalid host");
  const std::size_t colon = authority.find(':', bracket);
  if (colon != std::string_view::npos) {
    const auto port = parse_port(authority.substr(colon + 1));
    if (!port) return std::unexpected(port.error());
    responder.port = *port;
    authority = authority.substr(0, colon);
  }
  responder.host = bracket != 0 ? authority.substr(1, bracket - 1) : authority;
  if (responder.host.empty()) return std::unexpected("no host");
  return responder;
}

}  // namespace

std::string OcspAddress::text() const {
  char host[INET6_ADDRSTRLEN] = {};
  if (storage.ss_family == AF_INET6) {
    const auto& in6 = reinterpret_cast<const sockaddr_in6&>(storage);
    inet_ntop(AF_INET6, &in6.sin6_addr, host, sizeof(host));
    return fmt::format("[{}]:{}", host, ntohs(in6.sin6_port));
  }
  const auto& in = reinterpret_cast<const sockaddr_in&>(storage);
  inet_ntop(AF_INET, &in.sin_addr, host, sizeof(host));
  return fmt::format("{}:{}", host, ntohs(in.sin_port));
}

std::vector<OcspAddress> OcspResponder::numeric_address() const {
  sockaddr_in in{};
  in.sin_family = AF_INET;
  in.sin_port = htons(port);
  if (inet_pton(AF_INET, host.c_str(), &in.sin_addr) == 1) return {wrap(in)};
  sockaddr_in6 in6{};
  in6.sin6_family = AF_INET6;
  in6.sin6_port = htons(port);
  if (inet_pton(AF_INET6, host.c_str(), &in6.sin6_addr) == 1) return {wrap(in6)};
  return {};
}

std::expected<OcspResponder, std::string> parse_ocsp_responder(std::string_view url) {
  if (url.size() <= kHttp.size() || strncasecmp(url.data(), kHttp.data(), kHttp.size()) != 0)
    return std::unexpected(fmt::format("invalid URL prefix in OCSP responder \"{}\"", url));
  url.remove_prefix(kHttp.size());
  auto responder = parse(url);
  if (!responder) return std::unexpected(fmt::format("{} in OCSP responder \"{}\"", responder.error(), url));
  return std::move(*responder);
}

std::string ocsp_host_not_found(std::string_view url) {
  return fmt::format("host not found in OCSP responder \"{}\"", url.substr(kHttp.size()));
}

std::string ocsp_responder_in(X509* certificate) {
  STACK_OF(OPENSSL_STRING)* const urls = X509_get1_ocsp(certificate);
  if (urls == nullptr) return {};
  const char* const first = sk_OPENSSL_STRING_value(urls, 0);
  std::string url = first == nullptr ? "" : first;
  X509_email_free(urls);
  return url;
}

std::expected<std::vector<OcspAddress>, int> look_up(const OcspResponder& responder) {
  std::vector<OcspAddress> addresses = responder.numeric_address();
  if (!addresses.empty()) return addresses;
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int result = getaddrinfo(responder.host.c_str(), fmt::format("{}", responder.port).c_str(), &hints, &found);
  if (result != 0) return std::unexpected(result);
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owned(found, freeaddrinfo);
  for (const addrinfo* one = found; one != nullptr; one = one->ai_next) {
    OcspAddress& address = addresses.emplace_back();
    std::memcpy(&address.storage, one->ai_addr, one->ai_addrlen);
    address.length = one->ai_addrlen;
  }
  return addresses;
}

}  // namespace uringx
