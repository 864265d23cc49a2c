// The arithmetic of limit_req against numbers reckoned by hand from nginx's source.
#include "modules/request_rate.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "base/chunk_pool.h"

namespace uringx {
namespace {

const SharedZoneUse kUse{SharedKeys::format, "limit_req"};
using Kind = RateVerdict::Kind;

class Zones {
 public:
  Zones() {
    for (const char* name : {"rate_one", "rate_two"}) {
      auto zone = zones_.declare(name, SharedKeys::kZoneBytesMin, kUse);
      REQUIRE(zone);
      keys_.emplace_back(*zone);
    }
    REQUIRE(zones_.open());
  }

  CountedKey key(std::size_t zone, std::string_view text, std::uint64_t rate, std::uint64_t burst, std::uint64_t delay, bool last = true) {
    return {&keys_[zone], keys_[zone].key(text), rate * 1000, burst * 1000, delay * 1000, last};
  }
  RateVerdict count(std::initializer_list<CountedKey> keys, std::int64_t now_ms) { return count_request({keys.begin(), keys.size()}, now_ms, arena_); }
  SharedKeys& keys(std::size_t zone) { return keys_[zone]; }

 private:
  SharedZones zones_;
  std::vector<SharedKeys> keys_;
  ChunkPool pool_{64};
  Arena arena_{pool_};
};

SharedKeys::Entry entry(std::uint64_t excess, std::int64_t last_ms) {
  SharedKeys::Entry made{};
  made.excess = excess;
  made.last_ms = last_ms;
  return made;
}

constexpr std::int64_t kNow = 10'000'000;

}  // namespace

TEST_CASE("a request is a thousand, and drains at the rate") {
  CHECK(excess_with_another(entry(0, kNow), 1000, kNow) == 1000);
  CHECK(excess_with_another(entry(1000, kNow), 1000, kNow + 400) == 1600);
  CHECK(excess_with_another(entry(1000, kNow), 16, kNow + 60'000) == 1040);  // 1r/m: 16 thousandths a second
  CHECK(excess_with_another(entry(1000, kNow), 1000, kNow + 5000) == 0);
  CHECK(excess_with_another(entry(2500, kNow), 3000, kNow + 1) == 3497);  // drained downwards: 3 thousandths
}

TEST_CASE("a clock that went back a little has stood still, one that went back a minute has gone on by one") {
  CHECK(excess_with_another(entry(5000, kNow), 1'000'000, kNow - 100) == 6000);
  CHECK(excess_with_another(entry(5000, kNow), 1'000'000, kNow - 60'000) == 6000);
  CHECK(excess_with_another(entry(5000, kNow), 1'000'000, kNow - 60'001) == 5000);
}

TEST_CASE("the first request of a key costs nothing, the burst is let in, the next is not") {
  Zones zones;
  const auto ask = [&](std::int64_t ms) { return zones.count({zones.key(0, "a", 1, 2, 1000)}, kNow + ms); };
  CHECK(ask(0).kind == Kind::counted);
  CHECK(ask(0).kind == Kind::counted);
  CHECK(ask(0).kind == Kind::counted);
  const RateVerdict refused = ask(0);
  CHECK(refused.kind == Kind::over_burst);
  CHECK(refused.excess == 3000);
  CHECK(ask(999).excess == 2001);     // refused again: that is not counted
  CHECK(ask(1000).kind == Kind::counted);
  CHECK(ask(1000).kind == Kind::over_burst);
}

TEST_CASE("what is over `delay` waits until its turn at the rate") {
  Zones zones;
  const auto ask = [&](std::int64_t ms) { return zones.count({zones.key(0, "a", 2, 5, 1)}, kNow + ms); };
  CHECK(ask(0).delay_ms == 0);
  CHECK(ask(0).delay_ms == 0);  // excess 1
  const RateVerdict second = ask(0);
  CHECK(second.delay_ms == 500);
  CHECK(second.excess == 2000);
  CHECK(ask(250).delay_ms == 750);  // 2.5
}

TEST_CASE("of several zones the longest delay counts; a refusal in one is counted in none") {
  Zones zones;
  const auto ask = [&](std::int64_t ms) {
    return zones.count({zones.key(0, "a", 1, 3, 0, false), zones.key(1, "b", 10, 2, 0)}, kNow + ms);
  };
  CHECK(ask(0).delay_ms == 0);
  const RateVerdict slow = ask(0);
  CHECK(slow.delay_ms == 1000);
  CHECK(slow.index == 0);
  CHECK(ask(0).delay_ms == 2000);
  const RateVerdict refused = ask(0);
  CHECK(refused.kind == Kind::over_burst);
  CHECK(refused.index == 1);
  CHECK(refused.excess == 3000);
  // In the first zone still 2: after a second there is room for two more.
  CHECK(ask(1000).delay_ms == 2000);
  CHECK(ask(1000).delay_ms == 3000);
  CHECK(ask(1000).index == 0);
}

TEST_CASE("old keys without excess make room, the oldest does so by force, a key in no way fits") {
  Zones zones;
  std::size_t count = 0;
  const auto ask = [&](std::string_view key, std::int64_t ms) { return zones.count({zones.key(0, key, 1, 1, 1000)}, kNow + ms).kind; };
  const auto knows = [&](std::string_view text) {
    const SharedKeys::Key key = zones.keys(0).key(text);
    return zones.keys(0).lock(key).find(key) != nullptr;
  };
  while (count < 2000) REQUIRE(ask(fmt::format("{:04}", count++), 0) == Kind::counted);
  CHECK_FALSE(knows("0000"));
  CHECK(knows("1999"));
  CHECK(knows("1900"));
  CHECK(ask(std::string(40'000, 'l'), 0) == Kind::no_room);
  // A minute later each new key takes two old ones with it.
  ask("new", 60'001);
  std::size_t left = 0;
  for (std::size_t i = 0; i < count; ++i) left += knows(fmt::format("{:04}", i));
  ask("newer", 60'001);
  std::size_t left_then = 0;
  for (std::size_t i = 0; i < count; ++i) left_then += knows(fmt::format("{:04}", i));
  CHECK(left_then + 2 == left);
}

TEST_CASE("a key that was used by another zone only is no key of this one") {
  Zones zones;
  CHECK(zones.count({zones.key(0, "a", 1, 0, 0)}, kNow).kind == Kind::counted);
  CHECK(zones.count({zones.key(1, "a", 1, 0, 0)}, kNow).kind == Kind::counted);
  CHECK(zones.count({zones.key(0, "a", 1, 0, 0)}, kNow).kind == Kind::over_burst);
}

}  // namespace uringx
