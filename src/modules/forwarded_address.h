// The addresses that proxies pass on in a header field, believed as far as the proxies are trusted
// (ngx_http_get_forwarded_addr): for realip and geo. Pure.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "modules/access.h"
#include "modules/request.h"

namespace uringx {

struct FoundAddress {
  AddressRange::Family family = AddressRange::Family::unix_socket;
  std::array<std::uint8_t, 16> bytes{};  // network order; ipv4 in the first 4
  std::uint16_t port = 0;
};

FoundAddress address_of(const ClientAddress& client);
// In the arena, with its text.
const ClientAddress* make_client_address(const FoundAddress& address, Arena& arena);

// "1.2.3.4", "::1", "1.2.3.4:80", "[::1]:80" (ngx_parse_addr_port).
std::optional<FoundAddress> parse_address_and_port(std::string_view text);

// The address is in one of the ranges; an IPv4 address inside an IPv6 one counts as IPv4 (ngx_cidr_match).
bool is_within(const FoundAddress& address, std::span<const AddressRange> ranges);

// untrusted: `address` is as it was. found: it was replaced. found_at_last: replaced, and nothing before it counts.
enum class Forwarded : std::uint8_t { untrusted, found, found_at_last };

// Replaces `address`, the sender's, by the last one of `text` if the sender is a trusted proxy; with `recursive` goes on
// from right to left for as long as what is found is a trusted proxy again.
Forwarded forwarded_address(FoundAddress& address, std::string_view text, std::span<const AddressRange> trusted, bool recursive);

// The same over all X-Forwarded-For fields, from the last one.
Forwarded forwarded_address(FoundAddress& address, const RequestHead& head, std::span<const AddressRange> trusted, bool recursive);

// The addresses of a host name, IPv4 first (ngx_inet_resolve_host); none: not found. For the build only: it may wait.
std::vector<AddressRange> resolve_host(const std::string& host);

}  // namespace uringx
