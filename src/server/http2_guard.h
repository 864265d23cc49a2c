// Http2Guard counts what a client makes of an HTTP/2 connection beside asking for things, and says when it is too much.
// One for each connection, owned by its Http2, on its worker's thread. Pure: time is an argument.
//
// Frames cost little to send and something to answer; each kind of flood has its bucket of tokens, and is over when it is
// empty: rapid resets, resets that a client provokes by errors of its own (MadeYouReset), floods of SETTINGS, PING,
// PRIORITY, WINDOW_UPDATE, CONTINUATION, empty and unknown frames, windows opened a byte at a time.
#pragma once

#include <cstdint>
#include <string_view>

#include "ring/backend.h"
#include "server/http2_session.h"

namespace uringx {

// Tokens that come back with time.
class TokenBucket {
 public:
  TokenBucket(std::int64_t tokens_max, std::int64_t tokens_per_s) : tokens_max_(tokens_max), per_s_(tokens_per_s), tokens_(tokens_max) {}

  // False: there was none.
  bool take(Clock::time_point now);
  void give(std::int64_t tokens);

 private:
  std::int64_t tokens_max_;
  std::int64_t per_s_;
  std::int64_t tokens_;
  Clock::time_point refilled_{};
};

class Http2Guard {
 public:
  // Frames that carry nothing. Each request and each KiB of a body, either way, allows some more of them.
  static constexpr std::int64_t kOverheadFramesMax = 2048;
  static constexpr std::int64_t kOverheadFramesPerSecond = 512;
  static constexpr std::int64_t kOverheadFramesPerRequest = 4;
  // Streams that ended with a reset, by the client or for its fault: more than any page has pictures to cancel.
  static constexpr std::int64_t kResetsMax = 500;
  static constexpr std::int64_t kResetsPerSecond = 50;

  explicit Http2Guard(std::uint32_t max_concurrent_streams) : streams_max_(max_concurrent_streams) {}

  // Each gives what to log when it is too much (then the connection is to end), else nothing.
  std::string_view on_frame(const Http2FrameHead& frame, Clock::time_point now);
  std::string_view on_new_stream(Clock::time_point now);
  std::string_view on_refused_stream();
  std::string_view on_reset(Clock::time_point now);

  // Bytes of a body, either way.
  void on_body(std::size_t bytes);

 private:
  TokenBucket overhead_{kOverheadFramesMax, kOverheadFramesPerSecond};
  TokenBucket resets_{kResetsMax, kResetsPerSecond};
  std::uint32_t streams_max_;
  std::uint32_t new_streams_ = 0;       // in this loop turn
  std::uint32_t refused_streams_ = 0;
  std::size_t body_bytes_ = 0;          // that no tokens were given for yet
  Clock::time_point turn_{};
};

}  // namespace uringx
