#include "lint/pattern.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "modules/regex.h"
#include "modules/variables.h"

namespace uringx {

TEST_CASE("what is not understood is refused as a whole") {
  for (const char* text : {"(a)\\1", "\\Qa\\E", "\\x41", "\\p{L}", "(?R)", "(", ")", "[a", "a**", "[[:alpha:]]", "a\\", "*a", "(?x)a"}) {
    CAPTURE(text);
    CHECK_FALSE(Pattern::parse(text, false));
  }
}

TEST_CASE("samples match the pattern they were made from") {
  for (const char* text : {"\\.php$", "^/(a|b)/[0-9]+(\\.json)?$", "/x{2,3}y", "^/[^/]*\\.(?:jpe?g|png)$", "^(/a)+$", ".*\\.(js|css)",
                           "^/\\d{4}-\\w+$", "/(?<name>a|)b$", "^/a[a-c\\-]$"}) {
    CAPTURE(text);
    VariableTable variables;
    const auto regex = Regex::compile(text, false, variables);
    REQUIRE(regex);
    const auto pattern = Pattern::parse(text, false);
    REQUIRE(pattern);
    CHECK(pattern->is_exact());
    const auto samples = pattern->samples("");
    REQUIRE(samples);
    CHECK_FALSE(samples->empty());
    for (const std::string& sample : *samples) {
      CAPTURE(sample);
      CHECK(regex->test(sample));
    }
  }
}

TEST_CASE("samples cover every alternative, and room in front and behind") {
  const auto samples = Pattern::parse("\\.(js|css)$", false)->samples("");
  const auto has = [&](const char* end) {
    return std::ranges::any_of(*samples, [end](const std::string& one) { return one.ends_with(end); });
  };
  CHECK(has(".js"));
  CHECK(has(".css"));
  CHECK_FALSE(has(".jszz9"));
  CHECK(std::ranges::any_of(*Pattern::parse("/a", false)->samples(""), [](const auto& one) { return one.ends_with("/azz9"); }));
  CHECK(std::ranges::any_of(*Pattern::parse("/a", true)->samples(""), [](const auto& one) { return one == "/A"; }));
}

TEST_CASE("a pattern that multiplies without end has no samples") {
  CHECK_FALSE(Pattern::parse("(a|b|c|d)(a|b|c|d)(a|b|c|d)(a|b|c|d)(a|b|c|d)(a|b|c|d)(a|b|c|d)", false)->samples(""));
}

TEST_CASE("counts of counts fill no memory") {
  const auto pattern = Pattern::parse("^/((((((a{99}){99}){99}){99}){99}){99}){99}$", false);
  REQUIRE(pattern);
  const auto samples = pattern->samples("");
  REQUIRE(samples);
  for (const std::string& sample : *samples) CHECK(sample.size() < 100'000);
}

TEST_CASE("deep nesting is refused, not followed") {
  CHECK_FALSE(Pattern::parse(std::string(1000, '(') + std::string(1000, ')'), false));
}

TEST_CASE("anchors in the middle leave no sample") { CHECK(Pattern::parse("a$b", false)->samples("")->empty()); }

TEST_CASE("what a group may hold") {
  const auto holds = [](const char* text, const char* group) { return Pattern::parse(text, false)->group_may_hold_line_feed(group); };
  CHECK(holds("([^/]+)", "1"));
  CHECK(holds("(\\s)", "1"));
  CHECK(holds("(\\W*)", "1"));
  CHECK(holds("(?s)(.*)", "1"));
  CHECK(holds("(?<n>[^/])", "n"));
  CHECK(holds("(a(\\D))", "1"));
  CHECK(holds("(?:x)(a)([^b])", "2"));
  CHECK_FALSE(holds("(.*)", "1"));
  CHECK_FALSE(holds("([a-z]+)", "1"));
  CHECK_FALSE(holds("([^/\\s]+)", "1"));
  CHECK_FALSE(holds("(a)[^b]", "1"));
  CHECK_FALSE(holds("(a)", "2"));
  CHECK_FALSE(holds("a", "name"));
}

}  // namespace uringx
