#include "modules/limit_req.h"

#include <fmt/format.h>

#include <algorithm>

#include "modules/request_rate.h"
#include "modules/variables.h"

namespace uringx {
namespace {

using Limit = LimitReqSettings::Limit;

constexpr SharedZoneUse kUse{SharedKeys::format, "limit_req"};

constexpr std::uint64_t kThousandths = 1000;
constexpr std::uint64_t kNoDelay = INT64_MAX / 1000;  // requests: NGX_MAX_INT_T_VALUE / 1000

std::unexpected<Refusal> refuse(std::string message) { return std::unexpected(Refusal{std::move(message)}); }

// --- limit_req_zone KEY zone=NAME:SIZE rate=NUMBERr/s|r/m ---

// 0: it is none.
std::uint64_t parse_rate(std::string_view word) {
  constexpr std::string_view kPrefix = "rate=";
  std::uint64_t seconds = 1;
  if (word.ends_with("r/s") || word.ends_with("r/m")) {
    seconds = word.ends_with('m') ? 60 : 1;
    word.remove_suffix(3);
  }
  const auto requests = word.size() < kPrefix.size() ? std::nullopt : parse_number(word.substr(kPrefix.size()));
  if (!requests || *requests <= 0) return 0;
  return static_cast<std::uint64_t>(*requests) * kThousandths / seconds;
}

Applied apply_zone(BuildContext& context, const Directive& directive, Settings&) {
  auto key = context.compile_template(directive.words[1]);
  if (!key) return std::unexpected(std::move(key.error()));
  LimitZoneWord zone_word;
  std::uint64_t rate = kThousandths;
  for (std::size_t i = 2; i < directive.words.size(); ++i) {
    const std::string_view word = directive.words[i];
    if (word.starts_with(LimitZoneWord::kPrefix)) {
      const auto parsed = LimitZoneWord::parse(word);
      if (!parsed) return std::unexpected(parsed.error());
      zone_word = *parsed;
    } else if (word.starts_with("rate=")) {
      rate = parse_rate(word);
      if (rate == 0) return refuse(fmt::format("invalid rate \"{}\"", word));
    } else {
      return refuse(fmt::format("invalid parameter \"{}\"", word));
    }
  }
  if (zone_word.name.empty()) return refuse("\"limit_req_zone\" must have \"zone\" parameter");
  LimitZones& zones = context.main_settings().get<LimitReqZones>().zones;
  auto zone = zones.declare(context, directive, zone_word.name, zone_word.bytes, kUse, std::move(*key));
  if (!zone) return std::unexpected(std::move(zone.error()));
  (*zone)->rate = rate;
  return {};
}

// --- limit_req zone=NAME [burst=NUMBER] [nodelay|delay=NUMBER] ---

// The number behind `prefix`; nullopt: it is none, or 0.
std::optional<std::uint64_t> parse_count(std::string_view word, std::string_view prefix) {
  const auto number = parse_number(word.substr(prefix.size()));
  if (!number || *number <= 0) return std::nullopt;
  return static_cast<std::uint64_t>(*number);
}

Applied apply_limit_req(BuildContext& context, const Directive& directive, Settings& settings) {
  constexpr std::string_view kZone = "zone=";
  constexpr std::string_view kBurst = "burst=";
  constexpr std::string_view kDelay = "delay=";
  Limit limit;
  std::uint64_t burst = 0;
  std::uint64_t delay = 0;
  for (std::size_t i = 1; i < directive.words.size(); ++i) {
    const std::string_view word = directive.words[i];
    if (word.starts_with(kZone)) {
      LimitZones& zones = context.main_settings().get<LimitReqZones>().zones;
      auto zone = zones.zone(context, word.substr(kZone.size()), 0, kUse);
      if (!zone) return std::unexpected(std::move(zone.error()));
      limit.zone = std::move(*zone);
    } else if (word.starts_with(kBurst)) {
      const auto count = parse_count(word, kBurst);
      if (!count) return refuse(fmt::format("invalid burst value \"{}\"", word));
      burst = *count;
    } else if (word.starts_with(kDelay)) {
      const auto count = parse_count(word, kDelay);
      if (!count) return refuse(fmt::format("invalid delay value \"{}\"", word));
      delay = *count;
    } else if (word == "nodelay") {
      delay = kNoDelay;
    } else {
      return refuse(fmt::format("invalid parameter \"{}\"", word));
    }
  }
  if (limit.zone == nullptr) return refuse("\"limit_req\" must have \"zone\" parameter");
  auto& limits = static_cast<LimitReqSettings&>(settings).limits.amend();
  if (std::ranges::any_of(limits, [&](const Limit& other) { return other.zone == limit.zone; })) {
    return std::unexpected(Refusal::directive("is duplicate"));
  }
  limit.burst = burst * kThousandths;
  limit.delay = delay * kThousandths;
  limits.push_back(std::move(limit));
  return {};
}

constexpr DirectiveRow kRows[] = {
    {"limit_req_zone", kHttp, kTake3, Level::location, apply_zone},
    custom_row<&LimitReqSettings::limits>("limit_req", kHttpServerLocation, kTake123, apply_limit_req),
    enum_row<&LimitReqSettings::log_level, kLimitLogLevels>("limit_req_log_level", kHttpServerLocation),
    custom_row<&LimitReqSettings::status>("limit_req_status", kHttpServerLocation, kTake1,
                                          apply_limit_status<&LimitReqSettings::status>),
    value_row<&LimitReqSettings::dry_run>("limit_req_dry_run", kHttpServerLocation),
};

std::optional<std::string_view> get_status(Request& request, std::string_view) {
  return limit_status_text(request.main().limit_req_status);
}

constexpr VariableRow kVariables[] = {{"limit_req_status", get_status, true}};
std::span<const VariableRow> variables() { return kVariables; }

constexpr HandlerRow kHandlers[] = {{Phase::preaccess, handle_limit_req}};
std::span<const HandlerRow> handlers() { return kHandlers; }

// --- a request ---

// The keys it is counted by: an empty one is not, nor one that is too long.
std::pmr::vector<CountedKey> counted_keys(Request& request, const std::vector<Limit>& limits) {
  std::pmr::vector<CountedKey> counted(&request.arena);
  counted.reserve(limits.size());
  for (const Limit& limit : limits) {
    const std::string_view text = limit.zone->key->evaluate(request);
    if (text.empty()) continue;
    if (text.size() > SharedKeys::kKeyBytesMax) {
      log_request(request, LogLevel::error,
                  request.arena.join({"the value of the \"", limit.zone->key->source(),
                                      "\" key is more than 65535 bytes: \"", text, "\""}));
      continue;
    }
    counted.push_back({.keys = &limit.zone->keys,
                       .key = limit.zone->keys.key(text),
                       .rate = limit.zone->rate,
                       .burst = limit.burst,
                       .delay = limit.delay,
                       .last = &limit == &limits.back()});
  }
  return counted;
}

void log_excess(Request& request, LogLevel level, std::string_view what, const RateVerdict& verdict, std::string_view by_zone,
                const SharedKeys& zone) {
  if (!request.error_log->wants(level, request.connection.debug)) return;
  const std::string_view dry_run = *request.settings<LimitReqSettings>().dry_run ? ", dry run" : "";
  log_request(request, level,
              fmt::format("{}{}, excess: {}.{:03}{} \"{}\"", what, dry_run, verdict.excess / kThousandths,
                          verdict.excess % kThousandths, by_zone, zone.name()));
}

HandlerResult reject(Request& request, const LimitReqSettings& settings) {
  request.main().limit_req_status = *settings.dry_run ? LimitStatus::rejected_dry_run : LimitStatus::rejected;
  if (*settings.dry_run) return Declined{};
  return Finish{static_cast<int>(settings.status->count)};
}

HandlerResult delay(Request& request, const LimitReqSettings& settings, const RateVerdict& verdict, const SharedKeys& zone) {
  const LogLevel level = *settings.log_level == LogLevel::info ? LogLevel::info
                                                                : static_cast<LogLevel>(static_cast<int>(*settings.log_level) + 1);
  log_excess(request, level, "delaying request", verdict, ", by zone", zone);
  request.main().limit_req_status = *settings.dry_run ? LimitStatus::delayed_dry_run : LimitStatus::delayed;
  if (*settings.dry_run) return Declined{};
  return Wait{static_cast<std::int64_t>(verdict.delay_ms)};
}

}  // namespace

const Module kLimitReqModule = {.id = ModuleId::limit_req,
                                .name = "limit_req",
                                .rows = kRows,
                                .make_main = make_settings<LimitReqZones>,
                                .make_location = make_settings<LimitReqSettings>,
                                .variables = variables,
                                .handlers = handlers};

HandlerResult handle_limit_req(Request& request, HandlerState&, const HandlerInput&) {
  using Kind = RateVerdict::Kind;
  const auto& settings = request.settings<LimitReqSettings>();
  if (settings.limits->empty() || request.main().limit_req_status != LimitStatus::none) return Declined{};
  const auto keys = counted_keys(request, *settings.limits);
  if (keys.empty()) return Declined{};
  const RateVerdict verdict = count_request(keys, request.clock.steady_msec, request.arena);
  const SharedKeys& zone = *keys[verdict.index].keys;
  switch (verdict.kind) {
    case Kind::busy: return Wait{1};
    case Kind::counted:
      if (verdict.delay_ms != 0) return delay(request, settings, verdict, zone);
      request.main().limit_req_status = LimitStatus::passed;
      return Declined{};
    case Kind::over_burst:
      log_excess(request, *settings.log_level, "limiting requests", verdict, " by zone", zone);
      return reject(request, settings);
    case Kind::no_room:
      request.host_info.error_log->write(LogLevel::alert, 0,
                                         fmt::format("could not allocate node in limit_req zone \"{}\"", zone.name()));
      return reject(request, settings);
  }
  return Declined{};
}

}  // namespace uringx
