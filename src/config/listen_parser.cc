#include "config/listen_parser.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <memory>

namespace uringx {
namespace {

constexpr std::uint16_t kDefaultPort = 80;
constexpr std::int64_t kPortMax = 65535;

using Addresses = std::expected<std::vector<SocketAddress>, std::string>;

struct PortRange {
  std::uint16_t first = kDefaultPort;
  std::uint16_t last = kDefaultPort;
};

void set_port(SocketAddress& address, std::uint16_t port) {
  if (address.family() == AF_INET) reinterpret_cast<sockaddr_in&>(address.storage).sin_port = htons(port);
  if (address.family() == AF_INET6) reinterpret_cast<sockaddr_in6&>(address.storage).sin6_port = htons(port);
}

template <typename T>
SocketAddress make_address(const T& value) {
  SocketAddress address;
  std::memcpy(&address.storage, &value, sizeof value);
  address.length = sizeof value;
  return address;
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
  const auto number = parse_number(text);
  if (!number || *number < 1 || *number > kPortMax) return {};
  return static_cast<std::uint16_t>(*number);
}

// "80" or "80-90".
std::expected<PortRange, std::string> parse_ports(std::string_view text) {
  const std::size_t dash = text.find('-');
  PortRange range;
  std::optional<std::uint16_t> last;
  if (dash != std::string_view::npos) {
    last = parse_port(text.substr(dash + 1));
    if (!last) return std::unexpected("invalid port");
    text = text.substr(0, dash);
  }
  const auto first = parse_port(text);
  if (!first) return std::unexpected("invalid port");
  range.first = *first;
  range.last = last.value_or(*first);
  if (range.first > range.last) return std::unexpected("invalid port range");
  return range;
}

std::vector<SocketAddress> with_ports(const std::vector<SocketAddress>& hosts, const PortRange& ports) {
  std::vector<SocketAddress> addresses;
  for (const SocketAddress& host : hosts) {
    for (std::uint32_t port = ports.first; port <= ports.last; ++port) {
      addresses.push_back(host);
      set_port(addresses.back(), static_cast<std::uint16_t>(port));
    }
  }
  return addresses;
}

// IPv4 first, as nginx orders them (ngx_inet_resolve_host).
Addresses resolve(const std::string& host) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_ADDRCONFIG;
  addrinfo* found = nullptr;
  if (getaddrinfo(host.c_str(), nullptr, &hints, &found) != 0) return std::unexpected("host not found");
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owned(found, freeaddrinfo);
  std::vector<SocketAddress> addresses;
  for (const int family : {AF_INET, AF_INET6}) {
    for (const addrinfo* one = found; one != nullptr; one = one->ai_next) {
      if (one->ai_family != family) continue;
      SocketAddress& address = addresses.emplace_back();
      std::memcpy(&address.storage, one->ai_addr, one->ai_addrlen);
      address.length = one->ai_addrlen;
    }
  }
  if (addresses.empty()) return std::unexpected("host not found");
  return addresses;
}

Addresses parse_unix(std::string_view path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty()) return std::unexpected("no path in the unix domain socket");
  if (path.size() >= sizeof address.sun_path)
    return std::unexpected("too long path in the unix domain socket");
  std::memcpy(address.sun_path, path.data(), path.size());
  return std::vector{make_address(address)};
}

Addresses parse_ipv6(std::string_view text) {
  const std::size_t bracket = text.find(']');
  if (bracket == std::string_view::npos) return std::unexpected("invalid host");
  const std::string_view rest = text.substr(bracket + 1);
  PortRange ports;
  if (rest.find_first_of("/?") != std::string_view::npos) return std::unexpected("invalid host");
  if (!rest.empty()) {
    if (rest.front() != ':') return std::unexpected("invalid host");
    const auto parsed = parse_ports(rest.substr(1));
    if (!parsed) return std::unexpected(parsed.error());
    ports = *parsed;
  }
  const std::string host(text.substr(1, bracket - 1));
  if (host.empty()) return std::unexpected("no host");
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  if (inet_pton(AF_INET6, host.c_str(), &address.sin6_addr) != 1)
    return std::unexpected("invalid IPv6 address");
  return with_ports({make_address(address)}, ports);
}

