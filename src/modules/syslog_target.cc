#include "modules/syslog_target.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <climits>
#include <cstring>
#include <optional>
#include <string>

namespace uringx {
namespace {

constexpr std::uint16_t kSyslogPort = 514;
constexpr std::size_t kTagBytesMax = 32;  // RFC 3164 section 4.1.3

constexpr std::string_view kFacilities[] = {"kern",   "user",   "mail",   "daemon", "auth",   "intern", "lpr",    "news",
                                            "uucp",   "clock",  "authpriv", "ftp",  "ntp",    "audit",  "alert",  "cron",
                                            "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7"};
constexpr std::string_view kSeverities[] = {"emerg", "alert", "crit", "error", "warn", "notice", "info", "debug"};

std::unexpected<Refusal> refuse(std::string message) { return std::unexpected(Refusal{std::move(message)}); }
std::string quoted(std::string_view text) { return "\"" + std::string(text) + "\""; }

// --- addresses --------------------------------------------------------------------------------------------------

using ParsedAddress = std::expected<ServerAddress, std::string_view>;

ParsedAddress unix_address(std::string_view path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty()) return std::unexpected("no path in the unix domain socket");
  if (path.size() >= sizeof(address.sun_path)) return std::unexpected("too long path in the unix domain socket");
  path.copy(address.sun_path, path.size());
  ServerAddress result{.address = {}, .bytes = sizeof(address)};
  std::memcpy(&result.address, &address, sizeof(address));
  return result;
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
  const auto number = parse_number(text);
  if (!number || *number < 1 || *number > 65535) return std::nullopt;
  return static_cast<std::uint16_t>(*number);
}

ParsedAddress ipv6_address(std::string_view text, std::uint16_t port) {
  const std::size_t end = text.find(']');
  if (end == std::string_view::npos) return std::unexpected("invalid host");
  const std::string host(text.substr(1, end - 1));
  std::string_view rest = text.substr(end + 1);
  if (rest.find('/') != std::string_view::npos) return std::unexpected("invalid host");
  if (!rest.empty()) {
    if (rest[0] != ':') return std::unexpected("invalid host");
    const auto given = parse_port(rest.substr(1));
    if (!given) return std::unexpected("invalid port");
    port = *given;
  }
  if (host.empty()) return std::unexpected("no host");
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  address.sin6_port = htons(port);
  if (inet_pton(AF_INET6, host.c_str(), &address.sin6_addr) != 1) return std::unexpected("invalid IPv6 address");
  ServerAddress result{.address = {}, .bytes = sizeof(address)};
  std::memcpy(&result.address, &address, sizeof(address));
  return result;
}

// ngx_inet_resolve_host: the first address of either family.
ParsedAddress resolve(const std::string& host, std::uint16_t port) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_ADDRCONFIG;
  addrinfo* found = nullptr;
  if (getaddrinfo(host.c_str(), nullptr, &hints, &found) != 0) return std::unexpected("host not found");
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner(found, freeaddrinfo);
  while (found != nullptr && found->ai_family != AF_INET && found->ai_family != AF_INET6) found = found->ai_next;
  if (found == nullptr) return std::unexpected("host not found");
  ServerAddress result{.address = {}, .bytes = found->ai_addrlen};
  std::memcpy(&result.address, found->ai_addr, found->ai_addrlen);
  if (found->ai_family == AF_INET) reinterpret_cast<sockaddr_in&>(result.address).sin_port = htons(port);
  if (found->ai_family == AF_INET6) reinterpret_cast<sockaddr_in6&>(result.address).sin6_port = htons(port);
  return result;
}

// --- the words --------------------------------------------------------------------------------------------------

// What has been read so far: a word may come once.
struct Words {
  std::optional<ServerAddress> server;
  std::optional<unsigned> facility;
  std::optional<unsigned> severity;
  std::optional<std::string> tag;
  bool with_hostname = true;
};

