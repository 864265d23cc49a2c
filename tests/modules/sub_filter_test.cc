#include "modules/sub_filter.h"

#include <doctest/doctest.h>

#include <random>

#include "fixture.h"
#include "run_filter.h"
#include "substitution_reference.h"

using namespace uringx;

namespace {

using Pairs = std::vector<SearchAndReplacement>;

std::string run_whole(std::string_view body, const Pairs& pairs, bool once) {
  SubstituteText filter = make_substitution(pairs, once);
  return filtered(filter, body, std::max<std::size_t>(body.size(), 1), 4096);
}

// Every text of "a" and "b" of that length.
std::vector<std::string> all_texts(std::size_t bytes) {
  std::vector<std::string> texts;
  for (unsigned bits = 0; bits < 1u << bytes; ++bits) {
    std::string& text = texts.emplace_back();
    for (std::size_t i = 0; i < bytes; ++i) text += (bits >> i & 1u) == 0 ? 'a' : 'b';
  }
  return texts;
}

std::string random_text(std::mt19937& random, std::size_t bytes_max) {
  std::string text(random() % (bytes_max + 1), 'a');
  for (char& c : text) c = "aAbBc"[random() % 5];
  return text;
}

}  // namespace

TEST_CASE("the leftmost is replaced, and of those at one place the first in order") {
  CHECK(run_whole("xabcaBcAbABCab bcd", {{"ab", "1"}, {"abc", "2"}, {"bcd", "[]"}}, false) == "x1c1c11C1 []");
  CHECK(run_whole("xabcaBcAbABCab bcd", {{"abc", "1"}, {"abc", "2"}, {"b", "3"}}, true) == "x12A3ABCab bcd");  // as nginx 1.22
  CHECK(run_whole("aaaa", {{"a", "b"}, {"aaa", ""}}, false) == "bbbb");
  CHECK(run_whole("xaaa", {{"aab", "1"}, {"a", "2"}}, false) == "x2aa");  // the end cuts the first: as nginx 1.22
  CHECK(run_whole("", {{"a", "b"}}, true) == "");
}

TEST_CASE("what is replaced does not depend on how the body is cut") {
  const Pairs tables[] = {
      {{"ab", "<1>"}}, {{"aab", "x"}, {"ab", "yyyyyyy"}}, {{"abab", ""}, {"b", "z"}}, {{"a", "bb"}, {"bb", "a"}}, {{"aaaa", "1"}, {"bbb", "2"}},
  };
  for (const Pairs& pairs : tables) {
    for (const std::string& body : all_texts(6)) {
      for (const bool once : {false, true}) {
        const std::string expected = substitute(body, pairs, once);
        for (std::size_t in_bytes = 1; in_bytes <= body.size(); ++in_bytes) {
          for (const std::size_t out_bytes : {1, 2, 3, 7, 64}) {
            SubstituteText filter = make_substitution(pairs, once);
            const std::string result = filtered(filter, body, in_bytes, out_bytes);
            if (result != expected) FAIL_CHECK(body, " by ", in_bytes, " and ", out_bytes, ": ", result, " instead of ", expected);
          }
        }
      }
    }
  }
}

TEST_CASE("random patterns, bodies and cuts") {
  std::mt19937 random(20221);
  for (int round = 0; round < 3000; ++round) {
    Pairs pairs(1 + random() % 4);
    for (SearchAndReplacement& pair : pairs) pair = {random_text(random, 8) + "a", random_text(random, 12)};
    const std::string body = random_text(random, 300);
    const bool once = random() % 2 == 0;
    const std::size_t most = 1 + random() % 40;
    const auto some = [&] { return 1 + random() % most; };
    SubstituteText filter = make_substitution(pairs, once);
    CHECK(filtered(filter, body, some, some) == substitute(body, pairs, once));
  }
}

TEST_CASE("what costs much is done a part at a time") {
  const std::string body(20000, 'a');
  const std::string nearly_everywhere = std::string(4000, 'a') + "b" + std::string(4000, 'a');
  SubstituteText filter = make_substitution({{nearly_everywhere, "x"}}, true);
  std::vector<char> out(body.size());
  const BodyFilter::Step step = filter.run(body, false, out);
  CHECK(step.work_bytes >= 64 * 1024);
  CHECK(step.made_bytes >= 1);
  CHECK(step.made_bytes < 200);
  SubstituteText whole = make_substitution({{nearly_everywhere, "x"}}, true);
  CHECK(filtered(whole, body, 32768, 16384) == body);
}

TEST_CASE("texts without a pattern are skipped over in steps of its length") {
  const SearchPatterns patterns({"</head>"});
  const std::string text(1 << 16, ' ');
  const auto found = patterns.find(text, true, {}, 1 << 20);
  CHECK(found.plain_bytes == text.size());
  CHECK(found.compared_bytes == 0);
}

TEST_CASE("variables in searches and replacements") {
  FakeBuild build;
  REQUIRE(build.apply("sub_filter", {"$arg_none", "never"}) == "");
  REQUIRE(build.apply("sub_filter", {"N$ARG_X", "[$uri]"}) == "");
  REQUIRE(build.finish() == "");
  TestRequest test(build);
  test.request.response.content_type = "text/html";
  test.request.response.etag = "\"e\"";
  for (const Module* module : all_modules()) {
    if (module->id == ModuleId::sub_filter) module->header_filter(test.request);
  }
  REQUIRE(test.request.filters.changes.size() == 1);
  CHECK(test.request.response.etag == "");
  CHECK(filtered(*test.request.filters.changes[0], "an1n1", 5, 64) == "a[/a.html]n1");
}

TEST_CASE("the words of sub_filter") {
  FakeBuild build;
  CHECK(build.apply("sub_filter", {"", "x"}) == "empty search pattern");
  for (int i = 0; i < 255; ++i) REQUIRE(build.apply("sub_filter", {"a", "x"}) == "");
  CHECK(build.apply("sub_filter", {"a", "x"}) == "number of search patterns exceeds 255");
  CHECK(build.apply("sub_filter", {"", "x"}) == "empty search pattern");
}
