#include "http/date.h"

#include <doctest/doctest.h>

#include <ctime>
#include <limits>
#include <optional>
#include <random>
#include <string>

namespace uringx {
namespace {

constexpr std::time_t kExample = 784111777;  // RFC 9110 section 5.6.7

std::string http_date(std::time_t time) {
  char text[kHttpDateBytes];
  CHECK(write_http_date(text, time) == text + kHttpDateBytes);
  return {text, kHttpDateBytes};
}

template <typename Writer>
std::string written(Writer writer) {
  char text[64];
  return {text, writer(text)};
}

TEST_CASE("an HTTP date") {
  CHECK(http_date(kExample) == "Sun, 06 Nov 1994 08:49:37 GMT");
  CHECK(http_date(0) == "Thu, 01 Jan 1970 00:00:00 GMT");
  CHECK(http_date(951782400) == "Tue, 29 Feb 2000 00:00:00 GMT");
  CHECK(http_date(4107542399) == "Sun, 28 Feb 2100 23:59:59 GMT");
  CHECK(http_date(4107542400) == "Mon, 01 Mar 2100 00:00:00 GMT");
  CHECK(http_date(253402300799) == "Fri, 31 Dec 9999 23:59:59 GMT");
}

TEST_CASE("times no date can say are clamped as nginx clamps them (CVE-2017-20005)") {
  CHECK(http_date(253402300800) == http_date(253402300799));
  CHECK(http_date(std::numeric_limits<std::time_t>::max()) == http_date(253402300799));
  CHECK(http_date(-1) == http_date(0));
  CHECK(http_date(std::numeric_limits<std::time_t>::min()) == http_date(0));
}

TEST_CASE("dates of logs, with the zone's offset") {
  CHECK(written([](char* out) { return write_log_date(out, kExample, 0); }) == "06/Nov/1994:08:49:37 +0000");
  CHECK(written([](char* out) { return write_log_date(out, kExample, 330); }) ==
        "06/Nov/1994:14:19:37 +0530");
  CHECK(written([](char* out) { return write_log_date(out, kExample, -570); }) ==
        "05/Nov/1994:23:19:37 -0930");
  CHECK(written([](char* out) { return write_iso_date(out, kExample, -60); }) == "1994-11-06T07:49:37-01:00");
  CHECK(written([](char* out) { return write_cookie_date(out, kExample); }) == "Sun, 06-Nov-94 08:49:37 GMT");
  CHECK(written([](char* out) { return write_cookie_date(out, 2145916799); }) ==
        "Thu, 31-Dec-37 23:59:59 GMT");
  CHECK(written([](char* out) { return write_cookie_date(out, 2145916800); }) ==
        "Fri, 01-Jan-2038 00:00:00 GMT");
}

TEST_CASE("all three forms of a date are read") {
  CHECK(parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT") == kExample);
  CHECK(parse_http_date("Sunday, 06-Nov-94 08:49:37 GMT") == kExample);
  CHECK(parse_http_date("Sun Nov  6 08:49:37 1994") == kExample);
  CHECK(parse_http_date("Sun Nov 16 08:49:37 1994") == kExample + 864000);
  CHECK(parse_http_date("Sun, 06 Nov 1994 08:49:37") == kExample);
  CHECK(parse_http_date("Sun,06 Nov 1994 08:49:37 anything") == kExample);
  CHECK(parse_http_date("nonsense, 06 Nox 1994 08:49:37") == kExample);
  CHECK(parse_http_date("Sun, 06-Nov-69 00:00:00 GMT") == 3150921600);
  CHECK(parse_http_date("Thu, 29 Feb 2024 00:00:00 GMT") == 1709164800);
  CHECK(parse_http_date("Wed, 01 Jan 1969 00:00:00 GMT") == -31536000);
}

TEST_CASE("what is no date is nothing") {
  for (const std::string_view bad : {"",
                                     ",",
                                     "Sun",
                                     "Sun,",
                                     "Sun, 06 Nov 1994",
                                     "Sun, 6 Nov 1994 08:49:37 GMT",
                                     "Sun, 06 Nov 94 08:49:37 GMT",
                                     "Sun, 06 Xov 1994 08:49:37 GMT",
                                     "Sun, 06 Nov 1994 24:00:00 GMT",
                                     "Sun, 06 Nov 1994 08:60:00 GMT",
                                     "Sun, 06 Nov 1994 08:00:60 GMT",
                                     "Sun, 31 Nov 1994 08:49:37 GMT",
                                     "Sun, 29 Feb 2023 08:49:37 GMT",
                                     "Sun, 29 Feb 1900 08:49:37 GMT",
                                     "Sun, 30 Feb 2024 08:49:37 GMT",
                                     "Sun, 06/Nov/1994 08:49:37 GMT",
                                     "Sunday, 06-Nov-94 08:49:3",
                                     "Sun Nov  6 08:49:37 199",
                                     "Sun Nov  x 08:49:37 1994",
                                     "Sun, 06 Nov 1994 08-49-37",
                                     "784111777",
                                     "Sun, -6 Nov 1994 08:49:37 GMT"}) {
    CAPTURE(bad);
    CHECK_FALSE(parse_http_date(bad));
  }
}

TEST_CASE("a date that is written is read back, across leap years and centuries") {
  for (std::time_t time = 0; time < 253402300799; time += 86399 * 37)
    CHECK(parse_http_date(http_date(time)) == time);
}

// What the C library makes of the fields, where nginx takes them: no 60th second, and a day 0 is the day before the first.
std::optional<std::time_t> time_of(int year, int month, int day, int hour, int minute, int second) {
  std::tm last_day{};
  last_day.tm_year = year - 1900;
  last_day.tm_mon = month;  // day 0 of the next month
  ::timegm(&last_day);
  if (day > last_day.tm_mday || hour > 23 || minute > 59 || second > 59) return std::nullopt;
  std::tm fields{};
  fields.tm_year = year - 1900;
  fields.tm_mon = month - 1;
  fields.tm_mday = day;
  fields.tm_hour = hour;
  fields.tm_min = minute;
  fields.tm_sec = second;
  return ::timegm(&fields);
}

TEST_CASE("random dates in all forms are what the C library's calendar says") {
  constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  std::mt19937 random(19941106);
  const auto below = [&random](unsigned end) { return static_cast<int>(random() % end); };
  for (int round = 0; round < 30000; ++round) {
    const int month = 1 + below(12);
    const int day = below(34);
    const int hour = below(26);
    const int minute = below(63);
    const int second = below(63);
    const int year = 1583 + below(8000);
    const int short_year = below(100);
    char text[64];
    std::snprintf(text, sizeof(text), "Sun, %02d %s %04d %02d:%02d:%02d GMT", day, kMonths[month - 1], year, hour, minute, second);
    REQUIRE_MESSAGE(parse_http_date(text) == time_of(year, month, day, hour, minute, second), text);
    std::snprintf(text, sizeof(text), "Sun %s %2d %02d:%02d:%02d %04d", kMonths[month - 1], day, hour, minute, second, year);
    REQUIRE_MESSAGE(parse_http_date(text) == time_of(year, month, day, hour, minute, second), text);
    std::snprintf(text, sizeof(text), "Sunday, %02d-%s-%02d %02d:%02d:%02d GMT", day, kMonths[month - 1], short_year, hour, minute,
                  second);
    const int full_year = short_year < 70 ? 2000 + short_year : 1900 + short_year;
    REQUIRE_MESSAGE(parse_http_date(text) == time_of(full_year, month, day, hour, minute, second), text);
  }
}

TEST_CASE("a date with any bytes in it is read or refused") {
  std::mt19937 random(850);
  for (int round = 0; round < 30000; ++round) {
    std::string text = http_date(static_cast<std::time_t>(random()));
    for (auto changes = 1 + random() % 4; changes > 0; --changes) {
      const std::size_t at = random() % text.size();
      if (random() % 4 == 0) text.erase(at, 1 + random() % 3);
      else text[at] = static_cast<char>(random());
    }
    const auto parsed = parse_http_date(text);
    if (parsed) CHECK((*parsed > -100'000'000'000 && *parsed < 300'000'000'000));
  }
}

TEST_CASE("a date cut short is never read beyond its end") {
  for (const std::string_view text :
       {"Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"}) {
    for (std::size_t size = 0; size < text.size(); ++size) {
      const std::string cut(text.substr(0, size));
      const auto parsed = parse_http_date(cut);
      if (parsed) CHECK(*parsed == kExample);
    }
  }
}

}  // namespace
}  // namespace uringx
