// Settings and handler of nginx's limit_req module: no more requests of one kind than a rate allows.
// Rows are in limit_req.cc, the arithmetic in request_rate.cc.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "modules/handler.h"
#include "modules/limit_zone.h"

namespace uringx {

// Of the whole configuration.
struct LimitReqZones : Settings {
  static constexpr ModuleId kModule = ModuleId::limit_req;

  LimitZones zones;
};

struct LimitReqSettings : Settings {
  static constexpr ModuleId kModule = ModuleId::limit_req;

  struct Limit {
    std::shared_ptr<LimitZone> zone;
    std::uint64_t burst = 0;  // in thousandths of a request
    std::uint64_t delay = 0;
  };
  Setting<std::vector<Limit>> limits;
  Setting<LogLevel> log_level{LogLevel::error};  // of a request that is refused; one that is delayed is one level less
  Setting<Number> status{Number{503}};
  Setting<bool> dry_run{false};
};

extern const Module kLimitReqModule;

HandlerResult handle_limit_req(Request& request, HandlerState& state, const HandlerInput& input);

}  // namespace uringx
