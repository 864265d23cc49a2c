// TimerWheel holds timers of any durations, such as the delays that limit_req and limit_rate reckon: a list for each millisecond
// of the next second, in which also those stay that are further away. Part of a Timers.
#pragma once

#include <array>
#include <cstdint>

#include "base/intrusive_list.h"
#include "ring/backend.h"

namespace uringx {

class Timer;

class TimerWheel {
 public:
  // The timer is not armed, and expires at `at`.
  void add(Timer& timer, Clock::time_point now, Clock::time_point at);
  // Moves the timers that have expired to `due`.
  void expire(Clock::time_point now, IntrusiveList<Timer>& due);
  // When to look again: not later than the next expiry. time_point::max(): nothing is armed.
  Clock::time_point next_look() const;

 private:
  static constexpr std::size_t kSlots = 1024;
  static constexpr std::size_t kWordBits = 64;
  using Tick = std::int64_t;  // milliseconds of the clock

  static std::size_t slot_of(Tick tick) { return static_cast<std::size_t>(tick) % kSlots; }
  // The first tick from `from` on whose slot may hold something; `from` + kSlots: none.
  Tick next_used(Tick from) const;

  std::array<IntrusiveList<Timer>, kSlots> slots_;
  std::array<std::uint64_t, kSlots / kWordBits> used_{};  // a bit for each slot that may hold something
  bool any_used_ = false;
  Tick next_tick_ = 0;  // the first one that has not passed
};

}  // namespace uringx
