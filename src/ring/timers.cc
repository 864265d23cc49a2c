#include "ring/timers.h"

#include <algorithm>

namespace uringx {

namespace {

// A configuration may name times that overflow the clock.
constexpr std::chrono::milliseconds kLongest = std::chrono::hours(24 * 3650);

}  // namespace

void Timers::arm(Timer& timer, Clock::time_point now, std::chrono::milliseconds after) {
  after = std::min(after, kLongest);
  timer.disarm();
  timer.expires_ = now + after;
  lists_[after].push_back(timer);
}

void Timers::arm_delay(Timer& timer, Clock::time_point now, std::chrono::milliseconds after) {
  timer.disarm();
  timer.expires_ = now + std::min(after, kLongest);
  wheel_.add(timer, now, timer.expires_);
}

void Timers::expire(Clock::time_point now) {
  // First collected, then called: a handler may arm its timer again for now (a duration of zero) and must not
  // be called for that before the next turn; it may also disarm or destroy timers that are due but not called
  // yet.
  IntrusiveList<Timer> due;
  for (auto& [after, timers] : lists_) {
    while (!timers.empty() && timers.front().expires_ <= now) due.push_back(timers.pop_front());
  }
  wheel_.expire(now, due);
  while (!due.empty()) {
    Timer& timer = due.pop_front();
    timer.handler_(timer.owner_);
  }
}

Clock::duration Timers::until_next(Clock::time_point now, Clock::duration otherwise) {
  Clock::time_point nearest = wheel_.next_look();
  for (auto& [after, timers] : lists_) {
    if (timers.empty()) continue;
    nearest = std::min(nearest, timers.front().expires_);
  }
  if (nearest == Clock::time_point::max()) return otherwise;
  return std::max(nearest - now, Clock::duration::zero());
}

}  // namespace uringx
