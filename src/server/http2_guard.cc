#include "server/http2_guard.h"

#include <algorithm>

namespace uringx {
namespace {

constexpr std::size_t kBodyBytesPerFrame = 1024;

// ngx_http_v2.c: ngx_http_v2_state_headers.
constexpr std::uint32_t kNewStreamsPerConcurrent = 2;
constexpr std::uint32_t kRefusedStreamsMin = 100;

// nginx's words where it has some.
constexpr std::string_view kFlood = "http2 flood detected";

bool carries_something(const Http2FrameHead& frame) {
  switch (frame.type) {
    case Http2FrameType::data:
      return frame.payload_bytes != 0 || (frame.flags & kHttp2EndStream) != 0;
    case Http2FrameType::headers:
      return true;
    case Http2FrameType::priority:
    case Http2FrameType::rst_stream:
    case Http2FrameType::settings:
    case Http2FrameType::push_promise:
    case Http2FrameType::ping:
    case Http2FrameType::goaway:
    case Http2FrameType::window_update:
    case Http2FrameType::continuation:
    case Http2FrameType::priority_update:
      return false;
  }
  return false;  // unknown ones
}

std::string_view flood_of(Http2FrameType type) {
  switch (type) {
    case Http2FrameType::data:
      return "http2 flood detected: too many empty DATA frames";
    case Http2FrameType::priority:
    case Http2FrameType::priority_update:
      return "http2 flood detected: too many PRIORITY frames";
    case Http2FrameType::rst_stream:
      return "http2 flood detected: too many RST_STREAM frames";
    case Http2FrameType::settings:
      return "http2 flood detected: too many SETTINGS frames";
    case Http2FrameType::ping:
      return "http2 flood detected: too many PING frames";
    case Http2FrameType::window_update:
      return "http2 flood detected: too many WINDOW_UPDATE frames";
    case Http2FrameType::continuation:
      return "http2 flood detected: too many CONTINUATION frames";
    case Http2FrameType::headers:
    case Http2FrameType::push_promise:
    case Http2FrameType::goaway:
      return kFlood;
  }
  return kFlood;
}

}  // namespace

bool TokenBucket::take(Clock::time_point now) {
  if (tokens_ < tokens_max_) {
    const std::int64_t elapsed_ms = std::chrono::duration_cast<std::chrono::milliseconds>(now - refilled_).count();
    const std::int64_t gained = std::min(elapsed_ms, std::int64_t{60'000}) * per_s_ / 1000;
    if (gained > 0) {
      tokens_ = std::min(tokens_max_, tokens_ + gained);
      refilled_ = now;
    }
  } else {
    refilled_ = now;
  }
  if (tokens_ == 0) return false;
  --tokens_;
  return true;
}

void TokenBucket::give(std::int64_t tokens) { tokens_ = std::min(tokens_max_, tokens_ + tokens); }

std::string_view Http2Guard::on_frame(const Http2FrameHead& frame, Clock::time_point now) {
  if (carries_something(frame) || overhead_.take(now)) return {};
  return flood_of(frame.type);
}

// What came in one turn was sent without an answer seen: more than twice what may be open is no mistake.
std::string_view Http2Guard::on_new_stream(Clock::time_point now) {
  if (now != turn_) new_streams_ = 0;
  turn_ = now;
  overhead_.give(kOverheadFramesPerRequest);
  return new_streams_++ >= kNewStreamsPerConcurrent * streams_max_ ? "client sent too many streams at once" : std::string_view();
}

std::string_view Http2Guard::on_refused_stream() {
  return refused_streams_++ >= std::max(streams_max_, kRefusedStreamsMin) ? "client sent too many refused streams" : std::string_view();
}

std::string_view Http2Guard::on_reset(Clock::time_point now) {
  return resets_.take(now) ? std::string_view() : "http2 flood detected: too many streams were reset";
}

void Http2Guard::on_body(std::size_t bytes) {
  body_bytes_ += bytes;
  if (body_bytes_ < kBodyBytesPerFrame) return;
  overhead_.give(static_cast<std::int64_t>(body_bytes_ / kBodyBytesPerFrame));
  body_bytes_ %= kBodyBytesPerFrame;
}

}  // namespace uringx
