// Ranges as ngx_http_range_filter_module reads them, and the bytes of its answers.
#include "http/range.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <charconv>
#include <random>
#include <regex>
#include <string>

#include "tests/http/http_fixture.h"

namespace uringx {
namespace {

std::string ranges(std::string_view value, std::int64_t length = 100,
                   std::uint64_t max_ranges = kMaxRangesDefault) {
  TestMemory memory;
  const auto result = parse_ranges(value, length, max_ranges, &memory.arena);
  if (!result) return result.error() == RangeRefusal::whole ? "whole" : "unsatisfiable";
  std::string text;
  for (const ByteRange& range : *result)
    text += fmt::format("{}{}-{}", text.empty() ? "" : ",", range.start, range.end);
  return text;
}

TEST_CASE("ranges that are served") {
  CHECK(ranges("bytes=0-0") == "0-1");
  CHECK(ranges("bytes=0-99") == "0-100");
  CHECK(ranges("bytes=0-100") == "0-100");
  CHECK(ranges("BYTES=5-") == "5-100");
  CHECK(ranges("bytes=-5") == "95-100");
  CHECK(ranges("bytes=-100") == "0-100");
  CHECK(ranges("bytes=-101") == "0-100");
  CHECK(ranges("bytes=99-9223372036854775807") == "99-100");
  CHECK(ranges("bytes=-9223372036854775807") == "0-100");
  CHECK(ranges("bytes= 1 - 2 , - 3") == "unsatisfiable");  // no blank after the "-" of a suffix
  CHECK(ranges("bytes= 1 - 2 , -3 ") == "1-3,97-100");
  CHECK(ranges("bytes=5-6,0-1") == "5-7,0-2");
  CHECK(ranges("bytes=0-1,0-1,1-2") == "0-2,0-2,1-3");
}

TEST_CASE("an unsatisfiable range among good ones is dropped") {
  CHECK(ranges("bytes=100-,0-0") == "0-1");
  CHECK(ranges("bytes=0-0,200-300,-1") == "0-1,99-100");
  CHECK(ranges("bytes=5-4,1-1") == "1-2");
  CHECK(ranges("bytes=-0,1-1") == "1-2");
}

TEST_CASE("ranges answered 416") {
  for (const std::string_view bad : {"bytes=100-",
                                     "bytes=100-200",
                                     "bytes=-0",
                                     "bytes=5-4",
                                     "bytes=a-b",
                                     "bytes=1",
                                     "bytes=1-b",
                                     "bytes=--1",
                                     "bytes=-",
                                     "bytes=1-2,",
                                     "bytes=1-2,,3-4",
                                     "bytes=,1-2",
                                     "bytes=1-2;3-4",
                                     "bytes=1-2 3-4",
                                     "bytes=+1-2",
                                     "bytes=1-+2",
                                     "bytes=0x1-2",
                                     "bytes=\t1-2",
                                     "bytes=9223372036854775808-",
                                     "bytes=0-9223372036854775808",
                                     "bytes=-9223372036854775808",
                                     "bytes=0-1,18446744073709551616-",
                                     "bytes=99999999999999999999999-1"}) {
    CAPTURE(bad);
    CHECK(ranges(bad) == "unsatisfiable");
  }
}

TEST_CASE("ranges answered with everything") {
  CHECK(ranges("") == "whole");
  CHECK(ranges("bytes=") == "whole");
  CHECK(ranges("byte=0-1") == "whole");
  CHECK(ranges("items=0-1") == "whole");
  CHECK(ranges("bytes =0-1") == "whole");
  CHECK(ranges("bytes=0-99,0-0") == "whole");  // more than the file holds
  CHECK(ranges("bytes=0-,0-") == "whole");
  CHECK(ranges("bytes=0-", 0) == "whole");
  CHECK(ranges("bytes=-1", 0) == "whole");
  CHECK(ranges("bytes=1-", 0) == "unsatisfiable");
}

TEST_CASE("no sum of ranges wraps (CVE-2017-7529)") {
  constexpr std::int64_t kMax = 9223372036854775807;
  CHECK(ranges("bytes=0-,0-", kMax) == "unsatisfiable");
  CHECK(ranges("bytes=-9223372036854775807,-9223372036854775807", kMax) == "unsatisfiable");
  CHECK(ranges("bytes=0-9223372036854775805,0-0", kMax) == "0-9223372036854775806,0-1");
  CHECK(ranges("bytes=0-9223372036854775806", kMax) == "0-9223372036854775807");
  CHECK(ranges("bytes=-1", kMax) == "9223372036854775806-9223372036854775807");
  std::string many = "bytes=0-0";
  for (int i = 0; i < 500; ++i) many += ",0-0";
  CHECK(ranges(many) == "whole");
  CHECK(ranges(many, 501).size() > 1000);
}

TEST_CASE("max_ranges counts the ranges that are satisfiable") {
  CHECK(ranges("bytes=0-0", 100, 1) == "0-1");
  CHECK(ranges("bytes=0-0,2-2", 100, 1) == "whole");
  CHECK(ranges("bytes=0-0,200-,1-1", 100, 2) == "0-1,1-2");
}

TEST_CASE("random ranges lie inside the file") {
  std::mt19937 random(3);
  constexpr std::string_view kPieces[] = {"0", "1", "9", "50", "-", ",", " ", "99", "9223372036854775807",
                                          "x"};
  for (int round = 0; round < 20000; ++round) {
    std::string value = "bytes=";
    for (auto count = random() % 14; count > 0; --count) value += kPieces[random() % std::size(kPieces)];
    TestMemory memory;
    const auto result = parse_ranges(value, 100, 5, &memory.arena);
    if (!result) continue;
    CAPTURE(value);
    CHECK(result->size() >= 1);
    CHECK(result->size() <= 5);
    std::int64_t total = 0;
    for (const ByteRange& range : *result) {
      CHECK((range.start >= 0 && range.start < range.end && range.end <= 100));
      total += range.size();
    }
    CHECK(total <= 100);
  }
}

// The same, read spec by spec with regular expressions: "FIRST-LAST", "FIRST-" or "-COUNT", blanks as nginx allows them.
std::string ranges_by_spec(const std::string& value, std::int64_t length, std::size_t max_ranges) {
  static const std::regex kFromTo(" *([0-9]+) *- *([0-9]*) *");
  static const std::regex kSuffix(" *-([0-9]+) *");
  bool too_large = false;
  const auto number = [&too_large](const std::string& digits) -> std::int64_t {
    std::int64_t result = 0;
    too_large = too_large || std::from_chars(digits.data(), digits.data() + digits.size(), result).ec != std::errc();
    return result;
  };
  std::string text;
  std::int64_t total = 0;
  std::size_t count = 0;
  for (std::size_t at = 6; at <= value.size();) {
    const std::size_t comma = std::min(value.find(',', at), value.size());
    const std::string spec = value.substr(at, comma - at);
    std::smatch found;
    std::int64_t first = 0;
    std::int64_t end = length;
    if (std::regex_match(spec, found, kSuffix)) {
      first = std::max<std::int64_t>(0, length - number(found[1]));
    } else if (std::regex_match(spec, found, kFromTo)) {
      first = number(found[1]);
      if (found[2].length() != 0) end = std::min(length - 1, number(found[2])) + 1;
    } else {
      return "unsatisfiable";
    }
    if (too_large) return "unsatisfiable";
    if (first < end) {
      if (count++ == max_ranges) return "whole";
      total += end - first;
      text += fmt::format("{}{}-{}", text.empty() ? "" : ",", first, end);
    } else if (first == 0) {
      return "whole";
    }
    at = comma + 1;
    if (comma == value.size()) break;
  }
  if (count == 0) return "unsatisfiable";
  return total > length ? "whole" : text;
}

TEST_CASE("random ranges are what their specs say one by one") {
  std::mt19937 random(20170711);
  constexpr std::string_view kPieces[] = {"0", "1", "9", "49", "-", "-", "-", ",", ",", " ", "99", "100", "123456789012345678", "x"};
  unsigned served = 0;
  for (int round = 0; round < 20000; ++round) {
    std::string value = "bytes=";
    for (auto count = 1 + random() % 12; count > 0; --count) value += kPieces[random() % std::size(kPieces)];
    const std::int64_t length = random() % 3 == 0 ? static_cast<std::int64_t>(random() % 4) : 100;
    if (length == 0) continue;  // an empty file has no ranges to ask for
    const std::string result = ranges(value, length, 3);
    REQUIRE_MESSAGE(result == ranges_by_spec(value, length, 3), value << " of " << length);
    served += result.find('-') != std::string::npos ? 1 : 0;
  }
  CHECK(served > 500);
}

TEST_CASE("If-Range holds for the same tag or the same date only") {
  constexpr std::string_view kTag = "\"5f-3e8\"";
  constexpr std::time_t kTime = 784111777;
  CHECK(if_range_holds("\"5f-3e8\"", kTag, kTime));
  CHECK_FALSE(if_range_holds("W/\"5f-3e8\"", kTag, kTime));
  CHECK_FALSE(if_range_holds("\"5f-3e9\"", kTag, kTime));
  CHECK_FALSE(if_range_holds("\"5f-3e8\"", "", kTime));
  CHECK_FALSE(if_range_holds("\"\"", "", kTime));
  CHECK(if_range_holds("Sun, 06 Nov 1994 08:49:37 GMT", kTag, kTime));
  CHECK_FALSE(if_range_holds("Sun, 06 Nov 1994 08:49:38 GMT", kTag, kTime));
  CHECK_FALSE(if_range_holds("Sun, 06 Nov 1994 08:49:36 GMT", kTag, kTime));
  CHECK_FALSE(if_range_holds("junk", kTag, kTime));
  CHECK_FALSE(if_range_holds("junk", kTag, -1));
  CHECK_FALSE(if_range_holds("\"", kTag, kTime));
}

TEST_CASE("the texts of Content-Range") {
  TestMemory memory;
  CHECK(content_range_text({0, 2}, 1000, memory.arena) == "bytes 0-1/1000");
  CHECK(unsatisfied_range_text(1000, memory.arena) == "bytes */1000");
  constexpr std::int64_t kMax = 9223372036854775807;
  CHECK(content_range_text({kMax - 1, kMax}, kMax, memory.arena) ==
        "bytes 9223372036854775806-9223372036854775806/9223372036854775807");
}

TEST_CASE("a multipart body has nginx's bytes and the length it says") {
  TestMemory memory;
  const ByteRange wanted[] = {{0, 2}, {3, 5}};
  const MultipartBody body = make_multipart_body(wanted, 1000, "text/plain", "utf-8", 1, memory.arena);
  CHECK(body.content_type == "multipart/byteranges; boundary=00000000000000000001");
  REQUIRE(body.parts.size() == 2);
  CHECK(body.parts[0].head ==
        "\r\n--00000000000000000001\r\nContent-Type: text/plain; charset=utf-8\r\n"
        "Content-Range: bytes 0-1/1000\r\n\r\n");
  CHECK(body.parts[1].head ==
        "\r\n--00000000000000000001\r\nContent-Type: text/plain; charset=utf-8\r\n"
        "Content-Range: bytes 3-4/1000\r\n\r\n");
  CHECK(body.parts[1].range == ByteRange{3, 5});
  CHECK(body.tail == "\r\n--00000000000000000001--\r\n");
  CHECK(body.body_bytes == 232);

  const MultipartBody plain = make_multipart_body(wanted, 10, "a/b", "", 18446744073709551615u, memory.arena);
  CHECK(plain.parts[0].head ==
        "\r\n--18446744073709551615\r\nContent-Type: a/b\r\nContent-Range: bytes 0-1/10\r\n\r\n");
  const MultipartBody untyped = make_multipart_body(wanted, 10, "", "", 2, memory.arena);
  CHECK(untyped.parts[0].head == "\r\n--00000000000000000002\r\nContent-Range: bytes 0-1/10\r\n\r\n");
}

}  // namespace
}  // namespace uringx
