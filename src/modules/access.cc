#include "modules/access.h"

#include <arpa/inet.h>

#include <algorithm>
#include <string>

#include "http/ascii.h"
#include "modules/build_context.h"
#include "modules/http_core.h"
#include "modules/value_parsers.h"

namespace uringx {
namespace {

using Family = AddressRange::Family;

constexpr std::size_t byte_count(Family family) { return family == Family::ipv6 ? 16 : 4; }

// ngx_inet_addr: four decimal numbers, leading zeros allowed; its error value is 255.255.255.255, which therefore cannot
// be named.
bool parse_ipv4(std::string_view text, std::array<std::uint8_t, 16>& bytes) {
  std::size_t count = 0;
  while (count < 4) {
    const std::string_view part = text.substr(0, text.find('.'));
    const auto number = part.empty() ? std::nullopt : parse_number(part);
    if (!number || *number > 255) return false;
    bytes[count++] = static_cast<std::uint8_t>(*number);
    if (part.size() == text.size()) {
      const bool none = std::all_of(bytes.begin(), bytes.begin() + 4, [](std::uint8_t byte) { return byte == 255; });
      return count == 4 && !none;
    }
    text.remove_prefix(part.size() + 1);
  }
  return false;
}

bool parse_ipv6(std::string_view text, std::array<std::uint8_t, 16>& bytes) {
  return text.size() < INET6_ADDRSTRLEN && inet_pton(AF_INET6, std::string(text).c_str(), bytes.data()) == 1;
}

void fill_mask(std::array<std::uint8_t, 16>& mask, std::int64_t bits) {
  for (std::uint8_t& byte : mask) {
    const std::int64_t here = std::clamp<std::int64_t>(bits, 0, 8);
    byte = static_cast<std::uint8_t>(0xff00u >> here);
    bits -= here;
  }
}

Applied apply_rule(BuildContext& context, const Directive& directive, Settings& settings) {
  const std::string& text = directive.words[1];
  const bool deny = directive.name() == "deny";
  auto& rules = static_cast<AccessSettings&>(settings).rules;
  if (text == "all") {
    for (const Family family : {Family::ipv4, Family::ipv6, Family::unix_socket}) {
      rules.amend().push_back({{.family = family}, deny});
    }
    return {};
  }
  if (text == "unix:") {
    rules.amend().push_back({{.family = Family::unix_socket}, deny});
    return {};
  }
  const auto parsed = parse_address_range(text);
  if (!parsed) return std::unexpected(Refusal{"invalid parameter \"" + text + "\""});
  if (parsed->low_bits_meaningless) context.warn("low address bits of " + text + " are meaningless");
  rules.amend().push_back({parsed->range, deny});
  return {};
}

constexpr std::uint32_t kContexts = kHttpServerLocation | kLimitExcept;

constexpr DirectiveRow kRows[] = {
    custom_row<&AccessSettings::rules>("allow", kContexts, kTake1, apply_rule),
    custom_row<&AccessSettings::rules>("deny", kContexts, kTake1, apply_rule),
};

// The client's address as rules see it: an IPv4 address inside an IPv6 one counts as IPv4 when there are such rules.
struct JudgedAddress {
  Family family = Family::unix_socket;
  const std::uint8_t* bytes = nullptr;
};

JudgedAddress judged_address(const Request& request, const std::vector<AccessSettings::Rule>& rules) {
  constexpr std::array<std::uint8_t, 12> kMapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  const std::span<const std::uint8_t> bytes = request.client->bytes;
  if (bytes.empty()) return {};
  if (bytes.size() == 4) return {Family::ipv4, bytes.data()};
  const bool ipv4_rules =
      std::any_of(rules.begin(), rules.end(), [](const auto& rule) { return rule.range.family == Family::ipv4; });
  if (ipv4_rules && std::equal(kMapped.begin(), kMapped.end(), bytes.begin())) return {Family::ipv4, bytes.data() + 12};
  return {Family::ipv6, bytes.data()};
}

constexpr HandlerRow kHandlers[] = {{Phase::access, handle_access}};

std::span<const HandlerRow> handlers() { return kHandlers; }

}  // namespace

const Module kAccessModule = {.id = ModuleId::access,
                              .name = "access",
                              .rows = kRows,
                              .make_location = make_settings<AccessSettings>,
                              .handlers = handlers};

bool AddressRange::contains(const std::uint8_t* bytes) const {
  if (family == Family::unix_socket) return true;
  for (std::size_t i = 0; i < byte_count(family); ++i) {
    if ((bytes[i] & mask[i]) != address[i]) return false;
  }
  return true;
}

std::optional<ParsedRange> parse_address_range(std::string_view text) {
  const std::string_view host = text.substr(0, text.find('/'));
  ParsedRange parsed;
  AddressRange& range = parsed.range;
  if (parse_ipv4(host, range.address)) {
    range.family = Family::ipv4;
  } else if (parse_ipv6(host, range.address)) {
    range.family = Family::ipv6;
  } else {
    return std::nullopt;
  }
  const auto bits_max = static_cast<std::int64_t>(8 * byte_count(range.family));
  std::int64_t bits = bits_max;
  if (host.size() != text.size()) {
    const auto given = parse_number(text.substr(host.size() + 1));
    if (!given || *given > bits_max) return std::nullopt;
    bits = *given;
  }
  fill_mask(range.mask, bits);
  for (std::size_t i = 0; i < byte_count(range.family); ++i) {
    const auto kept = static_cast<std::uint8_t>(range.address[i] & range.mask[i]);
    if (kept != range.address[i]) parsed.low_bits_meaningless = true;
    range.address[i] = kept;
  }
  return parsed;
}

HandlerResult handle_access(Request& request, HandlerState&, const HandlerInput&) {
  const std::vector<AccessSettings::Rule>& rules = *request.settings<AccessSettings>().rules;
  if (rules.empty()) return Declined{};
  const JudgedAddress client = judged_address(request, rules);
  for (const AccessSettings::Rule& rule : rules) {
    if (rule.range.family != client.family || !rule.range.contains(client.bytes)) continue;
    if (!rule.deny) return Allowed{};
    if (*request.settings<HttpCoreLocation>().satisfy == Satisfy::all) {
      log_request(request, LogLevel::error, kForbiddenByRule);  // else once nobody else lets it in
    }
    return Finish{403};
  }
  return Declined{};
}

}  // namespace uringx
