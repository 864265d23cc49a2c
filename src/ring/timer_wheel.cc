#include "ring/timer_wheel.h"

#include <algorithm>
#include <bit>

#include "ring/timers.h"

namespace uringx {
namespace {

std::int64_t tick_of(Clock::time_point at) { return std::chrono::floor<std::chrono::milliseconds>(at.time_since_epoch()).count(); }

}  // namespace

void TimerWheel::add(Timer& timer, Clock::time_point now, Clock::time_point at) {
  if (!any_used_) next_tick_ = tick_of(now);  // the wheel stood still
  any_used_ = true;
  const Tick tick = std::max(std::chrono::ceil<std::chrono::milliseconds>(at.time_since_epoch()).count(), next_tick_);
  const std::size_t slot = slot_of(tick);
  slots_[slot].push_back(timer);
  used_[slot / kWordBits] |= std::uint64_t{1} << slot % kWordBits;
}

void TimerWheel::expire(Clock::time_point now, IntrusiveList<Timer>& due) {
  if (!any_used_) return;
  const Tick last = tick_of(now);
  const Tick end = next_tick_ + static_cast<Tick>(kSlots);
  for (Tick tick = next_used(next_tick_); tick <= last && tick < end; tick = next_used(tick + 1)) {
    const std::size_t slot = slot_of(tick);
    slots_[slot].for_each([&](Timer& timer) {
      if (timer.expires() > now) return;  // in another round
      timer.unlink();
      due.push_back(timer);
    });
    if (slots_[slot].empty()) used_[slot / kWordBits] &= ~(std::uint64_t{1} << slot % kWordBits);
  }
  next_tick_ = std::max(next_tick_, last + 1);
  any_used_ = std::ranges::any_of(used_, [](std::uint64_t word) { return word != 0; });
}

Clock::time_point TimerWheel::next_look() const {
  if (!any_used_) return Clock::time_point::max();
  return Clock::time_point(std::chrono::milliseconds(next_used(next_tick_)));
}

TimerWheel::Tick TimerWheel::next_used(Tick from) const {
  const Tick end = from + static_cast<Tick>(kSlots);
  for (Tick tick = from; tick < end;) {
    const std::size_t slot = slot_of(tick);
    const std::uint64_t rest = used_[slot / kWordBits] >> slot % kWordBits;
    if (rest != 0) return std::min(tick + std::countr_zero(rest), end);
    tick += static_cast<Tick>(kWordBits - slot % kWordBits);
  }
  return end;
}

}  // namespace uringx
