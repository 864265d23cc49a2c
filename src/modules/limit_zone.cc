#include "modules/limit_zone.h"

#include <fmt/format.h>

namespace uringx {

std::expected<std::shared_ptr<LimitZone>, Refusal> LimitZones::zone(BuildContext& context, std::string_view name,
                                                                    std::size_t bytes, const SharedZoneUse& use) {
  auto memory = context.shared_zones().declare(name, bytes, use);
  if (!memory) return std::unexpected(Refusal{std::move(memory.error())});
  auto known = by_name_.find(name);
  if (known == by_name_.end()) {
    known = by_name_.emplace(name, std::make_shared<LimitZone>(std::move(*memory))).first;
  }
  return known->second;
}

std::expected<std::shared_ptr<LimitZone>, Refusal> LimitZones::declare(BuildContext& context, const Directive& directive,
                                                                       std::string_view name, std::size_t bytes,
                                                                       const SharedZoneUse& use, Template key) {
  auto declared = zone(context, name, bytes, use);
  if (!declared) return declared;
  LimitZone& made = **declared;
  if (made.key) {
    return std::unexpected(
        Refusal{fmt::format("{} \"{}\" is already bound to key \"{}\"", directive.name(), name, made.key->source())});
  }
  made.zone->set_key(key.source());
  made.key = std::move(key);
  return declared;
}

std::expected<LimitZoneWord, Refusal> LimitZoneWord::parse(std::string_view word) {
  const std::string_view rest = word.substr(kPrefix.size());
  const std::size_t colon = rest.find(':');
  const auto bytes = colon == std::string_view::npos ? std::nullopt : parse_size(rest.substr(colon + 1));
  if (!bytes) return std::unexpected(Refusal{fmt::format("invalid zone size \"{}\"", word)});
  if (*bytes < SharedKeys::kZoneBytesMin) return std::unexpected(Refusal{fmt::format("zone \"{}\" is too small", word)});
  return LimitZoneWord{rest.substr(0, colon), *bytes};
}

std::optional<std::string_view> limit_status_text(LimitStatus status) {
  switch (status) {
    case LimitStatus::none: return std::nullopt;
    case LimitStatus::passed: return "PASSED";
    case LimitStatus::delayed: return "DELAYED";
    case LimitStatus::rejected: return "REJECTED";
    case LimitStatus::delayed_dry_run: return "DELAYED_DRY_RUN";
    case LimitStatus::rejected_dry_run: return "REJECTED_DRY_RUN";
  }
  return std::nullopt;
}

}  // namespace uringx
