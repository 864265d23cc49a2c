#include "server/wall_clock.h"

#include <time.h>

namespace uringx {

void WallClockKeeper::update(Clock::time_point steady_now) {
  clock_.steady_msec = std::chrono::duration_cast<std::chrono::milliseconds>(steady_now.time_since_epoch()).count();
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  clock_.msec = static_cast<std::int64_t>(now.tv_sec) * 1000 + now.tv_nsec / 1'000'000;
  if (now.tv_sec == second_) return;
  second_ = now.tv_sec;
  const int offset_minutes = local_offset_minutes(second_);
  write_http_date(http_date_, second_);
  write_log_date(log_local_, second_, offset_minutes);
  write_iso_date(iso8601_, second_, offset_minutes);
  clock_.http_date = {http_date_, sizeof(http_date_)};
  clock_.log_local = {log_local_, sizeof(log_local_)};
  clock_.iso8601 = {iso8601_, sizeof(iso8601_)};
}

}  // namespace uringx
