#include <doctest/doctest.h>

#include "modules/module.h"

namespace uringx {
namespace {

Directive directive(std::vector<std::string> words) {
  Directive made;
  made.words = std::move(words);
  return made;
}

TEST_CASE("a time is the sum of its units, a bare number is seconds") {
  CHECK(parse_milliseconds("75") == 75'000);
  CHECK(parse_milliseconds("75s") == 75'000);
  CHECK(parse_milliseconds("500ms") == 500);
  CHECK(parse_milliseconds("1h30m") == 5'400'000);
  CHECK(parse_milliseconds("1h 30m 5s 7ms") == 5'405'007);
  CHECK(parse_milliseconds("1m30") == 90'000);
  CHECK(parse_milliseconds("1w2d3h4m5s6ms") == 788'645'006);
  CHECK(parse_milliseconds("0") == 0);
  CHECK(parse_seconds("1y") == 31'536'000);
  CHECK(parse_seconds("1M") == 2'592'000);
  CHECK(parse_seconds("2d") == 172'800);
}

TEST_CASE("a time with units out of order, unknown or too fine is refused") {
  for (const char* text :
       {"", "x", "5x", "5s4m", "5m5m", "-5", "1.5s", "s5x", "5 5 5", "1y", "1M", "5ms5s"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_milliseconds(text));
  }
  CHECK_FALSE(parse_seconds("500ms"));
  CHECK_FALSE(parse_seconds("99999999999999999999"));
  CHECK_FALSE(parse_milliseconds("9223372036854776"));
  CHECK(parse_milliseconds("9223372036854775") == 9'223'372'036'854'775'000);
}

TEST_CASE("a hash that nginx could not build is refused, whatever it would hold") {
  const auto refusal = [](std::int64_t entries, std::int64_t bucket, HashKeys keys = HashKeys::some) {
    const auto checked = check_hash_sizes("x_hash", Number{entries}, Number{bucket}, keys);
    return checked ? std::string() : checked.error().message;
  };
  CHECK(refusal(1, 1) == "");
  CHECK(refusal(1024, 65472) == "");
  CHECK(refusal(1, 0, HashKeys::none) == "");
  CHECK(refusal(1, 0) == "could not build x_hash, you should increase x_hash_bucket_size: 0");
  CHECK(refusal(0, 64, HashKeys::none) == "could not build x_hash, you should increase x_hash_max_size: 0");
  CHECK(refusal(1, 65473) == "could not build x_hash, too large x_hash_bucket_size: 65536");
  CHECK(refusal(1, 70000) == "could not build x_hash, too large x_hash_bucket_size: 70016");
  CHECK(refusal(1, 9223372036854775807) ==
        "could not build x_hash, too large x_hash_bucket_size: -9223372036854775808");
}

TEST_CASE("a word is printed up to its NUL") {
  CHECK(until_nul("ab") == "ab");
  CHECK(until_nul(std::string_view("a\0b", 3)) == "a");
  CHECK(until_nul("") == "");
}

TEST_CASE("sizes take k and m, offsets g besides") {
  CHECK(parse_size("1024") == 1024);
  CHECK(parse_size("8k") == 8192);
  CHECK(parse_size("8K") == 8192);
  CHECK(parse_size("2m") == 2'097'152);
  CHECK_FALSE(parse_size("1g"));
  CHECK_FALSE(parse_size("k"));
  CHECK_FALSE(parse_size(""));
  CHECK_FALSE(parse_size("8kk"));
  CHECK_FALSE(parse_size("-1"));
  CHECK(parse_offset("1g") == 1'073'741'824);
  CHECK(parse_offset("8589934591g") == 9'223'372'035'781'033'984u);
  CHECK_FALSE(parse_offset("8589934592g"));
}

TEST_CASE("a number is digits only and fits 63 bits") {
  CHECK(parse_number("0012") == 12);
  CHECK(parse_number("9223372036854775807") == 9'223'372'036'854'775'807);
  CHECK_FALSE(parse_number("9223372036854775808"));
  CHECK_FALSE(parse_number("+1"));
  CHECK_FALSE(parse_number("1 "));
  CHECK_FALSE(parse_number(""));
}

TEST_CASE("a flag is on or off in any case, and refused in nginx's words") {
  CHECK(*ValueParser<bool>::parse(directive({"sendfile", "ON"})));
  CHECK_FALSE(*ValueParser<bool>::parse(directive({"sendfile", "off"})));
  const auto refused = ValueParser<bool>::parse(directive({"sendfile", "yes"}));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message ==
        R"(invalid value "yes" in "sendfile" directive, it must be "on" or "off")");
  CHECK_FALSE(refused.error().about_directive);
}

TEST_CASE("buffers are a count and a size, neither of them zero") {
  const auto buffers = ValueParser<BufferSet>::parse(directive({"output_buffers", "4", "8k"}));
  REQUIRE(buffers);
  CHECK(buffers->count == 4);
  CHECK(buffers->bytes_each == 8192);
  CHECK_FALSE(ValueParser<BufferSet>::parse(directive({"output_buffers", "0", "8k"})));
  CHECK_FALSE(ValueParser<BufferSet>::parse(directive({"output_buffers", "4", "0"})));
  CHECK_FALSE(ValueParser<BufferSet>::parse(directive({"output_buffers", "4", "8g"})));
}

}  // namespace
}  // namespace uringx
