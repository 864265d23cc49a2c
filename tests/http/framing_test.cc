// What heads say about their bodies and connections; the smuggling shapes; the names of fields.
#include "http/framing.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <set>
#include <string>

#include "http/browser.h"
#include "tests/http/http_fixture.h"

namespace uringx {
namespace {

std::string framing(std::string_view head_text) {
  const RequestHead head = good_head(head_text);
  const auto result = body_framing(head);
  if (!result) return fmt::format("{} {}", result.error().status, log_text(result.error()));
  switch (result->kind) {
    case BodyFraming::Kind::none: return "none";
    case BodyFraming::Kind::sized: return fmt::format("sized {}", result->body_bytes);
    case BodyFraming::Kind::chunked: return "chunked";
  }
  return "?";
}

std::string framing_of(std::string_view fields, std::string_view line = "POST / HTTP/1.1") {
  return framing(fmt::format("{}\r\nHost: h\r\n{}\r\n", line, fields));
}

TEST_CASE("bodies without, with a length, and chunked") {
  CHECK(framing_of("") == "none");
  CHECK(framing_of("Content-Length: 0\r\n") == "sized 0");
  CHECK(framing_of("content-length: 9223372036854775807\r\n") == "sized 9223372036854775807");
  CHECK(framing_of("Content-Length: 007\r\n") == "sized 7");
  CHECK(framing_of("Transfer-Encoding: chunked\r\n") == "chunked");
  CHECK(framing_of("Transfer-Encoding: Chunked  \r\n") == "chunked");
  CHECK(framing("GET / HTTP/1.0\r\n\r\n") == "none");
}

TEST_CASE("lengths that are no numbers are refused") {
  for (const std::string_view bad : {"", "+1", "-1", "1_0", "1 0", "0x1", "1,1", "1, 1", "1.0", "a", "1a",
                                     "\t1", "9223372036854775808", "18446744073709551617"}) {
    CAPTURE(bad);
    CHECK(framing_of(fmt::format("Content-Length: {}\r\n", bad)) ==
          "400 client sent invalid \"Content-Length\" header");
  }
}

TEST_CASE("transfer codings that are not just chunked are refused") {
  for (const std::string_view bad : {"identity", "gzip, chunked", "chunked, chunked", "chunked;a", "xchunked",
                                     "chunkedx", "\tchunked", "chunked\t", "\"chunked\"", ""}) {
    CAPTURE(bad);
    CHECK(framing_of(fmt::format("Transfer-Encoding: {}\r\n", bad)) ==
          fmt::format("501 client sent unknown \"Transfer-Encoding\": \"{}\"", bad));
  }
  CHECK(framing_of("Transfer-Encoding: chunked\r\n", "POST / HTTP/1.0") ==
        "400 client sent HTTP/1.0 request with \"Transfer-Encoding\" header");
  constexpr std::string_view kBoth =
      "400 client sent \"Content-Length\" and \"Transfer-Encoding\" headers at the same time";
  CHECK(framing_of("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n") == kBoth);
  CHECK(framing_of("Transfer-Encoding: chunked\r\nContent-Length: 3\r\n") == kBoth);
}

TEST_CASE("single fields stand once") {
  CHECK(
      framing_of("Content-Length: 1\r\nContent-length: 1\r\n") ==
      "400 client sent duplicate header line: \"Content-length: 1\", previous value: \"Content-Length: 1\"");
  CHECK(framing_of("HOST: b\r\n") ==
        "400 client sent duplicate host header: \"HOST: b\", previous value: \"Host: h\"");
  for (const std::string_view name :
       {"Transfer-Encoding", "Content-Range", "Expect", "If-Match", "If-None-Match", "If-Range",
        "If-Modified-Since", "If-Unmodified-Since", "Authorization"}) {
    CAPTURE(name);
    CHECK(framing_of(fmt::format("{0}: chunked\r\n{0}: chunked\r\n", name))
              .starts_with("400 client sent duplicate"));
  }
  for (const std::string_view name :
       {"Cookie", "Range", "Connection", "X-Forwarded-For", "User-Agent", "Accept"}) {
    CAPTURE(name);
    CHECK(framing_of(fmt::format("{0}: a\r\n{0}: b\r\n", name)) == "none");
  }
}

TEST_CASE("a duplicate after more fields than are numbered is still told") {
  RequestHead head(std::pmr::get_default_resource());
  head.add_field({"Content-Length", "1"});
  for (int i = 0; i < 70000; ++i) head.add_field({"X", "y"});
  CHECK(head.first_duplicate() == nullptr);
  head.add_field({"Content-Length", "2"});
  CHECK(head.first_duplicate() != nullptr);
  head.add_field({"Range", "z"});
  CHECK(head.find(KnownField::range) != nullptr);
}

TEST_CASE("duplicates can be told while fields arrive") {
  RequestHead head(std::pmr::get_default_resource());
  CHECK(duplicate_of(head, head.add_field({"Host", "a"})) == nullptr);
  CHECK(duplicate_of(head, head.add_field({"Cookie", "a"})) == nullptr);
  CHECK(duplicate_of(head, head.add_field({"Cookie", "b"})) == nullptr);
  const auto* first = duplicate_of(head, head.add_field({"host", "b"}));
  REQUIRE(first != nullptr);
  CHECK(first->value == "a");
}

TEST_CASE("HTTP/1.1 needs a Host, even with an absolute target") {
  constexpr std::string_view kNoHost = "400 client sent HTTP/1.1 request without \"Host\" header";
  CHECK(framing("GET / HTTP/1.1\r\n\r\n") == kNoHost);
  CHECK(framing("GET http://a/ HTTP/1.1\r\n\r\n") == kNoHost);
  CHECK(framing("GET / HTTP/1.0\r\n\r\n") == "none");
}

TEST_CASE("CONNECT and TRACE are not allowed, after everything else was looked at") {
  CHECK(framing_of("", "CONNECT a:443 HTTP/1.1") == "405 client sent CONNECT method");
  CHECK(framing_of("", "TRACE / HTTP/1.1") == "405 client sent TRACE method");
  CHECK(framing_of("Content-Length: x\r\n", "TRACE / HTTP/1.1").starts_with("400"));
}

TEST_CASE("whether the connection stays") {
  const auto stays = [](std::string_view line, std::string_view fields) {
    return wants_keep_alive(good_head(fmt::format("{}\r\n{}\r\n", line, fields)));
  };
  constexpr std::string_view k10 = "GET / HTTP/1.0";
  constexpr std::string_view k11 = "GET / HTTP/1.1";
  CHECK(stays(k11, ""));
  CHECK_FALSE(stays(k10, ""));
  CHECK_FALSE(stays(k11, "Connection: close\r\n"));
  CHECK_FALSE(stays(k11, "Connection: foo, CLOSE\r\n"));
  CHECK(stays(k10, "Connection: Keep-Alive\r\n"));
  CHECK(stays(k11, "Connection: upgrade\r\n"));
  CHECK_FALSE(stays(k11, "Connection: keep-alive\r\nX: y\r\nConnection: close\r\n"));
  CHECK(stays(k10, "Connection: close\r\nConnection: keep-alive\r\n"));
  CHECK_FALSE(stays(k11, "Connection: close, keep-alive\r\n"));
}

TEST_CASE("Expect: 100-continue in any case, from HTTP/1.1 on") {
  const auto expects = [](std::string_view version, std::string_view value) {
    return expects_continue(good_head(fmt::format("PUT / HTTP/{}\r\nExpect: {}\r\n\r\n", version, value)));
  };
  CHECK(expects("1.1", "100-continue"));
  CHECK(expects("1.1", "100-Continue"));
  CHECK_FALSE(expects("1.0", "100-continue"));
  CHECK_FALSE(expects("1.1", "100-continue, x"));
  CHECK_FALSE(expects("1.1", "200-ok"));
}

TEST_CASE("every known name is recognised in any case, and nothing near it") {
  std::set<KnownField> seen;
  for (const auto& row : detail::kNameRows) {
    std::string name(row.name);
    CHECK(known_field(name) == row.field);
    for (char& c : name) c = static_cast<char>(c >= 'a' && c <= 'z' ? c - 32 : c);
    CHECK(known_field(name) == row.field);
    for (std::size_t i = 0; i < name.size(); ++i) {
      std::string other = name;
      other[i] = '!';
      CHECK(known_field(other) == KnownField::other);
    }
    CHECK(known_field(name + "x") == KnownField::other);
    CHECK(known_field(name.substr(1)) == KnownField::other);
    seen.insert(row.field);
  }
  CHECK(seen.size() + 1 == kKnownFieldCount);
  CHECK(known_field("") == KnownField::other);
}

TEST_CASE("fields are found by name and by what they are") {
  const RequestHead head = good_head("GET / HTTP/1.1\r\nHOST: a\r\nX-Y: 1\r\nx-y: 2\r\n\r\n");
  CHECK(head.find("host")->value == "a");
  CHECK(head.find("x-Y")->value == "1");
  CHECK(head.find("x") == nullptr);
  CHECK(head.value(KnownField::host) == "a");
  CHECK(head.find(KnownField::range) == nullptr);
  CHECK(head.value(KnownField::range).empty());
}

TEST_CASE("browsers as nginx tells them") {
  CHECK(browser_of("Mozilla/4.0 (compatible; MSIE 6.0; Windows NT 5.1)").msie6);
  CHECK_FALSE(browser_of("Mozilla/4.0 (compatible; MSIE 6.0; Windows NT 5.1; SV1)").msie6);
  CHECK(browser_of("Mozilla/4.0 (compatible; MSIE 6.0; Windows NT 5.1; SV1)").msie);
  CHECK(browser_of("MSIE 10.0").msie);
  CHECK_FALSE(browser_of("MSIE 10.0").msie6);
  CHECK_FALSE(browser_of("MSIE 6").msie);
  CHECK(browser_of("MSIE 5.0 Opera").opera);
  CHECK_FALSE(browser_of("MSIE 5.0 Opera").msie6);
  CHECK(browser_of("x Gecko/20100101 Chrome/1").gecko);
  CHECK(browser_of("AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120 Safari/537.36").chrome);
  CHECK(browser_of("(Macintosh; Intel Mac OS X) Version/17 Safari/605").safari);
  CHECK_FALSE(browser_of("Linux Safari/605").safari);
  CHECK(browser_of("Konqueror/3").konqueror);
}

}  // namespace
}  // namespace uringx
