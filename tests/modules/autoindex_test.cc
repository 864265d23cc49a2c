#include <doctest/doctest.h>

#include <cerrno>
#include <fstream>
#include <sstream>

#include "fixture.h"
#include "modules/autoindex.h"
#include "modules/charset.h"

using namespace uringx;

namespace {

std::string repeat(std::string_view text, int count) {
  std::string repeated;
  for (int i = 0; i < count; ++i) repeated += text;
  return repeated;
}

constexpr std::time_t kThen = 1000000000;

// The directory that nginx listed for golden/.
std::vector<DirectoryEntry> golden_entries() {
  struct Row {
    std::string name;
    char kind;  // f, d, o
    std::int64_t size = 0;
    std::time_t modified = kThen;
  };
  static const std::vector<Row> rows = {
      {"a:b", 'f', 1},
      {"<tag>&\"q\".txt", 'f', 9999},
      {repeat("x", 50), 'f', 10000},
      {repeat("y", 51), 'f', 10239},
      {repeat("z", 47) + "<<<<<", 'f', 10240},
      {repeat("ä", 25), 'f', 1048575},
      {repeat("ж", 50), 'f', 1048576},
      {repeat("я", 51), 'f', 1572863},
      {repeat("日", 60), 'f', 1572864},
      {"&" + repeat("é", 60), 'f', (1 << 30) - 1},
      {"bad\xff\xfe" + repeat("w", 60), 'f', 1 << 30},
      {"bad\xc3(", 'f', std::int64_t{3} << 29},
      {"sur\xed\xa0\x80", 'f', 1},
      {"lead\xf0\x90", 'f', 5},
      {"cont\xc3\xff", 'f', 7},
      {"sp ace+plus%20?#;'", 'f', (std::int64_t{5} << 40) + 1},
      {"back\\slash\"quote\ttab\nnl\x01\x7f", 'f', 0},
      {".hidden", 'f', 1},
      {"negative", 'f', 2, -86400 * 400},
      {"far", 'f', 3, 300000000000000},
      {"y9999", 'f', 3, 253402300799},
      {"y10000", 'f', 3, 253402300800},
      {"leap", 'f', 3, 951782400 + 3600 * 5 + 61},
      {"link", 'f', 3, 951782400 + 3600 * 5 + 61},
      {"dir", 'd'},
      {"linkdir", 'd'},
      {repeat("D", 49), 'd'},
      {repeat("E", 50), 'd'},
      {repeat("F", 51), 'd'},
      {repeat("ß", 49), 'd'},
      {"Zdir<&>", 'd'},
      {"broken", 'o', 7},
      {"fifo", 'o'},
  };
  std::vector<DirectoryEntry> entries;
  for (const Row& row : rows) entries.push_back({row.name, row.kind == 'd', row.kind == 'f', row.size, row.modified});
  return entries;
}

std::string golden(const std::string& name) {
  std::ifstream file(URINGX_GOLDEN_FOLDER "/" + name, std::ios::binary);
  REQUIRE(file);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

struct Given {
  const char* directive;
  const char* word;
};

struct Listed {
  explicit Listed(const std::vector<Given>& directives) {
    REQUIRE(build.apply("autoindex", {"on"}) == "");
    REQUIRE(build.apply("root", {"/srv"}) == "");
    for (const auto& [name, word] : directives) REQUIRE(build.apply(name, {word}) == "");
    REQUIRE(build.finish() == "");
  }

  // Asks for `uri` and lists the golden directory; the page.
  std::string list(TestRequest& test, std::string_view uri) {
    test.request.uri = uri;
    HandlerState state;
    const HandlerResult asked = handle_autoindex(test.request, state, {});
    REQUIRE(std::holds_alternative<ReadDirectory>(asked));
    path = std::get<ReadDirectory>(asked).path;
    const DirectoryWork& work = *std::get<ReadDirectory>(asked).work;
    REQUIRE(work.read == (test.request.method == Method::head ? DirectoryWork::Read::nothing : DirectoryWork::Read::attributes));
    std::vector<DirectoryEntry> entries = golden_entries();
    std::erase_if(entries, [](const DirectoryEntry& entry) { return entry.name.starts_with('.'); });
    const std::string page = work.make == nullptr ? std::string() : work.make(work, entries);
    HandlerInput input;
    input.directory_text = page;
    input.directory_read = true;
    const HandlerResult result = handle_autoindex(test.request, state, input);
    REQUIRE(std::holds_alternative<SendText>(result));
    return std::string(std::get<SendText>(result).body);
  }

  FakeBuild build;
  std::string path;
};

std::string refused(int error_number, int& status) {
  Listed listed(std::vector<Given>{});
  TestRequest test(listed.build);
  test.request.uri = "/d/";
  HandlerState state;
  handle_autoindex(test.request, state, {});
  HandlerInput input;
  input.directory_read = true;
  input.directory_error = error_number;
  status = std::get<Finish>(handle_autoindex(test.request, state, input)).status;
  return test.collected.lines["error.log"];
}

}  // namespace

TEST_CASE("the page is nginx's: names in characters") {
  Listed listed(std::vector<Given>{{"charset", "utf-8"}});
  TestRequest test(listed.build);
  CHECK(listed.list(test, "/d/") == golden("listing-utf8.html"));
  CHECK(listed.path == "/srv/d");
  CHECK(test.request.response.status == 200);
  CHECK(test.request.response.content_type == "text/html");
  CHECK(charset_to_be(test.request) == "utf-8");
  CHECK(test.request.response.content_length == kUnknownLength);
}

TEST_CASE("the page is nginx's: names in bytes, sizes rounded") {
  Listed listed(std::vector<Given>{{"autoindex_exact_size", "off"}});
  TestRequest test(listed.build);
  CHECK(listed.list(test, "/bytes/") == golden("listing-bytes-rounded.html"));
}

TEST_CASE("json, jsonp and xml are nginx's") {
  Listed json(std::vector<Given>{{"autoindex_format", "json"}});
  TestRequest test(json.build);
  CHECK(json.list(test, "/d/") == golden("listing.json"));
  CHECK(test.request.response.content_type == "application/json");

  Listed jsonp(std::vector<Given>{{"autoindex_format", "jsonp"}});
  TestRequest with_callback(jsonp.build);
  with_callback.request.args = "callback=a.b_1";
  CHECK(jsonp.list(with_callback, "/d/") == golden("listing.jsonp"));
  CHECK(with_callback.request.response.content_type == "application/javascript");
  TestRequest without(jsonp.build);
  CHECK(jsonp.list(without, "/d/") == golden("listing.json"));
  CHECK(without.request.response.content_type == "application/json");

  Listed xml(std::vector<Given>{{"autoindex_format", "xml"}});
  TestRequest xml_test(xml.build);
  CHECK(xml.list(xml_test, "/d/") == golden("listing.xml"));
  CHECK(xml_test.request.response.content_type == "text/xml");
  CHECK(xml_test.request.response.charset == "utf-8");
}

TEST_CASE("a directory's own name is escaped in its page") {
  CHECK(html_listing({.uri = "/<b>\"&/"}, {}) ==
        "<html>\r\n<head><title>Index of /&lt;b&gt;&quot;&amp;/</title></head>\r\n<body>\r\n<h1>Index of "
        "/&lt;b&gt;&quot;&amp;/</h1><hr><pre><a href=\"../\">../</a>\r\n</pre><hr></body>\r\n</html>\r\n");
  CHECK(json_listing("", {}) == "[\r\n]");
  CHECK(json_listing("f", {}) == "/* callback */\r\nf([\r\n]);");
}

TEST_CASE("local time is the clock's offset from UTC, and never overflows") {
  const DirectoryEntry entries[] = {{"a", false, true, 0, kThen}, {"b", false, true, 0, INT64_MAX}, {"c", false, true, 0, INT64_MIN}};
  const std::string page = html_listing({.uri = "/", .offset_minutes = 150}, entries);
  CHECK(page.find(" 09-Sep-2001 04:16 ") != std::string::npos);
  CHECK(page.find(" 31-Dec-9999 23:59 ") != std::string::npos);
  CHECK(page.find(" 01-Jan-1970 00:00 ") != std::string::npos);
  Listed listed(std::vector<Given>{{"autoindex_localtime", "on"}});
  TestRequest test(listed.build);
  test.clock.log_local = "22/Nov/2026:12:01:00 -0130";
  CHECK(listed.list(test, "/d/").find(">dir/</a>                                               09-Sep-2001 00:16 ") !=
        std::string::npos);
}

TEST_CASE("only GET and HEAD of a directory where it is on") {
  Listed listed(std::vector<Given>{});
  FakeBuild off;
  REQUIRE(off.finish() == "");
  const auto declines = [](FakeBuild& build, std::string_view uri, Method method) {
    TestRequest test(build);
    test.request.uri = uri;
    test.request.method = method;
    HandlerState state;
    return std::holds_alternative<Declined>(handle_autoindex(test.request, state, {}));
  };
  CHECK_FALSE(declines(listed.build, "/d/", Method::get));
  CHECK_FALSE(declines(listed.build, "/d/", Method::head));
  CHECK(declines(listed.build, "/d/", Method::post));
  CHECK(declines(listed.build, "/d", Method::get));
  CHECK(declines(off, "/d/", Method::get));
}

TEST_CASE("HEAD gets the head alone") {
  Listed listed(std::vector<Given>{});
  TestRequest test(listed.build);
  test.request.method = Method::head;
  CHECK(listed.list(test, "/d/") == "");
  CHECK(test.request.response.status == 200);
}

TEST_CASE("a callback that could be code is refused") {
  Listed listed(std::vector<Given>{{"autoindex_format", "jsonp"}});
  const auto status = [&](const std::string& name) {
    TestRequest test(listed.build);
    test.request.uri = "/d/";
    const std::string args = "callback=" + name;
    test.request.args = args;
    HandlerState state;
    const HandlerResult result = handle_autoindex(test.request, state, {});
    if (!std::holds_alternative<Finish>(result)) return std::string();
    return std::to_string(std::get<Finish>(result).status) + test.collected.lines["error.log"];
  };
  CHECK(status("a-b").find("client sent invalid callback name: \"a-b\", client: ") != std::string::npos);
  CHECK(status("a%2D").starts_with("400"));
  CHECK(status(std::string(128, 'a')).empty());
  CHECK(status(std::string(129, 'a')).find("client sent too long callback name: \"aaa") != std::string::npos);
}

TEST_CASE("a directory that cannot be opened") {
  struct Row {
    int error_number;
    int status;
    const char* level;
  };
  const Row rows[] = {{ENOENT, 404, "[error]"}, {ENOTDIR, 404, "[error]"}, {ENAMETOOLONG, 404, "[error]"},
                      {EACCES, 403, "[error]"}, {EMFILE, 500, "[crit]"}};
  for (const Row& row : rows) {
    int status = 0;
    const std::string log = refused(row.error_number, status);
    CHECK(status == row.status);
    CHECK(log.find(row.level) != std::string::npos);
    CHECK(log.find("opendir() \"/srv/d\" failed (" + std::to_string(row.error_number) + ": ") != std::string::npos);
  }
}
