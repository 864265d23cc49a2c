// Answers as bytes: the order of fields, the built-in pages, and that no value becomes a line.
#include <doctest/doctest.h>

#include <algorithm>
#include <string>

#include "base/version.h"
#include "http/error_page.h"
#include "http/framing.h"
#include "http/location.h"
#include "http/response_writer.h"
#include "http/status.h"
#include "tests/http/http_fixture.h"

namespace uringx {
namespace {

using namespace std::string_view_literals;

constexpr std::string_view kDate = "Sun, 06 Nov 1994 08:49:37 GMT";

ResponseHead response(int status) {
  ResponseHead head(std::pmr::get_default_resource());
  head.status = status;
  return head;
}

std::string printed(const ResponseHead& head, WireOptions options) {
  options.server_text = "uringx";
  options.date_text = kDate;
  const std::size_t size = response_head_bytes_max(head, options);
  std::string text(size, '\0');
  const char* end = write_response_head(text.data(), head, options);
  REQUIRE(end <= text.data() + size);
  text.resize(static_cast<std::size_t>(end - text.data()));
  return text;
}

std::string with_start(std::string_view status, std::string_view rest) {
  return std::string("HTTP/1.1 ")
      .append(status)
      .append("\r\nServer: uringx\r\nDate: ")
      .append(kDate)
      .append("\r\n")
      .append(rest);
}

TEST_CASE("a file's head has nginx's order") {
  ResponseHead head = response(200);
  head.content_type = "text/plain";
  head.charset = "utf-8";
  head.content_length = 1000;
  head.last_modified = 784111777;
  head.etag = "\"2ebc9a61-3e8\"";
  head.accept_ranges = true;
  head.fields.push_back({"Expires", kDate});
  head.fields.push_back({"X-One", "1"});
  CHECK(printed(head, {.keep_alive = true, .keep_alive_timeout_s = 7}) ==
        with_start("200 OK",
                   "Content-Type: text/plain; charset=utf-8\r\nContent-Length: 1000\r\n"
                   "Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r\nConnection: keep-alive\r\nKeep-Alive: "
                   "timeout=7\r\n"
                   "ETag: \"2ebc9a61-3e8\"\r\nExpires: Sun, 06 Nov 1994 08:49:37 GMT\r\nX-One: 1\r\n"
                   "Accept-Ranges: bytes\r\n\r\n"));
  head.status = 206;
  head.content_range = "bytes 0-1/1000";
  head.content_length = 2;
  head.charset = {};
  CHECK(printed(head, {}) ==
        with_start("206 Partial Content",
                   "Content-Type: text/plain\r\nContent-Length: 2\r\n"
                   "Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r\nConnection: close\r\n"
                   "ETag: \"2ebc9a61-3e8\"\r\nExpires: Sun, 06 Nov 1994 08:49:37 GMT\r\nX-One: 1\r\n"
                   "Content-Range: bytes 0-1/1000\r\n\r\n"));
}

TEST_CASE("Location stands where nginx has it, completed or not") {
  TestMemory memory;
  ResponseHead head = response(301);
  head.content_length = 5;
  head.location = "/d/";
  head.etag = "\"e\"";
  head.chunked = true;
  head.vary_accept_encoding = true;
  CHECK(printed(head, {.keep_alive = true}) ==
        with_start("301 Moved Permanently",
                   "Content-Length: 5\r\nTransfer-Encoding: chunked\r\nConnection: keep-alive\r\nVary: "
                   "Accept-Encoding\r\n"
                   "Location: /d/\r\nETag: \"e\"\r\n\r\n"));
  make_location_absolute(head, {.https = false, .host = "h", .port = 8080}, memory.arena);
  CHECK(printed(head, {.keep_alive = true}) ==
        with_start("301 Moved Permanently",
                   "Content-Length: 5\r\nLocation: http://h:8080/d/\r\nTransfer-Encoding: chunked\r\n"
                   "Connection: keep-alive\r\nVary: Accept-Encoding\r\nETag: \"e\"\r\n\r\n"));
}

TEST_CASE("a Location is completed with what the connection is") {
  TestMemory memory;
  const auto completed = [&](std::string_view location, RedirectBase base) {
    ResponseHead head = response(302);
    head.location = location;
    make_location_absolute(head, base, memory.arena);
    CHECK(head.location_made_absolute == (head.location != location));
    return std::string(head.location);
  };
  CHECK(completed("/a", {.host = "h", .port = 80}) == "http://h/a");
  CHECK(completed("/a", {.host = "h", .port = 443}) == "http://h:443/a");
  CHECK(completed("/a", {.https = true, .host = "h", .port = 443}) == "https://h/a");
  CHECK(completed("/a", {.https = true, .host = "h", .port = 80}) == "https://h:80/a");
  CHECK(completed("/a", {.host = "h", .port = 0}) == "http://h/a");
  CHECK(completed("/a", {.host = "[::1]", .port = 65535}) == "http://[::1]:65535/a");
  CHECK(completed("http://x/", {.host = "h"}) == "http://x/");
  CHECK(completed("a", {.host = "h"}) == "a");
}

TEST_CASE("what a status does not have is not printed") {
  ResponseHead head = response(204);
  head.content_type = "text/plain";
  head.content_length = 5;
  head.last_modified = 1;
  CHECK(printed(head, {}) == with_start("204 No Content", "Connection: close\r\n\r\n"));
  head.status = 404;
  CHECK(printed(head, {}) ==
        with_start("404 Not Found",
                   "Content-Type: text/plain\r\nContent-Length: 5\r\nConnection: close\r\n\r\n"));
  head = response(304);
  head.last_modified = 0;
  CHECK(printed(head, {}) ==
        with_start("304 Not Modified",
                   "Last-Modified: Thu, 01 Jan 1970 00:00:00 GMT\r\nConnection: close\r\n\r\n"));
}

TEST_CASE("codes without words, and words of the configuration's own") {
  CHECK(printed(response(299), {}) == with_start("299 ", "Connection: close\r\n\r\n"));
  CHECK(printed(response(7), {}) == with_start("007 ", "Connection: close\r\n\r\n"));
  CHECK(printed(response(101), {}) == with_start("101 ", "Connection: upgrade\r\n\r\n"));
  ResponseHead head = response(200);
  head.status_text = "Fine";
  CHECK(printed(head, {}) == with_start("200 Fine", "Connection: close\r\n\r\n"));
}

TEST_CASE("HTTP/0.9 gets no head, HTTP/1.0 one that says 1.1") {
  CHECK(printed(response(200), {.version = HttpVersion::http_0_9}).empty());
  CHECK(printed(response(200), {.version = HttpVersion::http_1_0}).starts_with("HTTP/1.1 200 OK\r\n"));
}

TEST_CASE("no text can begin a line or end the head") {
  constexpr std::string_view kEvil = "a\r\nX-Evil: 1\n\r\n\0b"sv;
  ResponseHead head = response(200);
  head.status_text = kEvil;
  head.content_type = kEvil;
  head.charset = kEvil;
  head.location = kEvil;
  head.etag = kEvil;
  head.content_range = kEvil;
  head.fields.push_back({kEvil, kEvil});
  for (const bool absolute : {false, true}) {
    head.location_made_absolute = absolute;
    const std::string text = printed(head, {});
    CHECK(text.find('\0') == std::string::npos);
    CHECK(text.find("\nX-Evil") == std::string::npos);
    CHECK(text.find("\r\n\r\n") == text.size() - 4);
    CHECK(std::count(text.begin(), text.end(), '\n') == std::count(text.begin(), text.end(), '\r'));
    CHECK(text.find("ETag: a  X-Evil: 1    b\r\n") != std::string::npos);
  }
}

TEST_CASE("a head with everything fits its bound") {
  ResponseHead head = response(416);
  head.content_type = head.charset = "t";
  head.content_length = 9223372036854775807;
  head.last_modified = 0;
  head.etag = head.content_range = head.location = "e";
  head.vary_accept_encoding = head.accept_ranges = head.chunked = true;
  for (int i = 0; i < 100; ++i) head.fields.push_back({"n", "v"});
  const WireOptions options{.keep_alive = true, .keep_alive_timeout_s = 9223372036854775807};
  for (const int status : {200, 206, 413, 416, 503, 101, -2147483647}) {
    head.status = status;
    CHECK_FALSE(printed(head, options).empty());
  }
}

TEST_CASE("status lines and pages use nginx's words, which differ in places") {
  CHECK(status_line(302) == "302 Moved Temporarily");
  CHECK(status_line(401) == "401 Unauthorized");
  CHECK(status_line(405) == "405 Not Allowed");
  CHECK(status_line(408) == "408 Request Time-out");
  CHECK(status_line(494).empty());
  CHECK(status_line(203).empty());
  CHECK(error_page(302, ServerTokens::on, false).head.find("<title>302 Found</title>") !=
        std::string_view::npos);
  CHECK(error_page(401, ServerTokens::on, false).head.find("<h1>401 Authorization Required</h1>") !=
        std::string_view::npos);
}

TEST_CASE("a page is nginx's but for the name") {
  const ErrorPage page = error_page(404, ServerTokens::on, false);
  CHECK(std::string(page.head).append(page.tail).append(page.padding) ==
        "<html>\r\n<head><title>404 Not Found</title></head>\r\n<body>\r\n<center><h1>404 Not "
        "Found</h1></center>\r\n"
        "<hr><center>uringx/0.1.0</center>\r\n</body>\r\n</html>\r\n");
  CHECK(page.body_bytes() == 153);  // as many as with "nginx/1.22.1"
  CHECK(error_page(404, ServerTokens::off, false).tail.starts_with("<hr><center>uringx</center>"));
  CHECK(error_page(404, ServerTokens::build, false).tail == page.tail);
}

TEST_CASE("nginx's own codes have pages of 400 and say why") {
  const ErrorPage page = error_page(494, ServerTokens::on, false);
  CHECK(
      page.head ==
      "<html>\r\n<head><title>400 Request Header Or Cookie Too Large</title></head>\r\n<body>\r\n"
      "<center><h1>400 Bad Request</h1></center>\r\n<center>Request Header Or Cookie Too Large</center>\r\n");
  CHECK(error_page(495, ServerTokens::on, false).body_bytes() == 215);
  for (const int status : {494, 495, 496, 497}) CHECK(wire_status(status) == 400);
  CHECK(wire_status(498) == 498);
  CHECK(error_page(498, ServerTokens::on, false).head == error_page(404, ServerTokens::on, false).head);
}

TEST_CASE("padding for old browsers goes to errors only") {
  CHECK(error_page(402, ServerTokens::on, true).body_bytes() == 569);
  CHECK(error_page(301, ServerTokens::on, true).padding.empty());
  CHECK(error_page(500, ServerTokens::on, false).padding.empty());
}

TEST_CASE("codes without a page have an empty body") {
  for (const int status : {200, 201, 204, 299, 300, 304, 407, 417, 418, 430, 499, 506, 508, 0}) {
    CHECK(error_page(status, ServerTokens::on, true).body_bytes() == 0);
  }
}

TEST_CASE("every page names its status line's number, and every error status line has a page") {
  for (int status = 300; status < 600; ++status) {
    const ErrorPage page = error_page(status, ServerTokens::on, false);
    if (status_line(status).empty() || status == 304) continue;
    CAPTURE(status);
    CHECK(page.head.find("<title>" + std::to_string(status) + " ") != std::string_view::npos);
  }
}

TEST_CASE("the version is said once") {
  CHECK(kProductAndVersion == std::string(kProductName).append("/").append(kVersion));
  CHECK(server_text(ServerTokens::on) == kProductAndVersion);
  CHECK(server_text(ServerTokens::off) == kProductName);
  CHECK(kContinueResponse == "HTTP/1.1 100 Continue\r\n\r\n");
}

TEST_CASE("errors that end the connection") {
  for (const int status : {400, 413, 414, 495, 496, 497, 500, 501}) CHECK(closes_connection(status));
  for (const int status : {200, 301, 403, 404, 405, 412, 416, 494, 502, 503})
    CHECK_FALSE(closes_connection(status));
}

}  // namespace
}  // namespace uringx
