#include "modules/realip.h"

#include <fmt/format.h>

#include <algorithm>

#include "http/proxy_protocol.h"
#include "modules/build_context.h"
#include "modules/forwarded_address.h"
#include "modules/variables.h"

namespace uringx {
namespace {

using Kind = RealipSettings::Source::Kind;

Applied apply_from(BuildContext& context, const Directive& directive, Settings& settings) {
  const std::string& text = directive.words[1];
  auto& from = static_cast<RealipSettings&>(settings).from;
  if (until_nul(text) == "unix:") {
    from.amend().push_back({.family = AddressRange::Family::unix_socket});
    return {};
  }
  if (const auto parsed = parse_address_range(text)) {
    if (parsed->low_bits_meaningless) context.warn(fmt::format("low address bits of {} are meaningless", text));
    from.amend().push_back(parsed->range);
    return {};
  }
  const std::vector<AddressRange> addresses = resolve_host(std::string(until_nul(text)));
  if (addresses.empty()) return std::unexpected(Refusal{fmt::format("host not found in set_real_ip_from \"{}\"", text)});
  std::ranges::copy(addresses, std::back_inserter(from.amend()));
  return {};
}

Applied apply_header(BuildContext&, const Directive& directive, Settings& settings) {
  auto& source = static_cast<RealipSettings&>(settings).source;
  if (source.is_set()) return std::unexpected(Refusal::directive("is duplicate"));
  const std::string& word = directive.words[1];
  if (word == "X-Real-IP") {
    source.set({Kind::x_real_ip, {}});
  } else if (word == "X-Forwarded-For") {
    source.set({Kind::x_forwarded_for, {}});
  } else if (word == "proxy_protocol") {
    source.set({Kind::proxy_protocol, {}});
  } else {
    source.set({Kind::field, word});
  }
  return {};
}

constexpr DirectiveRow kRows[] = {
    custom_row<&RealipSettings::from>("set_real_ip_from", kHttpServerLocation, kTake1, apply_from),
    custom_row<&RealipSettings::source>("real_ip_header", kHttpServerLocation, kTake1, apply_header),
    value_row<&RealipSettings::recursive>("real_ip_recursive", kHttpServerLocation),
};

// From one text: its last address, or with `recursive` the last one that is no trusted proxy's.
bool find_in(std::string_view text, const RealipSettings& settings, FoundAddress& client) {
  return forwarded_address(client, text, *settings.from, *settings.recursive) != Forwarded::untrusted;
}

bool find_client(const Request& request, const RealipSettings& settings, FoundAddress& client) {
  switch (settings.source->kind) {
    case Kind::x_real_ip: {
      const HeaderField* field = request.head.find(KnownField::x_real_ip);
      return field != nullptr && find_in(field->value, settings, client);
    }
    case Kind::x_forwarded_for: {
      if (request.head.find(KnownField::x_forwarded_for) == nullptr) return false;
      return forwarded_address(client, request.head, *settings.from, *settings.recursive) != Forwarded::untrusted;
    }
    case Kind::proxy_protocol: {
      const ProxyProtocolHeader* header = request.connection.proxy_protocol;
      if (header == nullptr || !find_in(header->source_addr, settings, client)) return false;
      client.port = header->source_port;
      return true;
    }
    case Kind::field: {
      const HeaderField* field = request.head.find(settings.source->field);
      return field != nullptr && find_in(field->value, settings, client);
    }
  }
  return false;
}

std::optional<std::string_view> get_remote_addr(Request& request, std::string_view) { return request.connection.peer.text; }

std::optional<std::string_view> get_remote_port(Request& request, std::string_view) {
  const std::uint16_t port = request.connection.peer.port;
  if (port == 0) return "";
  return request.arena.copy(fmt::format_int(port).c_str());
}

constexpr VariableRow kVariables[] = {
    {"realip_remote_addr", get_remote_addr},
    {"realip_remote_port", get_remote_port},
};

std::span<const VariableRow> realip_variables() { return kVariables; }

constexpr HandlerRow kHandlers[] = {{Phase::post_read, handle_realip}, {Phase::preaccess, handle_realip}};

std::span<const HandlerRow> handlers() { return kHandlers; }

}  // namespace

const Module kRealipModule = {.id = ModuleId::realip,
                              .name = "realip",
                              .rows = kRows,
                              .make_location = make_settings<RealipSettings>,
                              .variables = realip_variables,
                              .handlers = handlers};

HandlerResult handle_realip(Request& request, HandlerState&, const HandlerInput&) {
  const auto& settings = request.settings<RealipSettings>();
  if (settings.from->empty() || request.client != &request.connection.peer) return Declined{};
  FoundAddress found = address_of(*request.client);
  if (find_client(request, settings, found)) request.client = make_client_address(found, request.arena);
  return Declined{};
}

}  // namespace uringx
