// Accept-Encoding as ngx_http_gzip_accept_encoding reads it: qualities, and what is none.
#include "http/accept_encoding.h"

#include <doctest/doctest.h>

#include <random>
#include <string>

namespace uringx {
namespace {

int gzip(std::string_view value) { return coding_quality(value, "gzip"); }

TEST_CASE("a coding that is named") {
  for (const char* value : {"gzip", "GZIP", "gzip, br", "br, gzip", "br,gzip", "agzip, gzip", "gzip;", "gzip ", "gzip ,x", "x gzip", "gzip;q=1",
                            "gzip; q=1.000", "gzip;Q=1."}) {
    CAPTURE(value);
    CHECK(gzip(value) == 1000);
  }
  CHECK(gzip("gzip;q=0.5") == 500);
  CHECK(gzip("gzip;q=0.05, br") == 50);
  CHECK(gzip("br;q=1,gzip ; q=0.123") == 123);
  CHECK(gzip("gzip;q=0.5 ") == 500);
}

TEST_CASE("a coding that is not, or is refused") {
  for (const char* value : {"", "br", "agzip", "gzipx", "x-gzip", "*", "gzi", "gzip;q=0", "gzip;q=0.000", "gzip;q=2", "gzip;q=1.1", "gzip;q=0.1234",
                            "gzip;q=.5", "gzip;q=", "gzip;q", "gzip;level=1", "gzip;q=a", "gzip;q=0.a", "gzip x", "gzip\t", "gzip;q=0,gzip",
                            "gzip;q=0.5x", "gzip;q =1"}) {
    CAPTURE(value);
    CHECK(gzip(value) == 0);
  }
}

// Whatever comes, the answer is a quality, and is found again behind any other coding.
TEST_CASE("texts by chance") {
  std::mt19937 chance(5);
  constexpr std::string_view kLetters = "gzip;q=0.1, b*\t";
  for (int round = 0; round < 100'000; ++round) {
    std::string text;
    for (auto length = chance() % 20; length > 0; --length) text += kLetters[chance() % kLetters.size()];
    const int quality = gzip(text);
    REQUIRE(quality >= 0);
    REQUIRE(quality <= 1000);
    REQUIRE(gzip("br, " + text) == gzip("br;q=0.1, " + text));
    if (quality > 0) REQUIRE(text.find("gzip") != std::string::npos);
  }
}

}  // namespace
}  // namespace uringx
