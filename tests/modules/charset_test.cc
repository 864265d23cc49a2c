#include <doctest/doctest.h>

#include "fixture.h"
#include "modules/charset.h"
#include "run_filter.h"

using namespace uringx;

namespace {

std::string charset_of(FakeBuild& build, std::string_view type, int status = 200, std::string_view before = {}) {
  TestRequest test(build);
  ResponseHead& response = test.request.response;
  response.content_type = type;
  response.charset = before;
  response.status = status;
  const std::string to_be(charset_to_be(test.request));
  filter_charset(test.request);
  CHECK(response.charset == to_be);
  return to_be;
}

Directive line_of(std::vector<std::string> words) {
  Directive line;
  line.words = std::move(words);
  return line;
}

std::vector<Directive> lines_of(std::vector<std::vector<std::string>> lines) {
  std::vector<Directive> block;
  for (auto& words : lines) block.push_back(line_of(std::move(words)));
  return block;
}

// What a filter of the answer makes of `body`, and the answer's charset and length; the length of a body is 100.
struct Recoded {
  std::string charset;
  std::string body;
  std::int64_t length = 0;
};

Recoded recode(FakeBuild& build, std::string_view body, std::string_view coding = {}) {
  TestRequest test(build);
  ResponseHead& response = test.request.response;
  response.content_type = "text/html";
  response.content_length = 100;
  response.content_encoding = coding;
  filter_charset(test.request);
  Recoded recoded{std::string(response.charset), std::string(body), response.content_length};
  if (!test.request.filters.changes.empty()) recoded.body = filtered(*test.request.filters.changes[0], body, body.size(), 4096);
  return recoded;
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

TEST_CASE("a name is shown as it was written first") {
  FakeBuild build;
  REQUIRE(build.apply("charset_map", {"KOI8-R", "Utf-8"}) == "");
  REQUIRE(build.apply("charset", {"utf-8"}) == "");
  REQUIRE(build.finish() == "");
  CHECK(charset_of(build, "text/html") == "Utf-8");
}

TEST_CASE("bytes of one charset into another, and back") {
  const auto lines = [] { return lines_of({{"80", "88"}, {"0xZ", "1"}}); };
  FakeBuild bad;
  CHECK(bad.apply("charset_map", {"a", "b"}, lines()) == "invalid value \"0xZ\"");
  for (const bool back : {false, true}) {
    FakeBuild build;
    REQUIRE(build.apply("charset_map", {"a", "b"}, lines_of({{"80", "88"}, {"41", "c1"}})) == "");
    REQUIRE(build.apply("source_charset", {back ? "B" : "A"}) == "");
    REQUIRE(build.apply("charset", {back ? "A" : "B"}) == "");
    REQUIRE(build.finish() == "");
    const Recoded recoded = back ? recode(build, "b\x88\xc1\x81") : recode(build, "b\x80\x41\x81");
    CHECK(recoded.body == (back ? "b\x80\x41?" : "b\x88\xc1?"));
    CHECK(recoded.charset == (back ? "a" : "b"));
    CHECK(recoded.length == 100);
    const Recoded coded = recode(build, "\x80", "gzip");
    CHECK(coded.body == "\x80");
    CHECK(coded.charset == "");
  }
}

TEST_CASE("to UTF-8 and from it") {
  const auto lines = [] { return lines_of({{"80", "E282AC"}, {"A3", "D191"}, {"A4", "C2A941"}}); };
  FakeBuild to;
  REQUIRE(to.apply("charset_map", {"koi8-r", "utf-8"}, lines()) == "");
  REQUIRE(to.apply("source_charset", {"koi8-r"}) == "");
  REQUIRE(to.apply("charset", {"utf-8"}) == "");
  REQUIRE(to.finish() == "");
  CHECK(recode(to, "a\x80\xa3\xa4\x81").body == "a\xe2\x82\xac\xd1\x91\xc2\xa9" "A?");
  CHECK(recode(to, "a").length == kUnknownLength);

  FakeBuild from;
  REQUIRE(from.apply("charset_map", {"koi8-r", "utf-8"}, lines()) == "");
  REQUIRE(from.apply("source_charset", {"utf-8"}) == "");
  REQUIRE(from.apply("charset", {"koi8-r"}) == "");
  REQUIRE(from.finish() == "");
  CHECK(recode(from, "\xe2\x82\xac\xd1\x91\xc2\xa9\xc3\xa9\xf0\x9f\x98\x80z").body == "\x80\xa3\xa4&#233;&#128512;z");
  CHECK(recode(from, "\xff \xc0\x80 \xe2\x28\xa1 \xf4\x90\x80\x80 \xc3\xc3").body == "??? ?? ? &#195;");  // as nginx 1.22
  CHECK(recode(from, "a\xe2\x82").body == "a");                                                             // what the end cuts
  CHECK(recode(from, "a\xe0" "b").body == "a");
}

TEST_CASE("the words of charset_map") {
  struct Row {
    std::vector<std::string> names;
    std::vector<std::string> line;
    std::string_view refusal;
  };
  const Row rows[] = {
      {{"a", "A"}, {"80", "80"}, "\"charset_map\" between the same charsets \"a\" and \"A\""},
      {{"B", "A"}, {"80", "80"}, "duplicate \"charset_map\" between \"B\" and \"A\""},
      {{"a", "c"}, {"80"}, "invalid parameters number"},
      {{"a", "c"}, {"100", "80"}, "invalid value \"100\""},
      {{"a", "c"}, {"", "80"}, "invalid value \"\""},
      {{"a", "c"}, {"80", "100"}, "invalid value \"100\""},
      {{"a", "utf-8"}, {"80", "41"}, "invalid value \"41\""},
      {{"a", "utf-8"}, {"80", "c3"}, "invalid value \"c3\""},
      {{"a", "utf-8"}, {"80", "c3a"}, "invalid value \"c3a\""},
      {{"a", "utf-8"}, {"80", "c3412233"}, "invalid value \"c3412233\""},
      {{"a", "UTF-8"}, {"80", "F0908080"}, "invalid value \"F0908080\""},
      {{"a", "UTF-8"}, {"080", "c3a9"}, ""},
  };
  for (const Row& row : rows) {
    FakeBuild build;
    REQUIRE(build.apply("charset_map", {"a", "b"}) == "");
    CHECK(build.apply("charset_map", row.names, lines_of({row.line})) == row.refusal);
  }
}

TEST_CASE("recoding does not depend on how a body is cut") {
  CharsetMap table(true);
  REQUIRE(table.add("80", "E282AC") == CharsetMap::Added::yes);
  REQUIRE(table.add("A3", "D191") == CharsetMap::Added::yes);
  const std::string to = "a\x80\x80 \xa3\x81z\x80";
  const std::string from = "\xe2\x82\xac\xd1\x91 \xc3\xa9\xf0\x9f\x98\x80\xff\xe2\x28\xa1 \xc3\xc3\xe2" "ab\xe0" "a";
  const std::string to_result = filtered(*table.recode_forward(), to, to.size(), 4096);
  const std::string from_result = filtered(*table.recode_back(), from, from.size(), 4096);
  for (std::size_t in_bytes = 1; in_bytes <= from.size(); ++in_bytes) {
    for (std::size_t out_bytes = 1; out_bytes <= 24; ++out_bytes) {
      CHECK(filtered(*table.recode_forward(), to, in_bytes, out_bytes) == to_result);
      CHECK(filtered(*table.recode_back(), from, in_bytes, out_bytes) == from_result);
    }
  }
}
