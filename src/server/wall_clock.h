// WallClockKeeper keeps the WallClock of one worker: the time of this loop turn and its texts, made once a second.
// Owned by a worker, used on its thread only.
#pragma once

#include "http/date.h"
#include "modules/request.h"
#include "ring/backend.h"

namespace uringx {

class WallClockKeeper {
 public:
  explicit WallClockKeeper(Clock::time_point now) { update(now); }
  WallClockKeeper(const WallClockKeeper&) = delete;
  WallClockKeeper& operator=(const WallClockKeeper&) = delete;

  // Once a loop turn, whose time is `steady_now`.
  void update(Clock::time_point steady_now);

  const WallClock& now() const { return clock_; }

 private:
  WallClock clock_;
  std::time_t second_ = -1;
  char http_date_[kHttpDateBytes];
  char log_local_[kLogDateBytes];
  char iso8601_[kIsoDateBytes];
};

}  // namespace uringx
