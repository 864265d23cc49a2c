// Request heads: what is read from good ones, what bad ones are refused with, and that neither depends on
// where the text was cut. The verdicts are those of nginx 1.22 for the same bytes, but for the two cases that
// say so.
#include "http/request_parser.h"

#include <doctest/doctest.h>

#include <random>
#include <string>

#include "tests/http/http_fixture.h"

namespace uringx {
namespace {

using namespace std::string_literals;
using namespace std::string_view_literals;

struct Golden {
  std::string_view text;
  std::string_view expected;
};

constexpr std::string_view kInvalidRequest = "400 client sent invalid request";
constexpr std::string_view kInvalidMethod = "400 client sent invalid method";
constexpr std::string_view kInvalidVersion = "505 client sent invalid version";

const Golden kGoodHeads[] = {
    {"GET / HTTP/1.1\r\nHost: a\r\n\r\n", "GET|/|1001|HTTP/1.1||\nHost=a\nend at 27"},
    {"GET / HTTP/1.1\nHost: a\n\n", "GET|/|1001|HTTP/1.1||\nHost=a\nend at 24"},
    {"\r\n\n\r\nGET / HTTP/1.0\r\n\r\n", "GET|/|1000|HTTP/1.0||\nend at 23"},
    {"GET   /a/b?c=d#e   HTTP/1.1  \r\n\r\n", "GET|/a/b?c=d#e|1001|HTTP/1.1  ||\nend at 33"},
    {"GET /\r\n", "GET|/|9|||\nend at 7"},
    {"GET /  \n", "GET|/|9|||\nend at 8"},
    {"GET / HTTP/1.9\r\n\r\n", "GET|/|1009|HTTP/1.9||\nend at 18"},
    {"GET / HTTP/1.999\r\n\r\n", "GET|/|1999|HTTP/1.999||\nend at 20"},
    {"M-SEARCH_ /x HTTP/1.1\r\n\r\n", "M-SEARCH_|/x|1001|HTTP/1.1||\nend at 25"},
    {"GET http://Ex.org:80/p?q HTTP/1.1\r\n\r\n", "GET|/p?q|1001|HTTP/1.1|http|host Ex.org:80\nend at 37"},
    {"GET http://h HTTP/1.1\r\n\r\n", "GET|/|1001|HTTP/1.1|http|host h\nend at 25"},
    {"GET http://h?q HTTP/1.1\r\n\r\n", "GET|?q|1001|HTTP/1.1|http|host h\nend at 27"},
    {"GET http://h:8?q HTTP/1.1\r\n\r\n", "GET|?q|1001|HTTP/1.1|http|host h:8\nend at 29"},
    {"GET a+b.c-1://[::1~!]:8/ HTTP/1.1\r\n\r\n", "GET|/|1001|HTTP/1.1|a+b.c-1|host [::1~!]:8\nend at 37"},
    {"GET http:///x HTTP/1.1\r\n\r\n", "GET|/x|1001|HTTP/1.1|http|host \nend at 26"},
    {"GET http://:80/ HTTP/1.1\r\n\r\n", "GET|/|1001|HTTP/1.1|http|host :80\nend at 28"},
    // nginx 1.22 refuses the next one; later ones read it and answer 405, as for "CONNECT /".
    {"CONNECT a.b:443 HTTP/1.1\r\n\r\n", "CONNECT||1001|HTTP/1.1||host a.b:443\nend at 28"},
    {"CONNECT / HTTP/1.1\r\n\r\n", "CONNECT|/|1001|HTTP/1.1||\nend at 22"},
    {"GET /\xd1\x84\x80~ HTTP/1.1\r\n\r\n", "GET|/\xd1\x84\x80~|1001|HTTP/1.1||\nend at 22"},
    {"GET / HTTP/1.1\r\nA:\r\nB:   \r\nC\r\nD\n\r\n", "GET|/|1001|HTTP/1.1||\nA=\nB=\nC=\nD=\nend at 34"},
    {"GET / HTTP/1.1\r\nA:  b  c \t \r\nB: \td\r\n\r\n",
     "GET|/|1001|HTTP/1.1||\nA=b  c \t\nB=\td\nend at 38"},
    {"GET / HTTP/1.1\r\nA: b\r\r\n\n", "GET|/|1001|HTTP/1.1||\nA=b\nend at 24"},
    {"GET / HTTP/1.1\r\nA: b\x01\x7f\xff:\r\n\r\n", "GET|/|1001|HTTP/1.1||\nA=b\x01\x7f\xff:\nend at 28"},
    {"GET / HTTP/1.1\r\nx_y: 1\r\n_: 2\r\na$: 3\r\n\xc3: 4\r\n1-a: 5\r\n-: 6\r\n\r\n",
     "GET|/|1001|HTTP/1.1||\n!x_y=1\n!_=2\n!a$=3\n!\xc3=4\n1-a=5\n-=6\nend at 59"},
};

const Golden kBadHeads[] = {
    {"\x16\x03\x01", kInvalidMethod},  // a TLS hello on a plain port, after its first byte
    {"get / HTTP/1.1\r\n", kInvalidMethod},
    {" GET / HTTP/1.1\r\n", kInvalidMethod},
    {"GET\t/", kInvalidMethod},
    {"GET\r\n", kInvalidMethod},
    {"GE:T / HTTP/1.1", kInvalidMethod},
    {"GET *", kInvalidRequest},
    {"OPTIONS *", kInvalidRequest},
    {"GET \t", kInvalidRequest},
    {"GET  \r", kInvalidRequest},
    {"GET http:x", kInvalidRequest},
    {"GET http:/x", kInvalidRequest},
    {"GET ht_tp://", kInvalidRequest},
    {"GET http://a_b/", kInvalidRequest},
    {"GET http://a%41/", kInvalidRequest},
    {"GET http://u@h/", kInvalidRequest},
    {"GET http://h\r", kInvalidRequest},
    {"GET http://h#f", kInvalidRequest},
    {"GET http://h:8a", kInvalidRequest},
    {"GET http://[::1/", kInvalidRequest},
    {"GET http://[::1]x", kInvalidRequest},
    {"GET http://[::1] ]", kInvalidRequest},
    {"CONNECT a ", kInvalidRequest},
    {"CONNECT a:1/", kInvalidRequest},
    {"CONNECT a:1?", kInvalidRequest},
    {"CONNECT http://a:1/", kInvalidRequest},
    {"GET /\x01", kInvalidRequest},
    {"GET /a\tb", kInvalidRequest},
    {"GET /a\x7f", kInvalidRequest},
    {"GET /\0"sv, kInvalidRequest},
    {"GET /a b HTTP/1.1\r\n", kInvalidRequest},  // CVE-2013-4547
    {"GET /a \0.php"sv, kInvalidRequest},
    {"GET / http/1.1", kInvalidRequest},
    {"GET / HTTP", "need more"},
    {"GET / HTTPS", kInvalidRequest},
    {"GET / HTTP/\r", kInvalidRequest},
    {"GET / HTTP/0.9", kInvalidRequest},
    {"GET / HTTP/01.1", kInvalidRequest},
    {"GET / HTTP/2", kInvalidVersion},
    {"GET / HTTP/9.1\r\n", kInvalidVersion},
    {"GET / HTTP/11.1\r\n", kInvalidVersion},
    {"GET / HTTP/1\r\n", kInvalidRequest},
    {"GET / HTTP/1.\r\n", kInvalidRequest},
    {"GET / HTTP/1.a", kInvalidRequest},
    {"GET / HTTP/1.1a", kInvalidRequest},
    {"GET / HTTP/1.1 a", kInvalidRequest},
    {"GET / HTTP/1.1000", kInvalidRequest},
    {"GET / HTTP/1.1\rX", kInvalidRequest},
    {"GET / HTTP/1.1\r\r\n", kInvalidRequest},
    {"POST /\r\n", "400 client sent invalid method in HTTP/0.9 request"},
    {"GET / HTTP/1.1\r\n a: b\r\n", "client sent invalid header line: \"\\x20...\""},
    {"GET / HTTP/1.1\r\na: b\r\n c\r\n", "client sent invalid header line: \"\\x20...\""},  // obs-fold
    {"GET / HTTP/1.1\r\na: b\r\n\tc\r\n", "client sent invalid header line: \"\\x09...\""},
    {"GET / HTTP/1.1\r\n: b\r\n", "client sent invalid header line: \"\\x3a...\""},
    {"GET / HTTP/1.1\r\nHost : b\r\n", "client sent invalid header line: \"Host\\x20...\""},
    {"GET / HTTP/1.1\r\nHo\tst: b\r\n", "client sent invalid header line: \"Ho\\x09...\""},
    {"GET / HTTP/1.1\r\nHo\x7fst: b\r\n", "client sent invalid header line: \"Ho\\x7f...\""},
    {"GET / HTTP/1.1\r\nHo\0st: b\r\n"sv, "client sent invalid header line: \"Ho\\x00...\""},
    {"GET / HTTP/1.1\r\nA: \0\r\n"sv, "client sent invalid header line: \"A: \\x00...\""},
    {"GET / HTTP/1.1\r\nA: b \0\r\n"sv, "client sent invalid header line: \"A: b \\x00...\""},
    {"GET / HTTP/1.1\r\nA: b\rc\r\n", "client sent invalid header line: \"A: b\\x0d...\""},
    {"GET / HTTP/1.1\r\nA\rB: c\r\n", "client sent invalid header line: \"A\\x0d...\""},
    {"GET / HTTP/1.1\r\n\rX", "client sent invalid header line: \"\\x0d...\""},
};

TEST_CASE("heads nginx reads") {
  for (const Golden& golden : kGoodHeads) CHECK(read_head(golden.text) == golden.expected);
}

TEST_CASE("heads nginx refuses, with its words") {
  for (const Golden& golden : kBadHeads) {
    CAPTURE(golden.text);
    CHECK(head_verdict(golden.text) == golden.expected);
  }
}

TEST_CASE("a head that is refused is refused at its first bad byte") {
  for (const Golden& golden : kBadHeads) {
    if (golden.expected == "need more") continue;
    CAPTURE(golden.text);
    std::size_t good = 0;
    while (head_verdict(golden.text.substr(0, good)) == "need more") ++good;
    CHECK(head_verdict(golden.text.substr(0, good)) == golden.expected);
  }
}

TEST_CASE("a head may be cut anywhere") {
  const auto check_cuts = [](std::string_view text) {
    const std::string whole = read_head(text);
    std::vector<std::size_t> every;
    for (std::size_t cut = 0; cut <= text.size(); ++cut) {
      CHECK(read_head(text, {cut}) == whole);
      every.push_back(cut);
    }
    CHECK(read_head(text, every) == whole);
  };
  for (const Golden& golden : kGoodHeads) check_cuts(golden.text);
  for (const Golden& golden : kBadHeads) check_cuts(golden.text);
}

TEST_CASE("no byte after the head is read") {
  for (const Golden& golden : kGoodHeads) {
    CHECK(read_head(std::string(golden.text) + "\0 body"s) == golden.expected);
  }
}

TEST_CASE("the HTTP/2 preface is recognised, also in two packets") {
  constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
  CHECK(head_verdict(kPreface) == "http2 preface");
  CHECK(read_head(kPreface, {5}) == "http2 preface");
  CHECK(head_verdict("PRI * HTTP/2.1") == kInvalidRequest);
  CHECK(head_verdict("PRI / HTTP/1.1\r\n\r\n") == "end at 18");
  CHECK(head_verdict("PRIX *") == kInvalidRequest);
  CHECK(error_status(ParseStatus::http2_preface) == 400);
}

TEST_CASE("underscores make a name invalid unless allowed") {
  constexpr std::string_view kHead = "GET / HTTP/1.1\r\na_b: 1\r\na_$: 2\r\n\r\n";
  CHECK(read_head(kHead) == "GET|/|1001|HTTP/1.1||\n!a_b=1\n!a_$=2\nend at 34");
  CHECK(read_head(kHead, {}, true) == "GET|/|1001|HTTP/1.1||\na_b=1\n!a_$=2\nend at 34");
}

TEST_CASE("every method nginx knows is told apart") {
  const std::pair<std::string_view, Method> rows[] = {
      {"GET", Method::get},         {"HEAD", Method::head},           {"POST", Method::post},
      {"PUT", Method::put},         {"DELETE", Method::del},          {"MKCOL", Method::mkcol},
      {"COPY", Method::copy},       {"MOVE", Method::move},           {"OPTIONS", Method::options},
      {"LOCK", Method::lock},       {"UNLOCK", Method::unlock},       {"PROPFIND", Method::propfind},
      {"PATCH", Method::patch},     {"PROPPATCH", Method::proppatch}, {"TRACE", Method::trace},
      {"CONNECT", Method::connect}, {"GETX", Method::unknown},        {"GE", Method::unknown},
  };
  for (const auto& [text, method] : rows) {
    const std::string request = std::string(text) + " / HTTP/1.0\r\n\r\n";
    CHECK(good_head(request).method == method);
  }
}

TEST_CASE("lengths of lines are told for the header buffers") {
  constexpr std::string_view kHead = "\r\nGET / HTTP/1.1\r\nHost: a\n\r\nbody";
  RequestParser parser;
  CHECK(parser.at_start());
  CHECK(parser.parse_request_line(kHead.substr(0, 2)) == ParseStatus::need_more);
  CHECK(parser.at_start());
  CHECK(parser.parse_request_line(kHead.substr(0, 6)) == ParseStatus::need_more);
  CHECK(parser.line_bytes() == 4);
  CHECK_FALSE(parser.at_start());
  CHECK(parser.parse_request_line(kHead) == ParseStatus::request_line);
  CHECK(parser.request_start() == 2);
  CHECK(parser.line_bytes() == 16);
  CHECK(parser.parse_field(kHead.substr(0, 18), false) == ParseStatus::need_more);
  CHECK(parser.line_bytes() == 0);
  CHECK(parser.parse_field(kHead.substr(0, 24), false) == ParseStatus::need_more);
  CHECK(parser.line_bytes() == 6);
  CHECK(parser.parse_field(kHead, false) == ParseStatus::field);
  CHECK(parser.line_bytes() == 8);
  CHECK(parser.parse_field(kHead, false) == ParseStatus::end_of_head);
  CHECK(parser.line_bytes() == 2);
  CHECK(kHead.substr(parser.consumed()) == "body");
}

TEST_CASE("what came of a broken request line can be logged") {
  RequestParser parser;
  constexpr std::string_view kText = "\nGET /a b\r\nHost";
  CHECK(parser.parse_request_line(kText) == ParseStatus::invalid_request);
  CHECK(parser.request_line_so_far(kText) == "GET /a b");
}

TEST_CASE("a long value keeps its bytes and its trailing blanks are cut, at every length") {
  for (std::size_t size = 0; size < 70; ++size) {
    const std::string value = size == 0 ? "" : std::string(size - 1, '\t') + "x";
    const std::string text = "GET / HTTP/1.1\r\nA: " + value + "   \r\n\r\n";
    CHECK(read_head(text) == "GET|/|1001|HTTP/1.1||\nA=" + value + "\nend at " + std::to_string(text.size()));
  }
}

TEST_CASE("random bytes and random edits never change the verdict with the cuts") {
  std::mt19937 random(20261122);
  const auto below = [&](std::size_t count) {
    return std::uniform_int_distribution<std::size_t>(0, count - 1)(random);
  };
  constexpr std::string_view kBytes = "\r\n\r\n  :/?#%.GETHTTP/1.1ahost_-\t\0\x01\x7f\xff[]@;"sv;
  for (int round = 0; round < 20000; ++round) {
    std::string text(kGoodHeads[below(std::size(kGoodHeads))].text);
    for (std::size_t edits = below(4); edits > 0 && !text.empty(); --edits) {
      const std::size_t at = below(text.size());
      switch (below(3)) {
        case 0: text[at] = kBytes[below(kBytes.size())]; break;
        case 1: text.insert(at, 1, kBytes[below(kBytes.size())]); break;
        case 2: text.erase(at, 1); break;
      }
    }
    const std::size_t first = below(text.size() + 1);
    const std::size_t second = first + below(text.size() - first + 1);
    CHECK(read_head(text, {first, second}) == read_head(text));
  }
}

TEST_CASE("a head can follow its bytes to another place") {
  std::string text = "GET /p HTTP/1.1\r\nHost: a\r\nX: y\r\n\r\n";
  RequestHead head = good_head(text);
  const auto* first = head.find("x");
  REQUIRE(first != nullptr);
  const std::string copy = text;
  head.rebase(text, copy.data());
  std::fill(text.begin(), text.end(), '#');
  CHECK(head.request_line == "GET /p HTTP/1.1");
  CHECK(head.target == "/p");
  CHECK(head.protocol_text == "HTTP/1.1");
  CHECK(head.value(KnownField::host) == "a");
  CHECK(head.find("x")->value == "y");
}

}  // namespace
}  // namespace uringx
