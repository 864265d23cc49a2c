#include "modules/request_rate.h"

#include <algorithm>
#include <cstdlib>
#include <vector>

namespace uringx {
namespace {

// From this age on an entry without excess may go, and a clock that went back this far has begun anew.
constexpr std::int64_t kForgottenMs = 60'000;
constexpr std::uint64_t kOneRequest = 1000;
constexpr std::int64_t kMsPerSecond = 1000;

// Two clocks of the same kind may be read in another order than they are compared in.
std::int64_t ms_since(std::int64_t last_ms, std::int64_t now_ms) {
  const std::int64_t ms = now_ms - last_ms;
  if (ms < -kForgottenMs) return 1;
  return std::max<std::int64_t>(ms, 0);
}

std::uint64_t drained(std::uint64_t rate, std::int64_t ms) { return rate * static_cast<std::uint64_t>(ms) / kMsPerSecond; }

// Two keys that have used up nothing for a minute go; with `force` the oldest one before them, whatever it has.
void expire(SharedKeys::Part& part, std::uint64_t rate, std::int64_t now_ms, bool force) {
  for (int n = force ? 0 : 1; n < 3; ++n) {
    SharedKeys::Entry* const oldest = part.oldest();
    if (oldest == nullptr) return;
    if (n != 0) {
      const std::int64_t ms = std::abs(now_ms - oldest->last_ms);
      if (ms < kForgottenMs || oldest->excess > drained(rate, ms)) return;
    }
    part.remove(*oldest);
  }
}

SharedKeys::Entry* insert(SharedKeys::Part& part, const CountedKey& counted, std::int64_t now_ms) {
  expire(part, counted.rate, now_ms, false);
  if (SharedKeys::Entry* const made = part.insert(counted.key)) return made;
  expire(part, counted.rate, now_ms, true);
  return part.insert(counted.key);
}

// One of the zones, held until all have had their say: no other request comes between.
struct Held {
  SharedKeys::Part part;
  SharedKeys::Entry* entry = nullptr;
  std::uint64_t excess = 0;
};

std::uint64_t wait_ms(std::uint64_t excess, const CountedKey& counted) {
  return excess <= counted.delay ? 0 : (excess - counted.delay) * kMsPerSecond / counted.rate;
}

}  // namespace

std::int64_t excess_with_another(const SharedKeys::Entry& entry, std::uint64_t rate, std::int64_t now_ms) {
  const std::uint64_t excess = entry.excess - drained(rate, ms_since(entry.last_ms, now_ms)) + kOneRequest;
  return std::max<std::int64_t>(static_cast<std::int64_t>(excess), 0);
}

RateVerdict count_request(std::span<const CountedKey> keys, std::int64_t now_ms, Arena& arena) {
  using Kind = RateVerdict::Kind;
  std::pmr::vector<Held> all(&arena);
  all.reserve(keys.size());
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const CountedKey& counted = keys[i];
    Held& held = all.emplace_back();
    held.part = counted.keys->lock(counted.key);
    if (!held.part) return {.kind = Kind::busy};
    held.entry = held.part.find(counted.key);
    if (held.entry != nullptr) {
      held.part.touch(*held.entry);
      held.excess = static_cast<std::uint64_t>(excess_with_another(*held.entry, counted.rate, now_ms));
      if (held.excess > counted.burst) return {.kind = Kind::over_burst, .index = i, .excess = held.excess};
      continue;
    }
    held.entry = insert(held.part, counted, now_ms);
    if (held.entry == nullptr) return {.kind = Kind::no_room, .index = i};
    if (counted.last) {
      held.entry->last_ms = now_ms;
    } else {  // so nginx: that it was never asked for is its first request's merit
      held.excess = static_cast<std::uint64_t>(excess_with_another(*held.entry, counted.rate, now_ms));
    }
  }

  RateVerdict verdict;
  for (std::size_t i = keys.size(); i-- > 0;) {
    SharedKeys::Entry& entry = *all[i].entry;
    if (ms_since(entry.last_ms, now_ms) != 0) entry.last_ms = now_ms;
    entry.excess = all[i].excess;
    const std::uint64_t ms = wait_ms(all[i].excess, keys[i]);
    if (ms <= verdict.delay_ms) continue;
    verdict = {.kind = Kind::counted, .index = i, .excess = all[i].excess, .delay_ms = ms};
  }
  return verdict;
}

}  // namespace uringx
