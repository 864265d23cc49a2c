#include <doctest/doctest.h>

#include "fixture.h"
#include "modules/headers.h"

using namespace uringx;

namespace {

std::string fields_of(const Request& request) {
  std::string text;
  for (const HeaderField& field : request.response.fields) text += std::string(field.name) + ": " + std::string(field.value) + "\n";
  return text;
}

std::string filtered(FakeBuild& build, int status = 200) {
  TestRequest test(build);
  test.request.response.status = status;
  test.request.response.last_modified = 1795348860 - 7200;
  filter_headers(test.request);
  return fields_of(test.request);
}

std::string expires(std::vector<std::string> words) {
  FakeBuild build;
  REQUIRE(build.apply("expires", words) == "");
  REQUIRE(build.finish() == "");
  return filtered(build);
}

}  // namespace

TEST_CASE("fields are added in order, empty values are not") {
  FakeBuild build;
  REQUIRE(build.apply("add_header", {"X", "a b"}) == "");
  REQUIRE(build.apply("add_header", {"Empty", ""}) == "");
  REQUIRE(build.apply("add_header", {"Y", "$arg_y"}) == "");
  REQUIRE(build.apply("add_header", {"Z", "<$arg_x>"}) == "");
  REQUIRE(build.finish() == "");
  CHECK(filtered(build) == "X: a b\nZ: <1>\n");
}

TEST_CASE("only good answers get fields, unless always") {
  FakeBuild build;
  REQUIRE(build.apply("add_header", {"A", "1"}) == "");
  REQUIRE(build.apply("add_header", {"B", "2", "always"}) == "");
  REQUIRE(build.apply("expires", {"epoch"}) == "");
  REQUIRE(build.finish() == "");
  for (const int good : {200, 201, 204, 206, 301, 302, 303, 304, 307, 308}) {
    CAPTURE(good);
    CHECK(filtered(build, good) == "Expires: Thu, 01 Jan 1970 00:00:01 GMT\nCache-Control: no-cache\nA: 1\nB: 2\n");
  }
  for (const int bad : {202, 300, 400, 404, 416, 500}) {
    CAPTURE(bad);
    CHECK(filtered(build, bad) == "B: 2\n");
  }
}

TEST_CASE("fields of an inner level replace the outer ones") {
  FakeBuild build;
  REQUIRE(build.apply("add_header", {"A", "1"}) == "");
  REQUIRE(build.apply("expires", {"max"}) == "");
  build.enter_location();
  REQUIRE(build.apply("add_header", {"B", "2"}) == "");
  REQUIRE(build.apply("expires", {"off"}) == "");
  REQUIRE(build.finish() == "");
  CHECK(filtered(build) == "B: 2\n");
}

TEST_CASE("no value ends a line") {
  FakeBuild build;
  REQUIRE(build.apply("add_header", {"A", "$uri"}) == "");
  REQUIRE(build.finish() == "");
  TestRequest test(build);
  test.request.uri = std::string_view("/a\r\nSet-Cookie: x\0y", 19);
  filter_headers(test.request);
  CHECK(fields_of(test.request) == "A: /a  Set-Cookie: x y\n");
}

TEST_CASE("ETag and Last-Modified replace the answer's own") {
  FakeBuild build;
  REQUIRE(build.apply("add_header", {"etag", "\"mine\""}) == "");
  REQUIRE(build.apply("add_header", {"Last-Modified", "yesterday"}) == "");
  REQUIRE(build.finish() == "");
  TestRequest test(build);
  test.request.response.etag = "\"file\"";
  test.request.response.last_modified = 1000;
  filter_headers(test.request);
  CHECK(test.request.response.etag == "");
  CHECK(test.request.response.last_modified == -1);
  CHECK(test.request.response.last_modified_in_fields);
  CHECK(fields_of(test.request) == "etag: \"mine\"\nLast-Modified: yesterday\n");
}

TEST_CASE("empty ETag and Last-Modified take the answer's away") {
  FakeBuild build;
  REQUIRE(build.apply("add_header", {"ETag", ""}) == "");
  REQUIRE(build.apply("add_header", {"Last-Modified", ""}) == "");
  REQUIRE(build.finish() == "");
  TestRequest test(build);
  test.request.response.etag = "\"file\"";
  test.request.response.last_modified = 1000;
  filter_headers(test.request);
  CHECK(test.request.response.etag.empty());
  CHECK(test.request.response.last_modified == -1);
  CHECK(fields_of(test.request).empty());
}

TEST_CASE("expires in all its forms") {
  CHECK(expires({"epoch"}) == "Expires: Thu, 01 Jan 1970 00:00:01 GMT\nCache-Control: no-cache\n");
  CHECK(expires({"max"}) == "Expires: Thu, 31 Dec 2037 23:55:55 GMT\nCache-Control: max-age=315360000\n");
  CHECK(expires({"off"}).empty());
  CHECK(expires({"0"}) == "Expires: Sun, 22 Nov 2026 12:01:00 GMT\nCache-Control: max-age=0\n");
  CHECK(expires({"1h"}) == "Expires: Sun, 22 Nov 2026 13:01:00 GMT\nCache-Control: max-age=3600\n");
  CHECK(expires({"+1h"}) == expires({"1h"}));
  CHECK(expires({"-1h"}) == "Expires: Sun, 22 Nov 2026 11:01:00 GMT\nCache-Control: no-cache\n");
  CHECK(expires({"modified", "3h"}) == "Expires: Sun, 22 Nov 2026 13:01:00 GMT\nCache-Control: max-age=3600\n");
  CHECK(expires({"modified", "+1h"}) == "Expires: Sun, 22 Nov 2026 11:01:00 GMT\nCache-Control: no-cache\n");
}