Applied read_server(std::string_view text, Words& words) {
  if (words.server) return refuse("duplicate syslog \"server\"");
  const auto address = parse_server_address(text, kSyslogPort);
  if (!address) return refuse(std::string(address.error()) + " in syslog server " + quoted(text));
  words.server = *address;
  return {};
}

Applied read_name(std::string_view kind, std::string_view name, std::span<const std::string_view> names,
                  std::optional<unsigned>& value) {
  if (value) return refuse("duplicate syslog " + quoted(kind));
  const auto found = std::ranges::find(names, name);
  if (found == names.end()) return refuse("unknown syslog " + std::string(kind) + " " + quoted(name));
  value = static_cast<unsigned>(found - names.begin());
  return {};
}

Applied read_tag(std::string_view tag, Words& words) {
  if (words.tag) return refuse("duplicate syslog \"tag\"");
  if (tag.size() > kTagBytesMax) return refuse("syslog tag length exceeds 32");
  // nginx compares with '0', '9', 'a', 'z' and '_' only, after making letters small.
  const auto allowed = [](char c) { return is_alpha(c) || is_digit(c) || c == '_'; };
  if (!std::ranges::all_of(tag, allowed)) {
    return refuse("syslog \"tag\" only allows alphanumeric characters and underscore");
  }
  words.tag = tag;
  return {};
}

Applied read_word(std::string_view word, Words& words) {
  const auto after = [word](std::string_view name) { return word.substr(name.size()); };
  if (word.starts_with("server=")) return read_server(after("server="), words);
  if (word.starts_with("facility=")) return read_name("facility", after("facility="), kFacilities, words.facility);
  if (word.starts_with("severity=")) return read_name("severity", after("severity="), kSeverities, words.severity);
  if (word.starts_with("tag=")) return read_tag(after("tag="), words);
  if (word == "nohostname") {
    words.with_hostname = false;
    return {};
  }
  return refuse("unknown syslog parameter " + quoted(word));
}

std::string own_hostname() {
  char name[HOST_NAME_MAX + 1] = {};
  gethostname(name, sizeof(name) - 1);
  std::string lower = name;
  std::ranges::transform(lower, lower.begin(), ascii_lower);
  return lower;
}

}  // namespace

std::expected<ServerAddress, std::string_view> parse_server_address(std::string_view text, std::uint16_t port) {
  constexpr std::string_view kUnix = "unix:";
  if (text.size() >= kUnix.size() && equal_ignore_case(text.substr(0, kUnix.size()), kUnix)) {
    return unix_address(text.substr(kUnix.size()));
  }
  if (text.starts_with('[')) return ipv6_address(text, port);
  if (text.find_first_of("/?") != std::string_view::npos) return std::unexpected("invalid host");
  std::string_view host = text;
  if (const std::size_t colon = text.find(':'); colon != std::string_view::npos) {
    const auto given = parse_port(text.substr(colon + 1));
    if (!given) return std::unexpected("invalid port");
    port = *given;
    host = text.substr(0, colon);
  }
  if (host.empty()) return std::unexpected("no host");
  return resolve(std::string(host), port);
}

std::expected<std::shared_ptr<const SyslogPeer>, Refusal> parse_syslog_target(std::string_view target) {
  std::string_view rest = target.substr(kSyslogPrefix.size());
  Words words;
  for (;;) {
    const std::size_t comma = rest.find(',');
    if (Applied read = read_word(rest.substr(0, comma), words); !read) return std::unexpected(std::move(read.error()));
    if (comma == std::string_view::npos) break;
    rest.remove_prefix(comma + 1);
  }
  if (!words.server) return refuse("no syslog server specified");
  auto peer = std::make_shared<SyslogPeer>();
  peer->address = words.server->address;
  peer->address_bytes = words.server->bytes;
  peer->facility = words.facility.value_or(peer->facility);
  peer->severity = words.severity.value_or(peer->severity);
  peer->tag = words.tag.value_or(peer->tag);
  peer->with_hostname = words.with_hostname;
  peer->hostname = own_hostname();
  return peer;
}

}  // namespace uringx
