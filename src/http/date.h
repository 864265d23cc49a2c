// Dates as HTTP, logs and cookies write them. Pure functions of their arguments, usable on any thread.
//
// Times before 1970 print as 1970-01-01 00:00:00 and those after the year 9999 as its last second
// (ngx_gmtime), so every text has its fixed length whatever a file system says.
#pragma once

#include <cstddef>
#include <ctime>
#include <optional>
#include <string_view>

namespace uringx {

struct CivilTime {
  int year = 1970;
  int month = 1;  // 1-12
  int day = 1;
  int hour = 0, minute = 0, second = 0;
  int weekday = 4;  // 0: Sunday
};

// UTC, clamped as said above. For local time add the offset's seconds first.
CivilTime civil_time(std::time_t time);

// Three letters each; month 1-12, weekday 0-6 from Sunday.
std::string_view month_name(int month);
std::string_view weekday_name(int weekday);

inline constexpr std::size_t kHttpDateBytes = 29;      // Sun, 06 Nov 1994 08:49:37 GMT
inline constexpr std::size_t kLogDateBytes = 26;       // 06/Nov/1994:08:49:37 +0000
inline constexpr std::size_t kIsoDateBytes = 25;       // 1994-11-06T08:49:37+00:00
inline constexpr std::size_t kErrorLogDateBytes = 19;  // 1994/11/06 08:49:37
inline constexpr std::size_t kSyslogDateBytes = 15;    // Nov  6 08:49:37
inline constexpr std::size_t kCookieDateBytesMax = 31;

// Each writes to `out`, which holds that many bytes, and returns the end. `offset_minutes` is local time's
// distance east of UTC. Date: and Last-Modified:
char* write_http_date(char* out, std::time_t time);

// $time_local
char* write_log_date(char* out, std::time_t time, int offset_minutes);

// $time_iso8601
char* write_iso_date(char* out, std::time_t time, int offset_minutes);

// Netscape's form with two digits of the year up to 2037 (ngx_http_cookie_time)
char* write_cookie_date(char* out, std::time_t time);

// Local time's offset at `time`, from the time zone of the process (localtime_r): ask once a second, not a
// request.
int local_offset_minutes(std::time_t time);

// RFC 9110 section 5.6.7's three forms, with ngx_parse_http_time's leniencies (the name of the day and the
// zone are not looked at). Nothing when it is no date.
std::optional<std::time_t> parse_http_date(std::string_view text);

}  // namespace uringx