// A value that can only be a port: "80", "8000-8010". Anything else is a host without a port.
bool looks_like_ports(std::string_view text) {
  const std::size_t dash = text.find('-');
  if (dash == std::string_view::npos) return parse_number(text).has_value();
  return parse_number(text.substr(0, dash)) && parse_number(text.substr(dash + 1));
}

Addresses parse_ipv4_or_host(std::string_view text) {
  if (text.find_first_of("/?") != std::string_view::npos) return std::unexpected("invalid host");
  PortRange ports;
  const std::size_t colon = text.find(':');
  if (colon != std::string_view::npos || looks_like_ports(text)) {
    const auto parsed = parse_ports(colon == std::string_view::npos ? text : text.substr(colon + 1));
    if (!parsed) return std::unexpected(parsed.error());
    ports = *parsed;
    if (colon == std::string_view::npos) return with_ports({any_ipv4(0)}, ports);
  }
  const std::string host(text.substr(0, colon));
  if (host.empty()) return std::unexpected("no host");
  if (host == "*") return with_ports({any_ipv4(0)}, ports);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  if (inet_pton(AF_INET, host.c_str(), &address.sin_addr) == 1)
    return with_ports({make_address(address)}, ports);
  const auto resolved = resolve(host);
  if (!resolved) return std::unexpected(resolved.error());
  return with_ports(*resolved, ports);
}

// ------------------------------------------------------------------------------------------------ parameters

using Option = std::expected<void, Refusal>;

struct OptionInput {
  std::string_view value;  // behind '=', or empty
  std::string_view word;   // whole
  ListenOptions& options;
  std::vector<std::string>& complaints;
};

Option refuse_value(std::string_view name, std::string_view value) {
  return std::unexpected(Refusal{fmt::format("invalid {} \"{}\"", name, value)});
}

// What goes to setsockopt() or listen(): it makes the address a socket of its own.
ListenOptions& socket_option(const OptionInput& in) {
  in.options.set = true;
  in.options.bind = true;
  return in.options;
}

std::optional<int> parse_int(std::string_view text) {
  const auto number = parse_number(text);
  if (!number || *number > std::numeric_limits<int>::max()) return {};
  return static_cast<int>(*number);
}

std::optional<int> parse_buffer_bytes(std::string_view text) {
  const auto bytes = parse_size(text);
  if (!bytes || *bytes > static_cast<std::uint64_t>(std::numeric_limits<int>::max())) return {};
  return static_cast<int>(*bytes);
}

Option set_backlog(const OptionInput& in) {
  const auto number = parse_int(in.value);
  if (!number || *number == 0) return refuse_value("backlog", in.word);
  socket_option(in).backlog = *number;
  return {};
}

Option set_receive_buffer(const OptionInput& in) {
  const auto bytes = parse_buffer_bytes(in.value);
  if (!bytes) return refuse_value("rcvbuf", in.word);
  socket_option(in).receive_buffer_bytes = *bytes;
  return {};
}

Option set_send_buffer(const OptionInput& in) {
  const auto bytes = parse_buffer_bytes(in.value);
  if (!bytes) return refuse_value("sndbuf", in.word);
  socket_option(in).send_buffer_bytes = *bytes;
  return {};
}

Option set_fastopen(const OptionInput& in) {
  const auto number = parse_int(in.value);
  if (!number) return refuse_value("fastopen", in.word);
  socket_option(in).fastopen = *number;
  return {};
}

Option set_ipv6only(const OptionInput& in) {
  if (!in.value.starts_with('o'))
    return std::unexpected(Refusal{fmt::format("invalid parameter \"{}\"", in.word)});
  if (in.value != "on" && in.value != "off") return refuse_value("ipv6only flags", in.value);
  socket_option(in).ipv6only = in.value == "on";
  return {};
}

