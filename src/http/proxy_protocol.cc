#include "http/proxy_protocol.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <span>

#include "http/ascii.h"

namespace uringx {
namespace {

using Status = ProxyProtocolStatus;

constexpr std::string_view kLinePrefix = "PROXY ";
constexpr std::string_view kUnknown = "UNKNOWN";
constexpr std::string_view kSignature{"\r\n\r\n\0\r\nQUIT\n", 12};
constexpr std::size_t kFixedBytes = 16;  // of version 2: signature, version and command, family and transport, length

std::uint16_t big_endian_16(std::string_view bytes) {
  return static_cast<std::uint16_t>(static_cast<unsigned char>(bytes[0]) << 8 | static_cast<unsigned char>(bytes[1]));
}

// What is there of `text` begins `expected`, or the other way round.
bool agrees(std::string_view text, std::string_view expected) {
  const std::size_t common = std::min(text.size(), expected.size());
  return text.substr(0, common) == expected.substr(0, common);
}

// --- version 1: "PROXY TCP4 1.2.3.4 5.6.7.8 1111 80\r\n" ------------------------------------------------------------

// Takes the line apart, word by word; the first word that is not whole, or wrong, settles the status.
class LineReader {
 public:
  explicit LineReader(std::string_view rest) : rest_(rest) {}

  // Unless an earlier word failed.
  bool literal(std::string_view expected) {
    if (failed_) return false;
    if (!agrees(rest_, expected)) return fail(Status::broken);
    if (rest_.size() < expected.size()) return fail(Status::need_more);
    rest_.remove_prefix(expected.size());
    return true;
  }

  // Any text of the characters that addresses have, and the blank after it.
  std::string_view address() {
    const auto allowed = [](char c) {
      return c == ':' || c == '.' || is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
    };
    const std::string_view word = take_while(allowed);
    literal(" ");
    return word;
  }

  std::uint16_t port(std::string_view separator) {
    constexpr unsigned kPortMax = 65535;
    const std::string_view word = take_while(is_digit);
    unsigned number = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
    if (!failed_ && !word.empty() && (error != std::errc() || number > kPortMax)) fail(Status::broken);
    if (!failed_ && word.empty() && !rest_.empty()) fail(Status::broken);
    literal(separator);
    return static_cast<std::uint16_t>(number);
  }

  Status status() const { return failed_ ? status_ : Status::done; }
  std::string_view rest() const { return rest_; }

 private:
  bool fail(Status status) {
    failed_ = true;
    status_ = status;
    return false;
  }

  template <typename Allowed>
  std::string_view take_while(Allowed allowed) {
    if (failed_) return {};
    const auto end = std::find_if_not(rest_.begin(), rest_.end(), allowed);
    const std::string_view word = rest_.substr(0, static_cast<std::size_t>(end - rest_.begin()));
    rest_.remove_prefix(word.size());
    return word;
  }

