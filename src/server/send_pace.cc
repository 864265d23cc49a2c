#include "server/send_pace.h"

#include <algorithm>

#include "modules/http_core.h"

namespace uringx {
namespace {

// Larger numbers are as good as no limit; with these the reckoning cannot overflow.
constexpr std::uint64_t kRateMax = std::uint64_t{1} << 40;
constexpr std::int64_t kSecondsMax = std::int64_t{1} << 22;
constexpr std::uint64_t kAfterMax = std::uint64_t{1} << 61;
constexpr std::int64_t kMsPerSecond = 1000;

}  // namespace

SendPace::SendPace(std::uint64_t rate, std::uint64_t after, std::int64_t start_ms, std::int64_t now_ms, Clock::time_point now,
                   std::uint64_t burst_bytes_max)
    : rate_(std::min(rate, kRateMax)),
      after_(std::min(after, kAfterMax)),
      burst_bytes_max_(burst_bytes_max),
      second_began_(now - std::chrono::milliseconds(std::max(now_ms - start_ms, std::int64_t{0}) + start_ms % kMsPerSecond)) {}

SendPace SendPace::of(const Request& request, Clock::time_point now) {
  if (request.limit_rate.value_or(0) == 0) return {};
  return {*request.limit_rate, request.limit_rate_after,  request.start_msec,
          request.clock.msec,  now, request.settings<HttpCoreLocation>().sendfile_max_chunk->count};
}

std::uint64_t SendPace::allowance(Clock::time_point now, std::uint64_t sent) {
  if (sent < burst_end_) return burst_end_ - sent;
  wait_ = after_burst(sent);
  burst_begin_ = burst_end_ = sent;
  if (wait_.count() > 0) return 0;
  const std::int64_t bytes = budget(now, sent);
  if (bytes <= 0) {
    wait_ = std::chrono::milliseconds(-bytes * kMsPerSecond / static_cast<std::int64_t>(rate_) + 1);
    return 0;
  }
  std::uint64_t burst = static_cast<std::uint64_t>(bytes);
  if (burst_bytes_max_ != 0) burst = std::min(burst, burst_bytes_max_);
  burst_end_ = sent + burst;
  return burst;
}

// The time that what went at once takes at the rate; what is free takes none.
std::chrono::milliseconds SendPace::after_burst(std::uint64_t sent) const {
  const std::uint64_t limited_sent = sent - std::min(sent, after_);
  const std::uint64_t limited_begin = burst_begin_ - std::min(burst_begin_, after_);
  return std::chrono::milliseconds(
      static_cast<std::int64_t>((limited_sent - limited_begin) * static_cast<std::uint64_t>(kMsPerSecond) / rate_));
}

std::int64_t SendPace::budget(Clock::time_point now, std::uint64_t sent) const {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(now - second_began_).count();
  const auto earned = static_cast<std::uint64_t>(std::clamp<std::int64_t>(seconds + 1, 1, kSecondsMax)) * rate_;
  return static_cast<std::int64_t>(earned + after_) - static_cast<std::int64_t>(sent);
}

}  // namespace uringx
