// Settings and handler of nginx's limit_conn module: no more requests of one kind at the same time than a number.
// Rows are in limit_conn.cc.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "modules/handler.h"
#include "modules/limit_zone.h"

namespace uringx {

// Of the whole configuration.
struct LimitConnZones : Settings {
  static constexpr ModuleId kModule = ModuleId::limit_conn;

  LimitZones zones;
};

struct LimitConnSettings : Settings {
  static constexpr ModuleId kModule = ModuleId::limit_conn;

  struct Limit {
    std::shared_ptr<LimitZone> zone;
    std::uint32_t connections = 0;
  };
  Setting<std::vector<Limit>> limits;
  Setting<LogLevel> log_level{LogLevel::error};
  Setting<Number> status{Number{503}};
  Setting<bool> dry_run{false};
};

extern const Module kLimitConnModule;

HandlerResult handle_limit_conn(Request& request, HandlerState& state, const HandlerInput& input);

// What one request counts for in one zone.
struct HeldConnection {
  SharedKeys* keys = nullptr;  // of the configuration
  SharedKeys::Place place;

  // False: others use the zone just now; again in a millisecond.
  bool let_go() const;
};

// What one request counts for, in its arena.
struct HeldConnections {
  std::span<const HeldConnection> all;
};

}  // namespace uringx
