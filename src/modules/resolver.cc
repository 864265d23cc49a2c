#include "modules/resolver.h"

#include <fmt/format.h>
#include <sys/un.h>

#include <optional>

#include "modules/forwarded_address.h"
#include "modules/value_parsers.h"

namespace uringx {
namespace {

bool is_port(std::string_view text) {
  constexpr std::int64_t kPortMax = 65535;
  const auto port = parse_number(text);
  return port && *port >= 1 && *port <= kPortMax;
}

// What is wrong with the address of a name server; nothing: it is good (ngx_parse_url).
using Fault = std::optional<std::string_view>;

Fault check_unix(std::string_view path) {
  if (path.empty()) return "no path in the unix domain socket";
  if (path.size() >= sizeof(sockaddr_un::sun_path)) return "too long path in the unix domain socket";
  return std::nullopt;
}

Fault check_ipv6(std::string_view text) {
  const std::size_t bracket = text.find(']');
  if (bracket == std::string_view::npos) return "invalid host";
  const std::string_view rest = text.substr(bracket + 1);
  if (rest.find('/') != std::string_view::npos || (!rest.empty() && rest.front() != ':')) return "invalid host";
  if (!rest.empty() && !is_port(rest.substr(1))) return "invalid port";
  const std::string_view host = text.substr(1, bracket - 1);
  if (host.empty()) return "no host";
  const auto address = parse_address_and_port(host);
  if (!address || address->family != AddressRange::Family::ipv6) return "invalid IPv6 address";
  return std::nullopt;
}

Fault check_host(std::string_view text) {
  if (text.find_first_of("/?") != std::string_view::npos) return "invalid host";
  const std::size_t colon = text.find(':');
  if (colon != std::string_view::npos && !is_port(text.substr(colon + 1))) return "invalid port";
  const std::string_view host = text.substr(0, colon);
  if (host.empty()) return "no host";
  if (parse_address_range(host)) return std::nullopt;
  if (resolve_host(std::string(host)).empty()) return "host not found";
  return std::nullopt;
}

Fault check_server(std::string_view text) {
  constexpr std::string_view kUnix = "unix:";
  if (equal_ignore_case(text.substr(0, kUnix.size()), kUnix)) return check_unix(text.substr(kUnix.size()));
  return text.starts_with('[') ? check_ipv6(text) : check_host(text);
}

// "on" or "off" of a parameter.
std::optional<bool> parse_switch(std::string_view word) {
  if (word == "on") return true;
  if (word == "off") return false;
  return std::nullopt;
}

}  // namespace

Applied check_resolver(BuildContext&, const Directive& directive, Settings& settings) {
  constexpr std::string_view kValid = "valid=";
  constexpr std::string_view kIpv4 = "ipv4=";
  constexpr std::string_view kIpv6 = "ipv6=";
  const auto refuse = [](std::string message) { return Applied(std::unexpected(Refusal{std::move(message)})); };
  if (!settings.note_first("resolver")) return std::unexpected(Refusal::directive("is duplicate"));
  bool ipv4 = true;
  bool ipv6 = true;
  std::size_t servers = 0;
  for (std::size_t i = 1; i < directive.words.size(); ++i) {
    const std::string_view word = until_nul(directive.words[i]);
    const auto invalid = [&] { return refuse(fmt::format("invalid parameter: {}", directive.words[i])); };
    if (word.starts_with(kValid)) {
      if (!parse_seconds(word.substr(kValid.size()))) return invalid();
    } else if (word.starts_with(kIpv4) || word.starts_with(kIpv6)) {
      const auto value = parse_switch(word.substr(kIpv4.size()));
      if (!value) return invalid();
      (word.starts_with(kIpv4) ? ipv4 : ipv6) = *value;
    } else if (const Fault fault = check_server(word)) {
      return refuse(fmt::format("{} in resolver \"{}\"", *fault, directive.words[i]));
    } else {
      ++servers;
    }
  }
  if (!ipv4 && !ipv6) return refuse("\"ipv4\" and \"ipv6\" cannot both be \"off\"");
  if (servers == 0) return refuse("no name servers defined");
  return {};
}

}  // namespace uringx
