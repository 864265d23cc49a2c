// SendPace says how much of an answer may go when, so that it keeps to limit_rate: the reckoning of ngx_http_write_filter, in
// whole seconds of the time since the request began. Part of whoever sends the answer; without a limit nobody asks it.
#pragma once

#include <chrono>
#include <cstdint>

#include "ring/backend.h"

namespace uringx {

struct Request;

class SendPace {
 public:
  SendPace() = default;
  // `rate` and `after` are limit_rate and limit_rate_after, `start_ms` and `now_ms` wall clock times of the request's first byte
  // and of `now`; `burst_bytes_max`: sendfile_max_chunk, 0 for none.
  SendPace(std::uint64_t rate, std::uint64_t after, std::int64_t start_ms, std::int64_t now_ms, Clock::time_point now,
           std::uint64_t burst_bytes_max);
  // Of the answer that begins now. Its rate is known (choose_rate()).
  static SendPace of(const Request& request, Clock::time_point now);

  bool limited() const { return rate_ != 0; }

  // The bytes that may go now that `sent` of the answer, its head included, have gone. 0: none before wait() has passed.
  std::uint64_t allowance(Clock::time_point now, std::uint64_t sent);
  std::chrono::milliseconds wait() const { return wait_; }

 private:
  std::chrono::milliseconds after_burst(std::uint64_t sent) const;
  std::int64_t budget(Clock::time_point now, std::uint64_t sent) const;

  std::uint64_t rate_ = 0;  // bytes a second
  std::uint64_t after_ = 0;
  std::uint64_t burst_bytes_max_ = 0;
  Clock::time_point second_began_;  // the wall clock's second that the request began in: whole ones are counted from here
  std::uint64_t burst_begin_ = 0;   // what goes at once, in bytes of the answer
  std::uint64_t burst_end_ = 0;
  std::chrono::milliseconds wait_{0};
};

}  // namespace uringx