// on, off, or IDLE:INTERVAL:COUNT of which any may be missing, but not all.
Option set_keepalive(const OptionInput& in) {
  KeepaliveOptions keepalive;
  const auto refuse = [&] {
    return Option(std::unexpected(Refusal{fmt::format("invalid so_keepalive value: \"{}\"", in.value)}));
  };
  if (in.value != "on" && in.value != "off") {
    const std::size_t first = std::min(in.value.find(':'), in.value.size());
    const std::string_view rest = in.value.substr(std::min(first + 1, in.value.size()));
    const std::size_t second = std::min(rest.find(':'), rest.size());
    const std::string_view idle = in.value.substr(0, first);
    const std::string_view interval = rest.substr(0, second);
    const std::string_view count = rest.substr(std::min(second + 1, rest.size()));
    const auto idle_s = idle.empty() ? 0 : parse_seconds(idle);
    const auto interval_s = interval.empty() ? 0 : parse_seconds(interval);
    const auto probes = count.empty() ? 0 : parse_int(count);
    if (!idle_s || !interval_s || !probes) return refuse();
    if (*idle_s == 0 && *interval_s == 0 && *probes == 0) return refuse();
    keepalive = {true, static_cast<int>(*idle_s), static_cast<int>(*interval_s), *probes};
  }
  keepalive.on = in.value != "off";
  socket_option(in).so_keepalive = keepalive;
  return {};
}

Option set_default_server(const OptionInput& in) {
  in.options.default_server = true;
  return {};
}

Option set_bind(const OptionInput& in) {
  socket_option(in);
  return {};
}

Option set_deferred(const OptionInput& in) {
  socket_option(in).deferred = true;
  return {};
}

Option set_reuseport(const OptionInput& in) {
  socket_option(in).reuseport = true;
  return {};
}

Option refuse_accept_filter(const OptionInput& in) {
  in.complaints.push_back(
      fmt::format("accept filters \"{}\" are not supported on this platform, ignored", in.word));
  return {};
}

Option set_ssl(const OptionInput& in) {
  in.options.ssl = true;
  return {};
}

Option set_http2(const OptionInput& in) {
  in.options.http2 = true;
  return {};
}

Option set_proxy_protocol(const OptionInput& in) {
  in.options.proxy_protocol = true;
  return {};
}

struct ParameterRow {
  std::string_view text;  // ends in '=' when a value follows
  Option (*apply)(const OptionInput& in);
};

constexpr ParameterRow kParameters[] = {
    {"default_server", set_default_server},
    {"default", set_default_server},
    {"bind", set_bind},
    {"fastopen=", set_fastopen},
    {"backlog=", set_backlog},
    {"rcvbuf=", set_receive_buffer},
    {"sndbuf=", set_send_buffer},
    {"accept_filter=", refuse_accept_filter},
    {"deferred", set_deferred},
    {"ipv6only=", set_ipv6only},
    {"reuseport", set_reuseport},
    {"so_keepalive=", set_keepalive},
    {"ssl", set_ssl},
    {"http2", set_http2},
    {"proxy_protocol", set_proxy_protocol},
};

}  // namespace

SocketAddress any_ipv4(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  return make_address(address);
}

Addresses parse_listen_address(std::string_view text) {
  constexpr std::string_view kUnix = "unix:";
  if (text.size() >= kUnix.size() && equal_ignore_case(text.substr(0, kUnix.size()), kUnix)) {
    return parse_unix(text.substr(kUnix.size()));
  }
  if (text.starts_with('[')) return parse_ipv6(text);
  return parse_ipv4_or_host(text);
}

std::expected<ParsedListen, Refusal> parse_listen(const Directive& directive,
                                                  std::vector<std::string>& complaints) {
  auto addresses = parse_listen_address(directive.words[1]);
  if (!addresses) {
    return std::unexpected(Refusal{
        fmt::format("{} in \"{}\" of the \"listen\" directive", addresses.error(), directive.words[1])});
  }
  ParsedListen listen;
  // A name may stand for one address twice; a range cannot.
  for (const SocketAddress& address : *addresses) {
    if (std::find(listen.addresses.begin(), listen.addresses.end(), address) == listen.addresses.end()) {
      listen.addresses.push_back(address);
    }
  }
  for (std::size_t i = 2; i < directive.words.size(); ++i) {
    const std::string_view word = directive.words[i];
    const auto known =
        std::find_if(std::begin(kParameters), std::end(kParameters), [&](const ParameterRow& row) {
          return row.text.ends_with('=') ? word.starts_with(row.text) : word == row.text;
        });
    if (known == std::end(kParameters)) {
      return std::unexpected(Refusal{fmt::format("invalid parameter \"{}\"", word)});
    }
    const std::string_view value =
        known->text.ends_with('=') ? word.substr(known->text.size()) : std::string_view();
    if (auto applied = known->apply({value, word, listen.options, complaints}); !applied) {
      return std::unexpected(std::move(applied.error()));
    }
  }
  return listen;
}

}  // namespace uringx
