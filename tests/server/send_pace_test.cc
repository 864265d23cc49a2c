// The reckoning of limit_rate: how much may go when.
#include "server/send_pace.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>

namespace uringx {
namespace {

using std::chrono::milliseconds;

constexpr Clock::time_point kStart{std::chrono::hours(1)};
constexpr std::int64_t kWall = 1'700'000'000'000;

// What goes and when, of an answer of `bytes` bytes that a client takes at once: "bytes@ms" in a row.
std::string course(SendPace pace, std::uint64_t bytes) {
  std::string course;
  milliseconds at{0};
  for (std::uint64_t sent = 0; sent < bytes;) {
    const std::uint64_t allowed = std::min(pace.allowance(kStart + at, sent), bytes - sent);
    if (allowed == 0) {
      REQUIRE(pace.wait().count() > 0);
      at += pace.wait();
      continue;
    }
    sent += allowed;
    course += std::to_string(allowed) + "@" + std::to_string(at.count()) + " ";
  }
  return course;
}

SendPace pace(std::uint64_t rate, std::uint64_t after, std::int64_t start_ms = kWall, std::int64_t now_ms = kWall, std::uint64_t burst = 0) {
  return {rate, after, start_ms, now_ms, kStart, burst};
}

}  // namespace

TEST_CASE("without a rate there is no limit") {
  CHECK_FALSE(SendPace().limited());
  CHECK_FALSE(pace(0, 100).limited());
  CHECK(pace(1, 0).limited());
}

TEST_CASE("a second's worth goes at once, the next when the second is over") {
  CHECK(course(pace(1000, 0), 3500) == "1000@0 1000@1000 1000@2000 500@3000 ");
  CHECK(course(pace(1000, 0), 1000) == "1000@0 ");
}

TEST_CASE("seconds are those of the wall clock, from the one the request began in") {
  CHECK(course(pace(1000, 0, kWall + 900, kWall + 900), 3000) == "1000@0 1000@1000 1000@2000 ");
  CHECK(course(pace(1000, 0, kWall + 900, kWall + 1100), 3000) == "2000@0 1000@2000 ");  // it took a while to be answered
}

TEST_CASE("what is free goes first, and takes no time") {
  CHECK(course(pace(1000, 5000), 7500) == "6000@0 1000@1000 500@2000 ");
  CHECK(course(pace(1000, 50'000), 20'000) == "20000@0 ");
}

TEST_CASE("sendfile_max_chunk bounds what goes at once") {
  CHECK(course(pace(1000, 0, kWall, kWall, 400), 1000) == "400@0 400@400 200@800 ");
}

TEST_CASE("a client that took only a part gets the rest without another wait") {
  SendPace slow = pace(1000, 0);
  CHECK(slow.allowance(kStart, 0) == 1000);
  CHECK(slow.allowance(kStart + milliseconds(1), 300) == 700);
  CHECK(slow.allowance(kStart + milliseconds(2), 1000) == 0);
  CHECK(slow.wait() == milliseconds(1000));
}

TEST_CASE("a clock that was set back holds nobody up, and no number is too large") {
  CHECK(course(pace(1000, 0, kWall + 3'600'000, kWall), 2000) == "1000@0 1000@1000 ");
  CHECK(pace(UINT64_MAX, UINT64_MAX).allowance(kStart + std::chrono::hours(24 * 365 * 100), 0) > (std::uint64_t{1} << 40));
  SendPace slowest = pace(1, 0);
  CHECK(slowest.allowance(kStart, 0) == 1);
  CHECK(slowest.allowance(kStart, std::uint64_t{1} << 40) == 0);
  CHECK(slowest.wait().count() > 0);
}

}  // namespace uringx
