#include "modules/forwarded_address.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <ranges>

#include "modules/value_parsers.h"

namespace uringx {
namespace {

using Family = AddressRange::Family;

constexpr std::array<std::uint8_t, 12> kMapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

std::optional<FoundAddress> parse_address(std::string_view text) {
  if (text.find('/') != std::string_view::npos) return std::nullopt;  // no networks here
  const auto parsed = parse_address_range(text);
  if (!parsed) return std::nullopt;
  return FoundAddress{parsed->range.family, parsed->range.address, 0};
}

constexpr std::string_view kSeparators = " ,";

}  // namespace

FoundAddress address_of(const ClientAddress& client) {
  FoundAddress address;
  if (client.bytes.empty()) return address;
  address.family = client.bytes.size() == 4 ? Family::ipv4 : Family::ipv6;
  std::ranges::copy(client.bytes, address.bytes.begin());
  address.port = client.port;
  return address;
}

const ClientAddress* make_client_address(const FoundAddress& address, Arena& arena) {
  const bool ipv6 = address.family == Family::ipv6;
  const std::size_t size = ipv6 ? 16 : 4;
  char text[INET6_ADDRSTRLEN] = "";
  inet_ntop(ipv6 ? AF_INET6 : AF_INET, address.bytes.data(), text, sizeof(text));
  const std::span<std::uint8_t> bytes = arena.make_array<std::uint8_t>(size);
  std::copy_n(address.bytes.begin(), size, bytes.begin());
  ClientAddress& client = arena.make_array<ClientAddress>(1)[0];
  client = {arena.copy(text), address.port, bytes};
  return &client;
}

std::optional<FoundAddress> parse_address_and_port(std::string_view text) {
  if (auto whole = parse_address(text)) return whole;
  constexpr std::int64_t kPortMax = 65535;
  std::string_view host;
  std::string_view port_text;
  if (text.starts_with('[')) {
    const std::size_t bracket = text.find(']');
    if (bracket == std::string_view::npos || !text.substr(bracket + 1).starts_with(':')) return std::nullopt;
    host = text.substr(1, bracket - 1);
    port_text = text.substr(bracket + 2);
  } else {
    const std::size_t colon = text.find(':');
    if (colon == std::string_view::npos) return std::nullopt;
    host = text.substr(0, colon);
    port_text = text.substr(colon + 1);
  }
  const auto port = parse_number(port_text);
  if (!port || *port < 1 || *port > kPortMax) return std::nullopt;
  auto address = parse_address(host);
  if (address) address->port = static_cast<std::uint16_t>(*port);
  return address;
}

bool is_within(const FoundAddress& address, std::span<const AddressRange> ranges) {
  Family family = address.family;
  const std::uint8_t* bytes = address.bytes.data();
  if (family == Family::ipv6 && std::equal(kMapped.begin(), kMapped.end(), bytes)) {
    family = Family::ipv4;
    bytes += kMapped.size();
  }
  return std::ranges::any_of(ranges, [&](const AddressRange& one) { return one.family == family && one.contains(bytes); });
}

Forwarded forwarded_address(FoundAddress& address, std::string_view text, std::span<const AddressRange> trusted,
                            bool recursive) {
  Forwarded result = Forwarded::untrusted;
  for (;;) {
    const bool found_before = result == Forwarded::found;
    if (!is_within(address, trusted)) return found_before ? Forwarded::found_at_last : Forwarded::untrusted;
    while (text.size() > 1 && kSeparators.contains(text.back())) text.remove_suffix(1);
    const std::size_t separator = text.find_last_of(kSeparators);
    // A first byte is never taken for one, as in nginx: it makes the address a wrong one.
    const std::size_t start = separator == std::string_view::npos || separator == 0 ? 0 : separator + 1;
    const auto parsed = parse_address_and_port(text.substr(start));
    if (!parsed) return found_before ? Forwarded::found_at_last : Forwarded::untrusted;
    address = *parsed;
    result = Forwarded::found;
    if (!recursive || start == 0) return result;
    text = text.substr(0, start - 1);
  }
}

Forwarded forwarded_address(FoundAddress& address, const RequestHead& head, std::span<const AddressRange> trusted,
                            bool recursive) {
  Forwarded result = Forwarded::untrusted;
  for (const HeaderField& field : std::views::reverse(head.fields)) {
    if (known_field(field.name) != KnownField::x_forwarded_for) continue;
    const Forwarded here = forwarded_address(address, field.value, trusted, recursive);
    if (!recursive) return here;
    if (here == Forwarded::untrusted) return result == Forwarded::found ? Forwarded::found_at_last : here;
    if (here == Forwarded::found_at_last) return here;
    result = here;
  }
  return result;
}

std::vector<AddressRange> resolve_host(const std::string& host) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_ADDRCONFIG;
  addrinfo* found = nullptr;
  if (getaddrinfo(host.c_str(), nullptr, &hints, &found) != 0) return {};
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owned(found, freeaddrinfo);
  std::vector<AddressRange> addresses;
  for (const int family : {AF_INET, AF_INET6}) {
    for (const addrinfo* one = found; one != nullptr; one = one->ai_next) {
      if (one->ai_family != family) continue;
      AddressRange& range = addresses.emplace_back();
      const bool ipv6 = family == AF_INET6;
      range.family = ipv6 ? Family::ipv6 : Family::ipv4;
      const void* const raw = ipv6 ? static_cast<const void*>(&reinterpret_cast<const sockaddr_in6*>(one->ai_addr)->sin6_addr)
                                   : static_cast<const void*>(&reinterpret_cast<const sockaddr_in*>(one->ai_addr)->sin_addr);
      const std::size_t size = ipv6 ? 16 : 4;
      std::memcpy(range.address.data(), raw, size);
      std::fill_n(range.mask.begin(), size, std::uint8_t{0xff});
    }
  }
  return addresses;
}

}  // namespace uringx