TEST_CASE("a time of the day is the next one") {
  setenv("TZ", "UTC", 1);
  tzset();
  CHECK(expires({"@15h30m33s"}) == "Expires: Sun, 22 Nov 2026 15:30:33 GMT\nCache-Control: max-age=12573\n");
  CHECK(expires({"@11h"}) == "Expires: Mon, 23 Nov 2026 11:00:00 GMT\nCache-Control: max-age=82740\n");
  CHECK(expires({"@12h1m"}) == "Expires: Mon, 23 Nov 2026 12:01:00 GMT\nCache-Control: max-age=86400\n");
}

TEST_CASE("a variable says when a request comes; nonsense says nothing") {
  FakeBuild build;
  REQUIRE(build.apply("expires", {"$arg_x"}) == "");
  REQUIRE(build.finish() == "");
  struct Row {
    const char* args;
    const char* fields;
  };
  const Row rows[] = {
      {"x=1h", "Expires: Sun, 22 Nov 2026 13:01:00 GMT\nCache-Control: max-age=3600\n"},
      {"x=epoch", "Expires: Thu, 01 Jan 1970 00:00:01 GMT\nCache-Control: no-cache\n"},
      {"x=-1", "Expires: Sun, 22 Nov 2026 12:00:59 GMT\nCache-Control: no-cache\n"},
      {"x=off", ""},
      {"x=nonsense", ""},
      {"x=", ""},
      {"", ""},
  };
  for (const Row& row : rows) {
    CAPTURE(row.args);
    TestRequest test(build);
    test.request.args = row.args;
    filter_headers(test.request);
    CHECK(fields_of(test.request) == row.fields);
  }
}

TEST_CASE("expires replaces a Cache-Control that is there, add_header puts one beside it") {
  FakeBuild build;
  REQUIRE(build.apply("expires", {"1h"}) == "");
  REQUIRE(build.apply("add_header", {"Cache-Control", "private"}) == "");
  REQUIRE(build.finish() == "");
  TestRequest test(build);
  test.request.response.fields.push_back({"cache-control", "old"});
  test.request.response.fields.push_back({"X", "1"});
  test.request.response.fields.push_back({"Cache-Control", "older"});
  filter_headers(test.request);
  CHECK(fields_of(test.request) ==
        "Cache-Control: max-age=3600\nX: 1\nExpires: Sun, 22 Nov 2026 13:01:00 GMT\nCache-Control: private\n");
}

TEST_CASE("errors of expires and add_header are nginx's") {
  const auto error = [](const std::string& name, std::vector<std::string> words) {
    FakeBuild build;
    return build.apply(name, std::move(words));
  };
  CHECK(error("expires", {"soon"}) == "\"expires\" directive invalid value");
  CHECK(error("expires", {"1h", "2h"}) == "\"expires\" directive invalid value");
  CHECK(error("expires", {"modified", "epoch"}) == "\"expires\" directive invalid value");
  CHECK(error("expires", {"modified", "@1h"}) ==
        "\"expires\" directive daily time cannot be used with \"modified\" parameter");
  CHECK(error("expires", {"@25h"}) == "\"expires\" directive daily time value must be less than 24 hours");
  CHECK(error("expires", {"@24h"}) == "");
  CHECK(error("add_header", {"A", "b", "sometimes"}) == "invalid parameter \"sometimes\"");
  CHECK(error("add_header", {"A", "${b"}) == "the closing bracket in \"b\" variable is missing");
  FakeBuild build;
  REQUIRE(build.apply("expires", {"1h"}) == "");
  CHECK(build.apply("expires", {"1h"}) == "\"expires\" directive is duplicate");
}

TEST_CASE("what the level above adds is taken by the rule of this one") {
  const auto inherited = [](std::vector<std::string> rule, bool own) {
    FakeBuild build;
    REQUIRE(build.apply("add_header", {"A", "1"}) == "");
    build.enter_location();
    if (!rule.empty()) REQUIRE(build.apply("add_header_inherit", rule) == "");
    if (own) REQUIRE(build.apply("add_header", {"B", "2"}) == "");
    REQUIRE(build.finish() == "");
    TestRequest test(build);
    filter_headers(test.request);
    return fields_of(test.request);
  };
  CHECK(inherited({}, false) == "A: 1\n");
  CHECK(inherited({}, true) == "B: 2\n");
  CHECK(inherited({"on"}, true) == "B: 2\n");
  CHECK(inherited({"off"}, false) == "");
  CHECK(inherited({"off"}, true) == "B: 2\n");
  CHECK(inherited({"merge"}, false) == "A: 1\n");
  CHECK(inherited({"merge"}, true) == "B: 2\nA: 1\n");
}

TEST_CASE("trailers are those of the status; empty ones are left out") {
  FakeBuild build;
  REQUIRE(build.apply("add_trailer", {"A", "1"}) == "");
  REQUIRE(build.apply("add_trailer", {"B", "2", "always"}) == "");
  REQUIRE(build.apply("add_trailer", {"C", "$arg_none", "always"}) == "");
  CHECK(build.apply("add_trailer", {"D", "4", "never"}) == "invalid parameter \"never\"");
  REQUIRE(build.finish() == "");
  TestRequest test(build);
  test.request.response.status = 200;
  filter_headers(test.request);
  CHECK(test.request.trailers_expected);
  filter_trailers(test.request);
  REQUIRE(test.request.response.trailers.size() == 2);
  test.request.response.status = 404;
  filter_trailers(test.request);
  REQUIRE(test.request.response.trailers.size() == 1);
  CHECK(test.request.response.trailers[0].name == "B");
}
