// Targets, escapes, arguments and hosts against what nginx 1.22 makes of them.
#include "http/uri.h"

#include <doctest/doctest.h>

#include <random>
#include <string>

#include "tests/http/http_fixture.h"

namespace uringx {
namespace {

using namespace std::string_view_literals;

std::string parsed(std::string_view target, bool merge_slashes = true) {
  TestMemory memory;
  const auto result = parse_uri(target, merge_slashes, memory.arena);
  if (!result) {
    switch (result.error()) {
      case UriError::bad_escape: return "bad escape";
      case UriError::above_root: return "above root";
      case UriError::unsafe: return "unsafe";
    }
  }
  std::string text(result->uri);
  if (result->has_args) text.append("|").append(result->args);
  return text;
}

bool has_args_data(std::string_view target) {
  TestMemory memory;
  return parse_uri(target, true, memory.arena)->args.data() != nullptr;
}

std::string unsafe_parsed(std::string_view uri) {
  TestMemory memory;
  const auto result = parse_unsafe_uri(uri, memory.arena);
  if (!result) return "unsafe";
  std::string text(result->uri);
  if (result->has_args) text.append("|").append(result->args);
  return text;
}

struct Row {
  std::string_view from;
  std::string_view to;
};

TEST_CASE("targets are decoded and normalised") {
  constexpr Row kRows[] = {
      {"/", "/"},
      {"/a/b.html", "/a/b.html"},
      {"/a?b=c&d", "/a|b=c&d"},
      {"/a?", "/a|"},
      {"/a?b?c", "/a|b?c"},
      {"?q", "/|q"},
      {"/a#f", "/a"},
      {"/a?b#f", "/a|b"},
      {"/a#f?b", "/a"},
      {"/%61%2fb", "/a/b"},
      {"/%2e%2E/a", "above root"},
      {"/a/%2e%2e/b", "/b"},
      {"/%25%32%35", "/%25"},
      {"/%23%3f", "/#?"},
      {"/a%3Fb?c", "/a?b|c"},
      {"/%02", "/\x02"},
      {"/%20+", "/ +"},
      {"/%ff%c3", "/\xff\xc3"},
      {"//a///b//", "/a/b/"},
      {"/%2f/a", "/a"},
      {"/./a/./b/.", "/a/b/"},
      {"/a/..", "/"},
      {"/a/../", "/"},
      {"/a/b/../c", "/a/c"},
      {"/a/b/../../c", "/c"},
      {"/a/..?x", "/|x"},
      {"/a/.?x", "/a/|x"},
      {"/a/..#x", "/"},
      {"/...", "/..."},
      {"/..a", "/..a"},
      {"/.a/.b", "/.a/.b"},
      {"/a./b../c", "/a./b../c"},
      {"/a/.%2e/b", "/b"},
      {"/a%2f../b", "/b"},
      {"/%2e", "/"},
      {"/%2e%23", "/.#"},
      {"/..", "above root"},
      {"/../a", "above root"},
      {"/a/../..", "above root"},
      {"/a/../../b", "above root"},
      {"/..?a", "above root"},
      {"/%", "bad escape"},
      {"/%1", "bad escape"},
      {"/%g1", "bad escape"},
      {"/%1g", "bad escape"},
      {"/%00", "bad escape"},
      {"/a%2", "bad escape"},
      {"/a%?b", "bad escape"},
      {"/a%2?b", "bad escape"},
      {"/a?%zz", "/a|%zz"},
  };
  for (const Row& row : kRows) {
    CAPTURE(row.from);
    CHECK(parsed(row.from) == row.to);
  }
}

TEST_CASE("slashes stay when not merged") {
  CHECK(parsed("//a///b", false) == "//a///b");
  CHECK(parsed("/a//../b", false) == "/a/b");
  CHECK(parsed("//..", false) == "/");
  CHECK(parsed("/%2f%2fa", false) == "///a");
}

TEST_CASE("a target that needs nothing is not copied") {
  TestMemory memory;
  constexpr std::string_view kTarget = "/dir/page.html?x=%20&y=//";
  const auto result = parse_uri(kTarget, true, memory.arena);
  REQUIRE(result);
  CHECK(result->uri.data() == kTarget.data());
  CHECK(memory.arena.empty());
}

TEST_CASE("no target gives a path that leaves the root or has a component of dots") {
  std::mt19937 random(7);
  constexpr std::string_view kPieces[] = {"/", "//",  ".", "..", "%2e", "%2f", "a",
                                          "b", "%41", "?", "#",  "%",   "\xe4"};
  for (int round = 0; round < 50000; ++round) {
    std::string target = "/";
    for (auto count = random() % 12; count > 0; --count) target += kPieces[random() % std::size(kPieces)];
    TestMemory memory;
    const auto result = parse_uri(target, true, memory.arena);
    if (!result) continue;
    CAPTURE(target);
    const std::string path = std::string(result->uri) + "/";
    CHECK(path.front() == '/');
    CHECK(path.find("/../") == std::string::npos);
    CHECK(path.find("/./") == std::string::npos);
    CHECK(std::string_view(path).substr(0, path.size() - 1).find("//") == std::string::npos);
  }
}

TEST_CASE("URIs for internal redirects") {
  CHECK(unsafe_parsed("/a?b") == "/a|b");
  CHECK(unsafe_parsed("/a%20b?c%20") == "/a b|c%20");
  CHECK(unsafe_parsed("/a/..b") == "/a/..b");
  CHECK(unsafe_parsed("/a%3fb") == "/a?b");
  for (const std::string_view bad : {""sv, "?a"sv, ".."sv, "../a"sv, "/.."sv, "/../a"sv, "/a/.."sv,
                                     "/a/../b"sv, "/%2e%2e/"sv, "%2e./a"sv, "/a\0b"sv, "/%00"sv}) {
    CAPTURE(bad);
    CHECK(unsafe_parsed(bad) == "unsafe");
  }
}

TEST_CASE("arguments are found by name, whatever its case") {
  CHECK(find_arg("a=1&b=2&a=3", "a") == "1");
  CHECK(find_arg("a=1&B=2", "b") == "2");
  CHECK(find_arg("xa=1&a=", "a") == "");
  CHECK(find_arg("a&a=b=c", "a") == "b=c");
  CHECK_FALSE(find_arg("a", "a"));
  CHECK_FALSE(find_arg("", "a"));
  CHECK_FALSE(find_arg("=1", ""));
  CHECK_FALSE(find_arg("ab=1", "a"));
}

TEST_CASE("the extension is of the last component and never the whole of it") {
  CHECK(uri_extension("/a.tar.gz") == "gz");
  CHECK(uri_extension("/a.b/c") == "");
  CHECK(uri_extension("/.html") == "");
  CHECK(uri_extension("/..html") == "html");
  CHECK(uri_extension("/a.") == "");
  CHECK(uri_extension("/") == "");
  CHECK(uri_extension("") == "");
}

TEST_CASE("each kind escapes its own bytes") {
  TestMemory memory;
  const auto escaped = [&](std::string_view text, EscapeKind kind) {
    return escape(text, kind, memory.arena);
  };
  constexpr std::string_view kAll = " !\"#$%&'()*+,-./09:;<=>?@AZ[\\]^_`az{|}~\x7f\xc3\n"sv;
  CHECK(escaped(kAll, EscapeKind::uri) ==
        "%20!%22%23$%25&'()*+,-./09:;%3C=%3E%3F@AZ[%5C]%5E_%60az%7B%7C%7D~%7F%C3%0A");
  CHECK(escaped(kAll, EscapeKind::args) ==
        "%20!%22%23$%25%26'()*%2B,-./09:%3B%3C=%3E%3F@AZ[%5C]%5E_%60az%7B%7C%7D~%7F%C3%0A");
  CHECK(escaped(kAll, EscapeKind::uri_component) ==
        "%20%21%22%23%24%25%26%27%28%29%2A%2B%2C-.%2F09%3A%3B%3C%3D%3E%3F%40AZ%5B%5C%5D%5E_%60az%7B%7C%7D~%"
        "7F%C3%0A");
  CHECK(escaped(kAll, EscapeKind::html) ==
        "%20!%22%23$%25&%27()*+,-./09:;%3C=%3E?@AZ[%5C]%5E_%60az%7B%7C%7D~%7F%C3%0A");
  CHECK(escaped(kAll, EscapeKind::refresh) ==
        "%20!%22#$%&%27()*+,-./09:;%3C=%3E?@AZ[%5C]%5E_%60az%7B%7C}%7E%7F%C3%0A");
  constexpr std::string_view kPlain = "/plain/text";
  CHECK(escaped(kPlain, EscapeKind::uri).data() == kPlain.data());
}

TEST_CASE("what was escaped is unescaped again") {
  TestMemory memory;
  std::string all;
  for (int i = 0; i < 256; ++i) all += static_cast<char>(i);
  for (const EscapeKind kind :
       {EscapeKind::uri, EscapeKind::args, EscapeKind::uri_component, EscapeKind::html}) {
    CHECK(unescape(escape(all, kind, memory.arena), memory.arena) == all);
  }
  CHECK(unescape("%zz%1%4", memory.arena) == "zz4");
  CHECK(unescape("a%", memory.arena) == "a");
  CHECK(unescape("%1x%41", memory.arena) == "A");
}

TEST_CASE("HTML entities") {
  TestMemory memory;
  CHECK(escape_html("<a&\"b\">'", memory.arena) == "&lt;a&amp;&quot;b&quot;&gt;'");
  constexpr std::string_view kPlain = "plain";
  CHECK(escape_html(kPlain, memory.arena).data() == kPlain.data());
}

TEST_CASE("hosts are folded, and refused when nginx refuses them") {
  TestMemory memory;
  constexpr Row kGood[] = {
      {"example.org", "example.org"},
      {"EXAMPLE.org:80", "example.org"},
      {"a.", "a"},
      {"a.:80", "a"},
      {"a:", "a"},
      {"a:80-90", "a"},
      {"a:b:c", "a"},
      {"[::1]", "[::1]"},
      {"[::1]:80", "[::1]"},
      {"[::AB]x", "[::ab]"},
      {"[::1", "[::1"},
      {"a_b", "a_b"},
      {"127.0.0.1", "127.0.0.1"},
      {"\xc3\xa4", "\xc3\xa4"},
      {"a[b]", "a[b]"},
      {"a@b", "a@b"},
  };
  for (const Row& row : kGood) {
    CAPTURE(row.from);
    CHECK(validate_host(row.from, memory.arena).value_or("") == row.to);
  }
  for (const std::string_view bad : {""sv, ":80"sv, "."sv, ".:80"sv, "a.."sv, "a..b"sv, "a/b"sv, "a b"sv,
                                     "a\0b"sv, "a\x7f"sv, "a:8/"sv, "a:8..0"sv, "\t"sv}) {
    CAPTURE(bad);
    CHECK_FALSE(validate_host(bad, memory.arena));
  }
}

TEST_CASE("a redirect is unescaped up to its arguments, as far as characters are visible and beyond the percent sign") {
  TestMemory memory;
  const auto unescaped = [&](std::string_view text) { return std::string(unescape_redirect(text, memory.arena)); };
  CHECK(unescaped("/plain") == "/plain");
  CHECK(unescaped("/a%20b%26c%41") == "/a%20b&cA");
  CHECK(unescaped("/%25%23%22%7f%e4") == "/%25%23%22%7f%e4");
  CHECK(unescaped("/x%3fy%41") == "/x?y%41");
  CHECK(unescaped("/x?y%41") == "/x?y%41");
  CHECK(unescaped("/%zz%4z%4") == "/zz");
  CHECK(unescaped("/%") == "/");
}

TEST_CASE("a path is quoted when it holds an escape or a plus; arguments do not count") {
  CHECK_FALSE(is_quoted_path("/plain"));
  CHECK_FALSE(is_quoted_path("/x?a=%20+"));
  CHECK_FALSE(is_quoted_path("/x#%20"));
  CHECK(is_quoted_path("/%20"));
  CHECK(is_quoted_path("//./a+"));
}

TEST_CASE("a ? with nothing behind it gives no arguments, for logs neither empty ones") {
  CHECK_FALSE(has_args_data("/a"));
  CHECK_FALSE(has_args_data("/a?"));
  CHECK_FALSE(has_args_data("/a%20b?"));
  CHECK(has_args_data("/a?#f"));
  CHECK(has_args_data("/a?b"));
}

}  // namespace
}  // namespace uringx
