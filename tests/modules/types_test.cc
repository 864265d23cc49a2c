#include <doctest/doctest.h>

#include "fixture.h"

using namespace uringx;

namespace {

Directive type_line(std::vector<std::string> words, unsigned line = 1) {
  Directive directive;
  directive.words = std::move(words);
  directive.line = line;
  return directive;
}

std::string type_of(FakeBuild& build, std::string_view uri) {
  TestRequest test(build);
  test.request.uri = uri;
  set_content_type(test.request);
  return std::string(test.request.response.content_type);
}

}  // namespace

TEST_CASE("without types{} three extensions are known") {
  FakeBuild build;
  REQUIRE(build.finish() == "");
  CHECK(type_of(build, "/a.html") == "text/html");
  CHECK(type_of(build, "/a.gif") == "image/gif");
  CHECK(type_of(build, "/a.JPG") == "image/jpeg");
  CHECK(type_of(build, "/a.png") == "text/plain");
}

TEST_CASE("the extension is what follows the last dot of the last component") {
  FakeBuild build;
  REQUIRE(build.apply("types", {}, {type_line({"t/h", "html"}), type_line({"t/gz", "gz", "tar.gz"})}) == "");
  REQUIRE(build.apply("default_type", {"d/d"}) == "");
  REQUIRE(build.finish() == "");
  CHECK(type_of(build, "/x.tar.gz") == "t/gz");
  CHECK(type_of(build, "/dir.html/file") == "d/d");
  CHECK(type_of(build, "/.html") == "d/d");
  CHECK(type_of(build, "/a/.html") == "d/d");
  CHECK(type_of(build, "/a.") == "d/d");
  CHECK(type_of(build, "/a." + std::string(5000, 'x')) == "d/d");
  CHECK(type_of(build, "/") == "d/d");
}

TEST_CASE("an extension longer than most is still found without case") {
  FakeBuild build;
  const std::string extension(80, 'e');
  REQUIRE(build.apply("types", {}, {type_line({"t/long", extension})}) == "");
  REQUIRE(build.finish() == "");
  CHECK(type_of(build, "/a." + std::string(80, 'E')) == "t/long");
}

TEST_CASE("types{} of an inner level replaces the outer one, two of one level add up") {
  FakeBuild build;
  REQUIRE(build.apply("types", {}, {type_line({"t/a", "a"})}) == "");
  build.enter_location();
  SUBCASE("inherited") {
    REQUIRE(build.finish() == "");
    CHECK(type_of(build, "/x.a") == "t/a");
    CHECK(type_of(build, "/x.html") == "text/plain");
  }
  SUBCASE("replaced") {
    REQUIRE(build.apply("types", {}, {type_line({"t/b", "b"})}) == "");
    REQUIRE(build.apply("types", {}, {type_line({"t/c", "c"})}) == "");
    REQUIRE(build.finish() == "");
    CHECK(type_of(build, "/x.a") == "text/plain");
    CHECK(type_of(build, "/x.b") == "t/b");
    CHECK(type_of(build, "/x.c") == "t/c");
  }
  SUBCASE("emptied") {
    REQUIRE(build.apply("types", {}) == "");
    REQUIRE(build.finish() == "");
    CHECK(type_of(build, "/x.a") == "text/plain");
  }
}

TEST_CASE("an extension given twice is warned of, the last one holds") {
  FakeBuild build;
  REQUIRE(build.apply("types", {}, {type_line({"t/a", "a", "B"}, 3), type_line({"t/b", "b"}, 9)}) == "");
  CHECK(build.warnings == std::vector<std::string>{
                              "duplicate extension \"b\", content type: \"t/b\", previous content type: \"t/a\""});
  CHECK(build.line == 9);
  REQUIRE(build.finish() == "");
  CHECK(type_of(build, "/x.b") == "t/b");
}

TEST_CASE("a block inside types{} is refused where it stands") {
  FakeBuild build;
  Directive block = type_line({"t/a", "a"}, 5);
  block.has_block = true;
  CHECK(build.apply("types", {}, {block}) == "unexpected \"{\"");
  CHECK(build.line == 5);
}

TEST_CASE("a content type that a handler chose stays") {
  FakeBuild build;
  REQUIRE(build.finish() == "");
  TestRequest test(build);
  test.request.response.content_type = "x/y";
  set_content_type(test.request);
  CHECK(test.request.response.content_type == "x/y");
}
