// Server side includes as a filter: whatever the pieces of the page and the room for what comes of it, the same comes of it.
#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "modules/ssi_filter.h"
#include "tests/modules/fixture.h"

namespace uringx {
namespace {

// What a page becomes: its bytes, "{URI?ARGS}" where an answer is included, and what was logged.
struct Outcome {
  std::string text;
  std::string log;
  bool operator==(const Outcome&) const = default;
};

struct Page {
  std::string text;
  bool silent = false;
  std::size_t value_bytes_max = 255;
  IncludedAnswer answer{.status = 200, .body = "kept"};  // to every inclusion
};

// Runs it in pieces that end at `cuts`, with room for `room_bytes` at a time.
Outcome run(const Page& page, std::vector<std::size_t> cuts, std::size_t room_bytes) {
  FakeBuild build;
  REQUIRE(build.finish().empty());
  TestRequest test(build);
  test.request.ssi = std::make_shared<SsiContext>();
  SsiFilter filter(test.request, page.value_bytes_max, page.silent);
  Outcome outcome;
  std::vector<char> room(room_bytes);
  cuts.push_back(page.text.size());
  std::size_t at = 0;
  for (const std::size_t& end : cuts) {
    const bool last = end == page.text.size() && &end == &cuts.back();
    for (bool more = true; more;) {
      const BodyFilter::Step step = filter.run({page.text.data() + at, end - at}, last, room);
      outcome.text.append(room.data(), step.made_bytes);
      if (step.include != nullptr) {
        outcome.text += "{" + std::string(step.include->uri) + "?" + std::string(step.include->args) + "}";
        *step.include->answer = page.answer;
      }
      at += step.used_bytes;
      const bool ended = step.state == BodyFilter::State::ended;
      CHECK((ended || step.used_bytes + step.made_bytes > 0 || step.include != nullptr || (at == end && !last)));
      more = last ? !ended : at < end;
    }
  }
  constexpr std::size_t kTimeBytes = sizeof("2026/11/30 12:00:00");
  for (const auto& [path, lines] : test.collected.lines) {
    for (std::size_t at_line = 0; at_line < lines.size();) {
      const std::size_t end = std::min(lines.find('\n', at_line), lines.size() - 1) + 1;
      outcome.log += lines.substr(std::min(at_line + kTimeBytes, end), end - std::min(at_line + kTimeBytes, end));
      at_line = end;
    }
  }
  return outcome;
}

Outcome whole(const Page& page) { return run(page, {}, 4096); }
std::string text_of(std::string page) { return whole({.text = std::move(page)}).text; }

const std::string kError = "[an error occurred while processing the directive]";

const std::vector<Page> kPages = {
    {"plain"},
    {"<"},
    {"a<b<!c<!-d<!--e<<!--#echo var=\"uri\" -->f"},
    {"<!--#echo var=\"uri\" --><!--#echo var='arg_x' encoding=\"none\"--><!--#echo var=\"nothing\" default='<&>' -->"},
    {"<!--#set var=\"A\" value=\"x$uri\\$y\" --><!--#echo var=\"a\" encoding=url -->"},
    {"<!--#set var=\"a\" value=\"1\" --><!--#if expr=\"$a = 1\" -->yes<!--#else -->no<!--#endif -->"},
    {"<!--#if expr=\"$uri = /(.)\\.(?<rest>h.*)$/\" --><!--#echo var=\"1\" --><!--#echo var=\"rest\" --><!--#endif -->"},
    {"<!--#if expr=\"$no\" -->a<!--#elif expr=\"$uri != x\" -->b<!--#else -->c<!--#endif -->d"},
    {"<!--#include virtual=\"/x?y=1\" -->-<!--#include file=\"z\" -->"},
    {"<!--#include virtual=\"/x\" set=\"v\" --><!--#echo var=\"v\" -->"},
    {"<!--#block name=\"b\" -->in <!--#echo var='uri' --> it<!--#endblock --><!--#include virtual=\"/e\" stub=\"b\" -->", false, 255,
     {.status = 200, .without_body = true, .body = {}}},
    {"<!--#nothing --><!--#echo --><!--#echo var=\"a\" var=\"b\" --><!--#echo x=\"y\" -->"},
    {"<!--#config errmsg=\"E\" --><!--#nothing x -->|<!--#echo var=\"12345\" -->", false, 4},
    {"<!--#nothing --><!--#-->--><!--#echo var=\"a\"x-->", true},
    {"<!--#echo var=\"uri\" -->tail<!--#echo var="},
};

}  // namespace

TEST_CASE("ssi: a page is the same whatever two cuts it comes in and whatever the room") {
  for (const Page& page : kPages) {
    CAPTURE(page.text);
    const Outcome expected = whole(page);
    const std::size_t bytes = page.text.size();
    for (std::size_t first = 0; first <= bytes; ++first) {
      for (std::size_t room = 1; room <= 9; room += 2) {
        CAPTURE(first);
        CAPTURE(room);
        const Outcome outcome = run(page, {first}, room);
        REQUIRE(outcome.text == expected.text);
        REQUIRE(outcome.log == expected.log);
      }
    }
    std::vector<std::size_t> everywhere;
    for (std::size_t at = 1; at < bytes; ++at) everywhere.push_back(at);
    for (std::size_t room : {1, 2, 3, 100}) REQUIRE(run(page, everywhere, static_cast<std::size_t>(room)) == expected);
  }
}

TEST_CASE("ssi: every text of a few bytes, in every cut") {
  constexpr std::string_view kBytes = "<!-#x";
  constexpr std::size_t kLength = 5;
  std::size_t count = 1;
  for (std::size_t i = 0; i < kLength; ++i) count *= kBytes.size();
  for (std::size_t number = 0; number < count; ++number) {
    Page page;
    for (std::size_t i = 0, rest = number; i < kLength; ++i, rest /= kBytes.size()) page.text += kBytes[rest % kBytes.size()];
    const Outcome expected = whole(page);
    for (std::size_t cut = 0; cut <= kLength; ++cut) REQUIRE(run(page, {cut}, 2) == expected);
  }
}

TEST_CASE("ssi: what commands become") {
  CHECK(text_of("a<!--#echo var=\"uri\" -->b") == "a/a.htmlb");
  CHECK(text_of("<!--#echo var=\"nothing\" -->") == "(none)");
  CHECK(text_of("<!--#set var=\"v\" value=\"<b> &\" --><!--#echo var=\"v\" --><!--#echo var=\"v\" encoding=\"none\" -->") ==
        "&lt;b&gt; &amp;<b> &");
  CHECK(text_of("<!--#include file=\"b.html\" -->") == "{/b.html?}");
  CHECK(text_of("<!--#include virtual=\"/%41?%41\" -->") == "{/A?%41}");
  CHECK(text_of("<!--#include virtual=\"/x\" set=\"v\" -->[<!--#echo var=\"v\" -->]") == "{/x?}[kept]");
  CHECK(text_of("<!--#if expr=\"$no\" -->a<!--#else -->b<!--#endif -->c") == "bc");
  CHECK(text_of("<!--#if expr=\"$no\" --><!--#if expr=\"x\" -->a<!--#endif -->b") == "b");
  CHECK(text_of("x<!--#nothing -->y") == "x" + kError + "y");
  CHECK(text_of("x<!-- #echo -->y") == "x<!-- #echo -->y");
  CHECK(whole({.text = "x<!--#nothing -->y", .silent = true}).text == "xy");
}

TEST_CASE("ssi: paths that lead out of the root are refused") {
  for (const std::string path : {"../x", "/../x", "/a/..", "/%2e%2e/x", "/a%00", "?x"}) {
    CAPTURE(path);
    const Outcome outcome = whole({.text = "<!--#include virtual=\"" + path + "\" -->"});
    if (path == "?x") continue;  // in the folder of the page
    CHECK(outcome.text == kError);
    CHECK(outcome.log.find("unsafe URI") != std::string::npos);
  }
}

TEST_CASE("ssi: requests inside requests have an end") {
  FakeBuild build;
  REQUIRE(build.finish().empty());
  TestRequest test(build);
  test.request.ssi = std::make_shared<SsiContext>();
  test.request.subrequests_left = 0;
  SsiFilter filter(test.request, 255, false);
  std::vector<char> room(4096);
  const std::string_view page = "<!--#include virtual=\"/x\" -->";
  const BodyFilter::Step step = filter.run(page, true, room);
  CHECK(std::string(room.data(), step.made_bytes) == kError);
  CHECK(test.collected.lines["error.log"].find("subrequests cycle while processing \"/x\"") != std::string::npos);
}

}  // namespace uringx
