#include <doctest/doctest.h>

#include <random>

#include "fixture.h"

using namespace uringx;

namespace {

std::string compile_error(std::string_view text) {
  VariableTable table;
  const auto compiled = Template::compile(text, table);
  return compiled ? std::string() : compiled.error();
}

std::string format_error(std::vector<std::string> words) {
  VariableTable table;
  const auto compiled = Template::compile_log_format(words, table);
  return compiled ? std::string() : compiled.error();
}

std::string escaped(std::string_view value, LogEscape escape) {
  std::string line;
  append_escaped(value, escape, line);
  return line;
}

}  // namespace

TEST_CASE("a text without a dollar sign is constant and evaluates to itself") {
  FakeBuild build;
  TestRequest test(build);
  const auto compiled = Template::compile("/var/www", build.table);
  REQUIRE(compiled);
  CHECK(compiled->constant());
  CHECK(compiled->evaluate(test.request).data() == compiled->source().data());
}

TEST_CASE("names end where nginx ends them") {
  FakeBuild build;
  TestRequest test(build);
  CHECK(test.text("[$uri]") == "[/a.html]");
  CHECK(test.text("${uri}x$uri.y$args") == "/a.htmlx/a.html.yx=1");
  CHECK(test.text("$request_method-$REQUEST_METHOD") == "GET-GET");
  CHECK(test.text("$uri$is_args$args") == "/a.html?x=1");
}

TEST_CASE("captures are taken by number, those that did not take part are empty") {
  FakeBuild build;
  TestRequest test(build);
  const std::string_view captures[] = {"", "one", "two"};
  test.request.captures = captures;
  CHECK(test.text("$1$2$3!") == "onetwo!");
  CHECK(test.text("$10") == "one0");
}

TEST_CASE("more parts than fit on the stack") {
  FakeBuild build;
  TestRequest test(build);
  std::string source, expected;
  for (int i = 0; i < 20; ++i) {
    source += "-$args";
    expected += "-x=1";
  }
  CHECK(test.text(source) == expected);
}

TEST_CASE("bad names are refused in nginx's words") {
  CHECK(compile_error("a$") == "invalid variable name");
  CHECK(compile_error("$-a") == "invalid variable name");
  CHECK(compile_error("${") == "invalid variable name");
  CHECK(compile_error("${}") == "invalid variable name");
  CHECK(compile_error("${abc") == "the closing bracket in \"abc\" variable is missing");
  CHECK(compile_error("${a-b}") == "the closing bracket in \"a\" variable is missing");
  CHECK(compile_error("$a ${b} $1") == "");
}

TEST_CASE("a log format refuses a dollar sign without a name by the rest of its word") {
  CHECK(format_error({"x $uri", "100$ off"}) == "invalid parameter \"$ off\"");
  CHECK(format_error({"${uri"}) == "the closing bracket in \"uri\" variable is missing");
  CHECK(format_error({"$uri", ""}) == "");
}

TEST_CASE("in a log format a number is a name like any other") {
  FakeBuild build;
  REQUIRE(Template::compile_log_format(std::vector<std::string>{"$1"}, build.table));
  CHECK(build.table.resolve().error() == "unknown \"1\" variable");
}

TEST_CASE("log escapes are nginx's") {
  const std::string_view odd("q\"b\\s\x01\t\x7f\xc3\xa9 end\0", 15);
  CHECK(escaped(odd, LogEscape::default_) == "q\\x22b\\x5Cs\\x01\\x09\\x7F\\xC3\\xA9 end\\x00");
  CHECK(escaped(odd, LogEscape::json) == "q\\\"b\\\\s\\u0001\\t\x7f\xc3\xa9 end\\u0000");
  CHECK(escaped(odd, LogEscape::none) == odd);
  CHECK(escaped("\n\r\b\f\x1f/", LogEscape::json) == "\\n\\r\\b\\f\\u001F/");
  CHECK(escaped("", LogEscape::default_) == "");
}

TEST_CASE("an escape is found wherever it stands in a long value") {
  for (std::size_t at = 0; at < 100; ++at) {
    std::string value(100, 'a');
    value[at] = '\x80';
    std::string expected(100, 'a');
    expected.replace(at, 1, "\\x80");
    CHECK(escaped(value, LogEscape::default_) == expected);
  }
}

// Property: a text is its parts, one after the other, whatever they are and however they are joined.
TEST_CASE("random texts evaluate to what their parts stand for") {
  struct Piece {
    const char* source;
    const char* value;
    bool name_may_go_on;  // a letter behind it would belong to the name
  };
  constexpr Piece kPieces[] = {
      {"$uri", "/a.html", true}, {"${uri}", "/a.html", false}, {"$args", "x=1", true}, {"${is_args}", "?", false},
      {"$1", "one", false},      {"$2", "", false},            {"$9", "", false},      {"$arg_x", "1", true},
      {"$arg_none", "", true},   {"/", "/", false},            {"-x-", "-x-", false},  {"%24{}", "%24{}", false},
      {"\\", "\\", false},       {"\xc3\xa4", "\xc3\xa4", false},                  {".html", ".html", false},
  };
  FakeBuild build;
  std::mt19937 random(20261122);
  for (int round = 0; round < 3000; ++round) {
    std::string source, expected;
    for (std::size_t parts = random() % 12; parts > 0; --parts) {
      const Piece& piece = kPieces[random() % std::size(kPieces)];
      source += piece.source;
      expected += piece.value;
      if (!piece.name_may_go_on) continue;
      source += '.';
      expected += '.';
    }
    TestRequest test(build);
    const std::string_view captures[] = {"", "one", ""};
    test.request.captures = captures;
    REQUIRE_MESSAGE(test.text(source) == expected, source);
  }
}

TEST_CASE("random bytes compile or are refused, and what compiles can be evaluated") {
  constexpr std::string_view kBytes = "$$$${{}}uriargs_019-/. \t\"'%\\\x80";
  FakeBuild build;
  std::mt19937 random(7);
  int compiled_texts = 0;
  for (int round = 0; round < 5000; ++round) {
    std::string source;
    for (std::size_t bytes = random() % 24; bytes > 0; --bytes) source += kBytes[random() % kBytes.size()];
    VariableTable table;
    const auto compiled = Template::compile(source, table);
    if (!compiled) {
      CHECK_FALSE(compiled.error().empty());
      continue;
    }
    CHECK(compiled->source() == source);
    if (!table.resolve()) continue;  // a name nobody knows
    ++compiled_texts;
    TestRequest test(build);
    const std::string_view value = compiled->evaluate(test.request);
    CHECK(value.size() <= source.size() * 16);
  }
  CHECK(compiled_texts > 500);
}
