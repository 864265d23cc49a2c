// LimitZone is what limit_req_zone and limit_conn_zone declare: a zone of shared memory with a number for each value of a key.
// Made with the configuration, where the places that count by it may be written first; const afterwards but for the memory.
#pragma once

#include <cstdint>
#include <expected>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/shared_keys.h"
#include "modules/build_context.h"
#include "modules/module.h"

namespace uringx {

struct LimitZone {
  explicit LimitZone(std::shared_ptr<SharedZone> memory) : keys(memory), zone(std::move(memory)) {}

  const std::string& name() const { return zone->name(); }

  SharedKeys keys;
  std::shared_ptr<SharedZone> zone;
  std::optional<Template> key;  // set where the zone is declared
  std::uint64_t rate = 0;       // limit_req: thousandths of a request per second
};

// The zones of one module in one configuration.
class LimitZones {
 public:
  // By its name, made when it is new; `bytes` 0: the size is said elsewhere.
  std::expected<std::shared_ptr<LimitZone>, Refusal> zone(BuildContext& context, std::string_view name, std::size_t bytes,
                                                          const SharedZoneUse& use);
  // For a directive that declares one: as above, with its key. Refused when it has one.
  std::expected<std::shared_ptr<LimitZone>, Refusal> declare(BuildContext& context, const Directive& directive,
                                                             std::string_view name, std::size_t bytes,
                                                             const SharedZoneUse& use, Template key);

 private:
  std::map<std::string, std::shared_ptr<LimitZone>, std::less<>> by_name_;
};

// `zone=NAME:SIZE`, as one of the words behind a key.
struct LimitZoneWord {
  static constexpr std::string_view kPrefix = "zone=";
  std::string_view name;
  std::size_t bytes = 0;

  // Refusals: `invalid zone size "zone=a:x"`, `zone "a" is too small`.
  static std::expected<LimitZoneWord, Refusal> parse(std::string_view word);
};

// What limit_req_log_level and limit_conn_log_level take.
inline constexpr EnumWord<LogLevel> kLimitLogLevels[] = {
    {"info", LogLevel::info}, {"notice", LogLevel::notice}, {"warn", LogLevel::warn}, {"error", LogLevel::error}};

// limit_req_status and limit_conn_status: a number from 400 to 599.
template <auto Member>
Applied apply_limit_status(BuildContext&, const Directive& directive, Settings& settings) {
  constexpr std::int64_t kLeast = 400;
  constexpr std::int64_t kMost = 599;
  auto& status = static_cast<typename detail::MemberOf<decltype(Member)>::Struct&>(settings).*Member;
  if (status.is_set()) return std::unexpected(Refusal::directive("is duplicate"));
  const auto number = ValueParser<Number>::parse(directive);
  if (!number) return std::unexpected(number.error());
  if (number->count < kLeast || number->count > kMost) {
    return std::unexpected(Refusal{"value must be between 400 and 599"});
  }
  status.set(*number);
  return {};
}

// What $limit_req_status and $limit_conn_status show; nullopt: nothing was counted.
std::optional<std::string_view> limit_status_text(LimitStatus status);

}  // namespace uringx
