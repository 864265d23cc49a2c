#include <doctest/doctest.h>

#include "fixture.h"
#include "modules/charset.h"

using namespace uringx;

namespace {

std::string charset_of(FakeBuild& build, std::string_view type, int status = 200, std::string_view before = {}) {
  TestRequest test(build);
  ResponseHead& response = test.request.response;
  response.content_type = type;
  response.charset = before;
  response.status = status;
  filter_charset(test.request);
  const std::string first(response.charset);
  filter_charset(test.request);
  CHECK(response.charset == first);
  return first;
}

}  // namespace

TEST_CASE("off by default") {
  FakeBuild build;
  REQUIRE(build.finish() == "");
  CHECK(charset_of(build, "text/html") == "");
}

TEST_CASE("the declared types get it, compared without case") {
  FakeBuild build;
  REQUIRE(build.apply("charset", {"UTF-8"}) == "");
  REQUIRE(build.finish() == "");
  for (const char* type : {"text/html", "TEXT/Plain", "text/xml", "application/javascript", "application/rss+xml", "text/vnd.wap.wml"}) {
    CAPTURE(type);
    CHECK(charset_of(build, type) == "UTF-8");
  }
  for (const char* type : {"image/png", "text/css", "text/html; charset=x", ""}) {
    CAPTURE(type);
    CHECK(charset_of(build, type) == "");
  }
}

TEST_CASE("charset_types names them, text/html always among them") {
  FakeBuild build;
  REQUIRE(build.apply("charset", {"koi8-r"}) == "");
  REQUIRE(build.apply("charset_types", {"text/CSS", "text/html"}) == "");
  REQUIRE(build.finish() == "");
  CHECK(build.warnings == std::vector<std::string>{"duplicate MIME type \"text/html\""});
  CHECK(charset_of(build, "text/css") == "koi8-r");
  CHECK(charset_of(build, "text/html") == "koi8-r");
  CHECK(charset_of(build, "text/plain") == "");
  FakeBuild all;
  REQUIRE(all.apply("charset", {"koi8-r"}) == "");
  REQUIRE(all.apply("charset_types", {"*"}) == "");
  REQUIRE(all.finish() == "");
  CHECK(charset_of(all, "image/png") == "koi8-r");
}

TEST_CASE("redirects get none") {
  FakeBuild build;
  REQUIRE(build.apply("charset", {"utf-8"}) == "");
  REQUIRE(build.finish() == "");
  CHECK(charset_of(build, "text/html", 301) == "");
  CHECK(charset_of(build, "text/html", 302) == "");
  CHECK(charset_of(build, "text/html", 303) == "utf-8");
  CHECK(charset_of(build, "text/html", 404) == "utf-8");
}

TEST_CASE("a handler's own charset stays unless overridden") {
  FakeBuild build;
  REQUIRE(build.apply("charset", {"koi8-r"}) == "");
  REQUIRE(build.finish() == "");
  CHECK(charset_of(build, "text/xml", 200, "utf-8") == "utf-8");
}

TEST_CASE("off in an inner level") {
  FakeBuild build;
  REQUIRE(build.apply("charset", {"utf-8"}) == "");
  build.enter_location();
  REQUIRE(build.apply("charset", {"off"}) == "");
  REQUIRE(build.finish() == "");
  CHECK(charset_of(build, "text/html") == "");
}

TEST_CASE("charset from a variable") {
  FakeBuild build;
  REQUIRE(build.apply("charset", {"$arg_x"}) == "");
  REQUIRE(build.finish() == "");
  CHECK(charset_of(build, "text/html") == "1");
}

TEST_CASE("another source charset needs a map, which there is none of") {
  FakeBuild build;
  REQUIRE(build.apply("charset", {"utf-8"}) == "");
  REQUIRE(build.apply("source_charset", {"koi8-r"}) == "");
  CHECK(build.finish() == "no \"charset_map\" between the charsets \"koi8-r\" and \"utf-8\"");
  FakeBuild same;
  REQUIRE(same.apply("charset", {"utf-8"}) == "");
  REQUIRE(same.apply("source_charset", {"UTF-8"}) == "");
  REQUIRE(same.finish() == "");
  CHECK(charset_of(same, "text/html") == "utf-8");
}
