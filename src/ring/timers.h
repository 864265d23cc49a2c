// Timers calls back when a time has passed: connection timeouts, log flushes, delays.
// One for each worker.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>

#include "base/intrusive_list.h"
#include "ring/backend.h"
#include "ring/timer_wheel.h"

namespace uringx {

// Lives inside its owner; unlinked (and so disarmed) when destroyed.
class Timer : public ListNode {
 public:
  using Handler = void (*)(void* owner);

  Timer(void* owner, Handler handler) : owner_(owner), handler_(handler) {}

  // The handler that calls `(owner->*method)()`.
  template <auto Method>
  static void calls(void* owner) {
    invoke(Method, owner);
  }

  bool armed() const { return linked(); }
  Clock::time_point expires() const { return expires_; }
  void disarm() { unlink(); }

 private:
  friend class Timers;

  template <typename Owner>
  static void invoke(void (Owner::*method)(), void* owner) {
    (static_cast<Owner*>(owner)->*method)();
  }

  void* owner_;
  Handler handler_;
  Clock::time_point expires_{};
};

// One first-in-first-out list for each duration that a configuration names: arming, disarming and expiry are O(1), the nearest
// expiry is the minimum over the fronts of a handful of lists. Any other durations go to a wheel.
class Timers {
 public:
  void arm(Timer& timer, Clock::time_point now, std::chrono::milliseconds after);
  // For a duration that was reckoned: there may be as many as there are timers.
  void arm_delay(Timer& timer, Clock::time_point now, std::chrono::milliseconds after);
  // Calls the handlers of all timers that expired.
  void expire(Clock::time_point now);
  // Time until the next expiry; `otherwise` when nothing is armed.
  Clock::duration until_next(Clock::time_point now, Clock::duration otherwise);

 private:
  std::map<std::chrono::milliseconds, IntrusiveList<Timer>> lists_;
  TimerWheel wheel_;
};

}  // namespace uringx
