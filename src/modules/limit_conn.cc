#include "modules/limit_conn.h"

#include <fmt/format.h>

#include <algorithm>

#include "modules/variables.h"

namespace uringx {
namespace {

using Limit = LimitConnSettings::Limit;

constexpr SharedZoneUse kUse{SharedKeys::format, "limit_conn_zone"};

constexpr std::size_t kKeyBytesMax = 255;  // nginx's

std::unexpected<Refusal> refuse(std::string message) { return std::unexpected(Refusal{std::move(message)}); }

// limit_conn_zone KEY zone=NAME:SIZE
Applied apply_zone(BuildContext& context, const Directive& directive, Settings&) {
  auto key = context.compile_template(directive.words[1]);
  if (!key) return std::unexpected(std::move(key.error()));
  const std::string_view word = directive.words[2];
  if (!word.starts_with(LimitZoneWord::kPrefix)) return refuse(fmt::format("invalid parameter \"{}\"", word));
  const auto zone_word = LimitZoneWord::parse(word);
  if (!zone_word) return std::unexpected(zone_word.error());
  if (zone_word->name.empty()) return refuse("\"limit_conn_zone\" must have \"zone\" parameter");
  LimitZones& zones = context.main_settings().get<LimitConnZones>().zones;
  auto zone = zones.declare(context, directive, zone_word->name, zone_word->bytes, kUse, std::move(*key));
  if (!zone) return std::unexpected(std::move(zone.error()));
  return {};
}

// limit_conn ZONE NUMBER
Applied apply_limit_conn(BuildContext& context, const Directive& directive, Settings& settings) {
  constexpr std::int64_t kConnectionsMax = 65535;
  LimitZones& zones = context.main_settings().get<LimitConnZones>().zones;
  auto zone = zones.zone(context, directive.words[1], 0, kUse);
  if (!zone) return std::unexpected(std::move(zone.error()));
  auto& limits = static_cast<LimitConnSettings&>(settings).limits.amend();
  if (std::ranges::any_of(limits, [&](const Limit& other) { return other.zone == *zone; })) {
    return std::unexpected(Refusal::directive("is duplicate"));
  }
  const std::string& word = directive.words[2];
  const auto number = parse_number(word);
  if (!number || *number <= 0) return refuse(fmt::format("invalid number of connections \"{}\"", word));
  if (*number > kConnectionsMax) return refuse("connection limit must be less 65536");
  limits.push_back({std::move(*zone), static_cast<std::uint32_t>(*number)});
  return {};
}

constexpr DirectiveRow kRows[] = {
    {"limit_conn_zone", kHttp, kTake2, Level::location, apply_zone},
    custom_row<&LimitConnSettings::limits>("limit_conn", kHttpServerLocation, kTake2, apply_limit_conn),
    enum_row<&LimitConnSettings::log_level, kLimitLogLevels>("limit_conn_log_level", kHttpServerLocation),
    custom_row<&LimitConnSettings::status>("limit_conn_status", kHttpServerLocation, kTake1,
                                           apply_limit_status<&LimitConnSettings::status>),
    value_row<&LimitConnSettings::dry_run>("limit_conn_dry_run", kHttpServerLocation),
};

std::optional<std::string_view> get_status(Request& request, std::string_view) {
  return limit_status_text(request.main().limit_conn_status);
}

constexpr VariableRow kVariables[] = {{"limit_conn_status", get_status, true}};
std::span<const VariableRow> variables() { return kVariables; }

constexpr HandlerRow kHandlers[] = {{Phase::preaccess, handle_limit_conn}};
std::span<const HandlerRow> handlers() { return kHandlers; }

// --- a request ---

// One of the zones, held until all have had their say.
struct Counted {
  const Limit* limit = nullptr;
  SharedKeys::Key key;
  SharedKeys::Part part;
  SharedKeys::Entry* entry = nullptr;
};

enum class Outcome : std::uint8_t { counted, over_limit, no_room, busy };

std::pmr::vector<Counted> counted_keys(Request& request, const std::vector<Limit>& limits) {
  std::pmr::vector<Counted> counted(&request.arena);
  counted.reserve(limits.size());
  for (const Limit& limit : limits) {
    const std::string_view text = limit.zone->key->evaluate(request);
    if (text.empty()) continue;
    if (text.size() > kKeyBytesMax) {
      log_request(request, LogLevel::error,
                  request.arena.join({"the value of the \"", limit.zone->key->source(), "\" key is more than 255 bytes: \"",
                                      text, "\""}));
      continue;
    }
    counted.push_back({.limit = &limit, .key = limit.zone->keys.key(text), .part = {}, .entry = nullptr});
  }
  return counted;
}

// Entries that this request has just made are not left behind: without holders nobody would find them.
void undo(std::span<Counted> counted) {
  for (Counted& one : counted) {
    if (one.entry != nullptr && one.entry->holders == 0) one.part.remove(*one.entry);
  }
}

// Counts it everywhere or nowhere; `at` is where it was not.
Outcome count(std::span<Counted> counted, std::size_t& at) {
  for (at = 0; at < counted.size(); ++at) {
    Counted& one = counted[at];
    one.part = one.limit->zone->keys.lock(one.key);
    if (!one.part) return Outcome::busy;
    one.entry = one.part.find(one.key);
    if (one.entry == nullptr) one.entry = one.part.insert(one.key);
    if (one.entry == nullptr) return Outcome::no_room;
    if (one.entry->holders >= one.limit->connections) return Outcome::over_limit;
  }
  for (Counted& one : counted) ++one.entry->holders;
  return Outcome::counted;
}

void note_places(std::span<const Counted> counted, std::span<HeldConnection> places) {
  for (std::size_t i = 0; i < counted.size(); ++i) {
    places[i] = {&counted[i].limit->zone->keys, counted[i].part.place(*counted[i].entry)};
  }
}

HandlerResult reject(Request& request, const LimitConnSettings& settings) {
  request.main().limit_conn_status = *settings.dry_run ? LimitStatus::rejected_dry_run : LimitStatus::rejected;
  if (*settings.dry_run) return Declined{};
  return Finish{static_cast<int>(settings.status->count)};
}

}  // namespace

const Module kLimitConnModule = {.id = ModuleId::limit_conn,
                                 .name = "limit_conn",
                                 .rows = kRows,
                                 .make_main = make_settings<LimitConnZones>,
                                 .make_location = make_settings<LimitConnSettings>,
                                 .variables = variables,
                                 .handlers = handlers};

HandlerResult handle_limit_conn(Request& request, HandlerState&, const HandlerInput&) {
  const auto& settings = request.settings<LimitConnSettings>();
  if (settings.limits->empty() || request.main().limit_conn_status != LimitStatus::none) return Declined{};
  auto counted = counted_keys(request, *settings.limits);
  if (counted.empty()) return Declined{};
  // All memory is taken before anything is counted: what is counted is let go of by its place.
  const std::span places = request.arena.make_array<HeldConnection>(counted.size());
  auto* const held = request.arena.make<HeldConnections>();
  std::size_t at = 0;
  const Outcome outcome = count(counted, at);
  if (outcome == Outcome::counted) {
    note_places(counted, places);
    held->all = places;
    request.held_connections = held;
    request.main().limit_conn_status = LimitStatus::passed;
    return Declined{};
  }
  undo(counted);
  const Limit* const limit = at < counted.size() ? counted[at].limit : nullptr;
  counted.clear();  // nothing is locked while lines are written
  const std::string& zone = limit->zone->name();
  switch (outcome) {
    case Outcome::counted: break;
    case Outcome::busy: return Wait{1};
    case Outcome::over_limit:
      log_request(request, *settings.log_level,
                  request.arena.join({"limiting connections", *settings.dry_run ? ", dry run," : "", " by zone \"", zone, "\""}));
      break;
    case Outcome::no_room:
      request.host_info.error_log->write(
          LogLevel::crit, 0, fmt::format("ngx_slab_alloc() failed: no memory in limit_conn_zone \"{}\"", zone));
      break;
  }
  return reject(request, settings);
}

bool HeldConnection::let_go() const {
  SharedKeys::Part part = keys->lock(place);
  if (!part) return false;
  SharedKeys::Entry* const entry = part.at(place);
  if (entry != nullptr && --entry->holders == 0) part.remove(*entry);
  return true;
}

}  // namespace uringx
