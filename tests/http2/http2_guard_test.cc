// The counters behind "http2 flood detected".
#include "server/http2_guard.h"

#include <chrono>

#include <doctest/doctest.h>

namespace uringx {
namespace {

using namespace std::chrono_literals;

constexpr Clock::time_point kBegin{1000s};

Http2FrameHead frame(Http2FrameType type, std::size_t payload_bytes = 8, std::uint8_t flags = 0) {
  return {.type = type, .flags = flags, .stream_id = 1, .payload_bytes = payload_bytes};
}

// How many of such frames are let through at `now`.
std::int64_t let_through(Http2Guard& guard, const Http2FrameHead& head, Clock::time_point now) {
  for (std::int64_t count = 0; count < 100'000; ++count) {
    if (!guard.on_frame(head, now).empty()) return count;
  }
  return -1;
}

}  // namespace

TEST_CASE("a bucket gives its tokens, and those that time brings, but never more than it holds") {
  TokenBucket bucket(10, 5);
  for (int i = 0; i < 10; ++i) CHECK(bucket.take(kBegin));
  CHECK_FALSE(bucket.take(kBegin));
  CHECK_FALSE(bucket.take(kBegin + 100ms));
  CHECK(bucket.take(kBegin + 200ms));
  CHECK_FALSE(bucket.take(kBegin + 200ms));
  int taken = 0;
  while (bucket.take(kBegin + 1h)) ++taken;
  CHECK(taken == 10);
  bucket.give(100);
  for (taken = 0; bucket.take(kBegin + 1h);) ++taken;
  CHECK(taken == 10);
}

TEST_CASE("small steps of time bring tokens too") {
  TokenBucket bucket(1, 1000);
  int taken = 0;
  for (int us = 0; us < 1'000'000; us += 100) taken += bucket.take(kBegin + std::chrono::microseconds(us));
  CHECK(taken >= 900);
  CHECK(taken <= 1001);
}

TEST_CASE("frames that carry nothing are bounded, whatever their kind") {
  for (const auto type : {Http2FrameType::priority, Http2FrameType::rst_stream, Http2FrameType::settings, Http2FrameType::ping,
                          Http2FrameType::window_update, Http2FrameType::continuation, Http2FrameType::priority_update,
                          Http2FrameType{0xee}}) {
    Http2Guard guard(128);
    CHECK(let_through(guard, frame(type), kBegin) == Http2Guard::kOverheadFramesMax);
    CHECK(let_through(guard, frame(type), kBegin + 1s) == Http2Guard::kOverheadFramesPerSecond);
  }
  Http2Guard guard(128);
  CHECK(let_through(guard, frame(Http2FrameType::data, 0), kBegin) == Http2Guard::kOverheadFramesMax);
}

TEST_CASE("frames that carry something are not") {
  Http2Guard guard(128);
  CHECK(let_through(guard, frame(Http2FrameType::data, 1), kBegin) == -1);
  CHECK(let_through(guard, frame(Http2FrameType::data, 0, kHttp2EndStream), kBegin) == -1);
  CHECK(let_through(guard, frame(Http2FrameType::headers), kBegin) == -1);
}

TEST_CASE("what is asked for and what is sent allows more frames") {
  Http2Guard guard(128);
  let_through(guard, frame(Http2FrameType::ping), kBegin);
  guard.on_new_stream(kBegin);
  CHECK(let_through(guard, frame(Http2FrameType::ping), kBegin) == Http2Guard::kOverheadFramesPerRequest);
  for (int i = 0; i < 10; ++i) guard.on_body(1000);
  CHECK(let_through(guard, frame(Http2FrameType::window_update), kBegin) == 9);
}

TEST_CASE("a download with a window update for every frame goes on for ever; one of single bytes does not") {
  for (const std::size_t bytes : {std::size_t{8192}, std::size_t{1}}) {
    Http2Guard guard(128);
    bool flooded = false;
    for (int i = 0; i < 1'000'000 && !flooded; ++i) {
      guard.on_body(bytes);
      flooded = !guard.on_frame(frame(Http2FrameType::window_update), kBegin).empty() ||
                !guard.on_frame(frame(Http2FrameType::window_update), kBegin).empty();
    }
    CHECK(flooded == (bytes == 1));
  }
}

TEST_CASE("new streams are bounded for each turn, refused ones and resets for all") {
  Http2Guard guard(10);
  for (int turn = 0; turn < 5; ++turn) {
    int streams = 0;
    while (guard.on_new_stream(kBegin + std::chrono::milliseconds(turn)).empty()) ++streams;
    CHECK(streams == 20);
  }
  int refused = 0;
  while (guard.on_refused_stream().empty()) ++refused;
  CHECK(refused == 100);
  int resets = 0;
  while (guard.on_reset(kBegin).empty()) ++resets;
  CHECK(resets == Http2Guard::kResetsMax);
  CHECK(guard.on_reset(kBegin + 1s).empty());
}

}  // namespace uringx
