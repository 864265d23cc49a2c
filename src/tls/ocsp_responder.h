// OcspResponder is where an authority answers questions about its certificates: what a URL says, and its addresses.
// Values, used on any thread.
#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

struct x509_st;

namespace uringx {

struct OcspAddress {
  sockaddr_storage storage{};
  socklen_t length = 0;
  std::string text() const;  // "127.0.0.1:80", "[::1]:80"
};

struct OcspResponder {
  std::string host;  // a name or an address; one of IPv6 without its brackets
  std::uint16_t port = 80;
  std::string path = "/";

  // The address that `host` is; nothing when it is a name.
  std::vector<OcspAddress> numeric_address() const;
};

// "http://HOST[:PORT][/PATH]" (ngx_parse_url). The error is the first part of a message:
// `invalid port in OCSP responder "127.0.0.1:0"`.
std::expected<OcspResponder, std::string> parse_ocsp_responder(std::string_view url);

// The same where its name has no address.
std::string ocsp_host_not_found(std::string_view url);

// The first URL that a certificate names (RFC 5280 section 4.2.2.1); empty: none.
std::string ocsp_responder_in(x509_st* certificate);

// The addresses of the responder, or getaddrinfo()'s error. Waits for name servers: not on a worker.
std::expected<std::vector<OcspAddress>, int> look_up(const OcspResponder& responder);

}  // namespace uringx