  std::string_view rest_;
  bool failed_ = false;
  Status status_ = Status::done;
};

ProxyProtocolReading read_unknown(std::string_view bytes, std::size_t start) {
  const std::size_t end = bytes.find("\r\n", start);
  if (end == std::string_view::npos) return {};
  return {.status = Status::done, .used_bytes = end + 2, .header = {}};
}

ProxyProtocolReading read_line(std::string_view bytes) {
  const std::string_view protocol = bytes.substr(std::min(kLinePrefix.size(), bytes.size()));
  if (protocol.starts_with(kUnknown)) return read_unknown(bytes, kLinePrefix.size() + kUnknown.size());
  if (!protocol.empty() && agrees(protocol, kUnknown)) return {};

  LineReader line(bytes);
  ProxyProtocolHeader header;
  line.literal(kLinePrefix);
  line.literal("TCP");
  line.literal(line.rest().starts_with('6') ? "6 " : "4 ");
  header.source_addr = line.address();
  header.destination_addr = line.address();
  header.source_port = line.port(" ");
  header.destination_port = line.port("\r");
  line.literal("\n");
  if (line.status() != Status::done) return {.status = line.status(), .header = {}};
  return {.status = Status::done, .used_bytes = bytes.size() - line.rest().size(), .header = std::move(header)};
}

// --- version 2: signature, version and command, family and transport, length, addresses, TLVs -----------------------

std::string address_text(int family, std::string_view bytes) {
  char text[INET6_ADDRSTRLEN] = "";
  inet_ntop(family, bytes.data(), text, sizeof(text));
  return text;
}

ProxyProtocolReading read_binary(std::string_view bytes, std::size_t bytes_max) {
  constexpr unsigned kVersion = 2;
  constexpr unsigned kCommandProxy = 1;
  constexpr unsigned kTransportStream = 1;
  if (bytes.size() < kFixedBytes) return {};
  const unsigned version = static_cast<unsigned char>(bytes[12]) >> 4u;
  const unsigned command = static_cast<unsigned char>(bytes[12]) & 0xfu;
  const unsigned family = static_cast<unsigned char>(bytes[13]) >> 4u;
  const unsigned transport = static_cast<unsigned char>(bytes[13]) & 0xfu;
  const std::size_t length = big_endian_16(bytes.substr(14));
  if (version != kVersion) return {.status = Status::wrong_version, .version = version, .header = {}};
  if (kFixedBytes + length > bytes_max) return {.status = Status::too_large, .header = {}};
  if (bytes.size() < kFixedBytes + length) return {};

  ProxyProtocolReading reading{.status = Status::done, .used_bytes = kFixedBytes + length, .header = {}};
  const bool known_family = family == 1 || family == 2;
  if (command != kCommandProxy || transport != kTransportStream || !known_family) return reading;
  const std::string_view rest = bytes.substr(kFixedBytes, length);
  const std::size_t address_bytes = family == 1 ? 4 : 16;
  const std::size_t all_bytes = 2 * address_bytes + 4;
  if (rest.size() < all_bytes) return {.status = Status::no_addresses, .header = {}};
  const int socket_family = family == 1 ? AF_INET : AF_INET6;
  reading.header = ProxyProtocolHeader{.source_addr = address_text(socket_family, rest),
                                       .destination_addr = address_text(socket_family, rest.substr(address_bytes)),
                                       .source_port = big_endian_16(rest.substr(2 * address_bytes)),
                                       .destination_port = big_endian_16(rest.substr(2 * address_bytes + 2)),
                                       .tlvs = std::string(rest.substr(all_bytes))};
  return reading;
}

// --- TLVs: a byte of type, two of length, the value ----------------------------------------------------------------

using Found = std::expected<std::optional<std::string>, std::string>;

struct TlvName {
  std::string_view name;
  unsigned type;
};

constexpr unsigned kTlvSsl = 0x20;
constexpr TlvName kTlvNames[] = {
    {"alpn", 0x01}, {"authority", 0x02}, {"unique_id", 0x05}, {"ssl", kTlvSsl}, {"netns", 0x30}};
constexpr TlvName kSslTlvNames[] = {
    {"version", 0x21}, {"cn", 0x22}, {"cipher", 0x23}, {"sig_alg", 0x24}, {"key_alg", 0x25}};

Found find_type(std::string_view tlvs, unsigned type) {
  constexpr std::size_t kHeadBytes = 3;
  while (!tlvs.empty()) {
    if (tlvs.size() < kHeadBytes) return std::unexpected("broken PROXY protocol TLV");
    const auto here = static_cast<unsigned char>(tlvs[0]);
    const std::size_t length = big_endian_16(tlvs.substr(1));
    tlvs.remove_prefix(kHeadBytes);
    if (tlvs.size() < length) return std::unexpected("broken PROXY protocol TLV");
    if (here == type) return std::string(tlvs.substr(0, length));
    tlvs.remove_prefix(length);
  }
  return std::nullopt;
}

// The type that `name` stands for among `names`, or as a hexadecimal number.
std::expected<unsigned, std::string> type_of(std::string_view name, std::span<const TlvName> names,
                                             std::string_view whole_name) {
  if (name.starts_with("0x")) {
    unsigned type = 0;
    const char* const last = name.data() + name.size();
    const auto [end, error] = std::from_chars(name.data() + 2, last, type, 16);
    if (error != std::errc() || end != last) {
      return std::unexpected(fmt::format("invalid PROXY protocol TLV \"{}\"", whole_name));
    }
    return type;
  }
  const auto known = std::ranges::find(names, name, &TlvName::name);
  if (known == names.end()) return std::unexpected(fmt::format("unknown PROXY protocol TLV \"{}\"", whole_name));
  return known->type;
}

}  // namespace

ProxyProtocolReading read_proxy_protocol(std::string_view bytes, std::size_t bytes_max) {
  ProxyProtocolReading reading;
  if (agrees(bytes, kSignature)) {
    reading = read_binary(bytes, bytes_max);
  } else if (agrees(bytes, kLinePrefix)) {
    reading = read_line(bytes);
    if (reading.status == Status::done && reading.used_bytes > bytes_max) reading = {.status = Status::broken, .header = {}};
  } else {
    reading.status = Status::broken;
  }
  if (reading.status == Status::need_more && bytes.size() >= bytes_max) reading.status = Status::broken;
  return reading;
}

std::string proxy_protocol_error(const ProxyProtocolReading& reading, std::string_view bytes) {
  switch (reading.status) {
    case Status::done:
    case Status::no_addresses: return {};
    case Status::need_more:
    case Status::broken: return fmt::format("broken header: \"{}\"", bytes.substr(0, bytes.find_first_of("\r\n")));
    case Status::wrong_version: return fmt::format("unknown PROXY protocol version: {}", reading.version);
    case Status::too_large: return "header is too large";
  }
  return {};
}

Found find_tlv(const ProxyProtocolHeader& header, std::string_view name) {
  constexpr std::string_view kSslPrefix = "ssl_";
  constexpr std::size_t kSslHeadBytes = 5;  // what the client did, and how its certificate was found
  if (!name.starts_with(kSslPrefix)) {
    const auto type = type_of(name, kTlvNames, name);
    if (!type) return std::unexpected(type.error());
    return find_type(header.tlvs, *type);
  }
  const Found ssl = find_type(header.tlvs, kTlvSsl);
  if (!ssl || !ssl->has_value()) return ssl;
  const std::string_view value = **ssl;
  if (value.size() < kSslHeadBytes) return std::unexpected("");
  const std::string_view sub_name = name.substr(kSslPrefix.size());
  if (sub_name == "verify") {
    const std::uint32_t verify = std::uint32_t{big_endian_16(value.substr(1))} << 16 | big_endian_16(value.substr(3));
    return fmt::format("{}", verify);
  }
  const auto type = type_of(sub_name, kSslTlvNames, name);
  if (!type) return std::unexpected(type.error());
  return find_type(value.substr(kSslHeadBytes), *type);
}

}  // namespace uringx
