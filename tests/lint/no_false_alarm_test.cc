#include <doctest/doctest.h>
#include <fmt/format.h>

#include <random>

#include "modules/regex.h"
#include "modules/variables.h"
#include "tests/lint/lint_fixture.h"

namespace uringx {
namespace {

constexpr unsigned kPatterns = 3000;
constexpr std::string_view kPieces[] = {"a", "b", "/", "\\.", "a|b", "(a|/b)", "[ab]", "[^/]", "[^a]", ".", ".*", "a*", "b+", "/?",
                                        "(a/)*", "^", "$", "^/", "a{2}", "(?:b|)", "\\w", "(?!a)", "(?!b|\\.)", "(a)?", "A", "|"};

std::string some_pattern(std::mt19937& random) {
  std::string pattern;
  const auto count = static_cast<unsigned>(1 + random() % 5);
  for (unsigned i = 0; i < count; ++i) pattern += kPieces[random() % std::size(kPieces)];
  return pattern;
}

// Every URI of at most five bytes over the letters of the pieces, as nginx hands it to a location.
std::vector<std::string> all_uris() {
  std::vector<std::string> uris{"/"};
  for (std::size_t i = 0; i < uris.size(); ++i) {
    if (uris[i].size() == 5) continue;
    for (const char c : {'a', 'b', 'A', '.', '/'}) uris.push_back(uris[i] + c);
  }
  std::erase_if(uris, [](const std::string& uri) {
    return uri.find("//") != std::string::npos || (uri + '/').find("/./") != std::string::npos ||
           (uri + '/').find("/../") != std::string::npos;
  });
  return uris;
}

std::optional<Regex> compiled(const std::string& pattern, bool caseless = false) {
  VariableTable variables;
  auto regex = Regex::compile(pattern, caseless, variables);
  if (!regex) return std::nullopt;
  return std::move(*regex);
}

std::string told_of(const std::string& locations) {
  return told(LintedConfig(fmt::format("events {{}} http {{ server {{ listen 80; {} }} }}", locations)));
}

}  // namespace

TEST_CASE("a regular expression is said to match nothing only when no URI matches it") {
  std::mt19937 random(1);
  const auto uris = all_uris();
  unsigned alarms = 0;
  for (unsigned i = 0; i < kPatterns; ++i) {
    const std::string pattern = some_pattern(random);
    const auto regex = compiled(pattern);
    if (!regex || told_of(fmt::format("location ~ \"{}\" {{ }}", pattern)).find("regex-never-matches") == std::string::npos) continue;
    ++alarms;
    for (const std::string& uri : uris) {
      CAPTURE(pattern);
      CAPTURE(uri);
      REQUIRE_FALSE(regex->test(uri));
    }
  }
  CHECK(alarms > 20);
}

TEST_CASE("a regular expression is said to be shadowed only when another takes every URI") {
  std::mt19937 random(2);
  const auto uris = all_uris();
  unsigned alarms = 0;
  for (unsigned i = 0; i < kPatterns; ++i) {
    const std::string first = some_pattern(random);
    const std::string second = some_pattern(random);
    const auto taker = compiled(first, true);
    const auto shadowed = compiled(second);
    if (!taker || !shadowed) continue;
    const std::string said = told_of(fmt::format("location ~* \"{}\" {{ }} location ~ \"{}\" {{ }}", first, second));
    if (said.find("regex-shadowed") == std::string::npos) continue;
    ++alarms;
    for (const std::string& uri : uris) {
      CAPTURE(first);
      CAPTURE(second);
      CAPTURE(uri);
      REQUIRE_FALSE((shadowed->test(uri) && !taker->test(uri)));
    }
  }
  CHECK(alarms > 20);
}

}  // namespace uringx
