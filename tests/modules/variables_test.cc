#include <doctest/doctest.h>

#include <algorithm>
#include <cerrno>
#include <set>

#include "fixture.h"

using namespace uringx;

TEST_CASE("unknown names are refused when everything is known") {
  VariableTable table;
  table.index_of("uri");
  table.index_of("Foo");
  CHECK(table.resolve().error() == "unknown \"foo\" variable");
  table.define("foo");
  CHECK(table.resolve());
}

TEST_CASE("variables of modules that are not here have a sentence of their own") {
  VariableTable table;
  table.index_of("geoip_city");
  CHECK(table.resolve().error() == "the \"geoip_city\" variable is known to nginx but not served by uringx yet");
}

TEST_CASE("a configuration may not define what nginx defines") {
  VariableTable table;
  CHECK(table.check_definable("Uri").error() == "the duplicate \"Uri\" variable");
  CHECK(table.check_definable("args"));
  CHECK(table.check_definable("arg_x"));
  CHECK(table.check_definable("mine"));
}

TEST_CASE("a defined variable is not found until it is stored") {
  FakeBuild build;
  TestRequest test(build);
  const std::uint16_t index = build.table.define("year");
  CHECK_FALSE(build.table.value(test.request, index));
  build.table.store(test.request, index, "2026");
  CHECK(*build.table.value(test.request, index) == "2026");
}

TEST_CASE("values are kept for the request, but for those nginx asks anew") {
  FakeBuild build;
  TestRequest test(build);
  const std::uint16_t uri = build.table.index_of("uri");
  const std::uint16_t host = build.table.index_of("host");
  const std::uint16_t sent = build.table.index_of("bytes_sent");
  REQUIRE(build.table.resolve());
  CHECK(*build.table.value(test.request, uri) == "/a.html");
  CHECK(*build.table.value(test.request, host) == "ex.test");
  CHECK(*build.table.value(test.request, sent) == "1234");
  test.request.uri = "/b";
  test.request.host = "other";
  test.request.bytes_sent = 99;
  CHECK(*build.table.value(test.request, uri) == "/a.html");  // within one text
  CHECK(*build.table.current_value(test.request, uri) == "/b");
  CHECK(*build.table.current_value(test.request, host) == "ex.test");
  CHECK(*build.table.value(test.request, sent) == "1234");
}

TEST_CASE("the variables of nginx's core module") {
  FakeBuild build;
  REQUIRE(build.apply("root", {"/srv"}) == "");
  REQUIRE(build.finish() == "");
  TestRequest test(build);
  struct Row {
    const char* name;
    const char* value;
  };
  const Row rows[] = {
      {"request", "GET /a.html?x=1 HTTP/1.1"}, {"request_uri", "/a.html?x=1"}, {"uri", "/a.html"},
      {"document_uri", "/a.html"}, {"args", "x=1"}, {"query_string", "x=1"}, {"is_args", "?"}, {"arg_x", "1"},
      {"arg_y", "<none>"}, {"arg_", "<none>"}, {"request_method", "GET"}, {"server_protocol", "HTTP/1.1"},
      {"scheme", "http"}, {"https", ""}, {"host", "ex.test"}, {"server_name", "ex.test"},
      {"remote_addr", "127.0.0.1"}, {"remote_port", "40000"}, {"server_addr", "127.0.0.1"}, {"server_port", "8080"},
      {"connection", "7"}, {"connection_requests", "2"}, {"connection_time", "2.542"}, {"hostname", "box"},
      {"pid", "4711"}, {"nginx_version", "1.26.0"}, {"msec", "1795348860.042"}, {"request_time", "1.042"},
      {"time_local", "22/Nov/2026:12:01:00 +0000"}, {"time_iso8601", "2026-11-22T12:01:00+00:00"}, {"status", "200"},
      {"bytes_sent", "1234"}, {"body_bytes_sent", "1000"}, {"request_length", "82"}, {"pipe", "."},
      {"request_completion", ""}, {"limit_rate", "0"}, {"content_length", "<none>"}, {"content_type", "<none>"},
      {"request_body", "<none>"}, {"request_body_file", "<none>"}, {"document_root", "/srv"},
      {"request_filename", "/srv/a.html"}, {"proxy_protocol_addr", "<none>"}, {"proxy_protocol_tlv_alpn", "<none>"},
      {"tcpinfo_rtt", "<none>"}, {"remote_user", "<none>"}, {"gzip_ratio", "<none>"}, {"ssl_protocol", "<none>"},
      {"upstream_http_server", "<none>"}, {"http2", ""},
  };
  for (const Row& row : rows) {
    CAPTURE(row.name);
    CHECK(test.variable(row.name) == row.value);
  }
}

TEST_CASE("a request that was refused has no uri, one refused for its uri has an empty one") {
  FakeBuild build;
  TestRequest test(build);
  test.request.unparsed_uri = test.request.uri = test.request.args = {};
  CHECK(test.variable("request_uri") == "<none>");
  CHECK(test.variable("uri") == "<none>");
  CHECK(test.variable("args") == "<none>");
  CHECK(test.variable("is_args") == "");
  test.request.uri = "";
  CHECK(test.variable("uri") == "");
}

TEST_CASE("an error page's redirect makes the method GET") {
  FakeBuild build;
  TestRequest test(build);
  test.request.head.method = Method::post;
  test.request.head.method_text = "POST";
  CHECK(test.variable("request_method") == "GET");
  test.request.method = Method::post;
  CHECK(test.variable("request_method") == "POST");
}

TEST_CASE("the status of an error is the one the client sees") {
  FakeBuild build;
  TestRequest test(build);
  test.request.error_status = 404;
  CHECK(test.variable("status") == "404");
  test.request.error_status = test.request.response.status = 0;
  CHECK(test.variable("status") == "000");
  test.request.head.version = HttpVersion::http_0_9;
  CHECK(test.variable("status") == "009");
}

TEST_CASE("a body shorter than its head counts as nothing, a clock that jumped back too") {
  FakeBuild build;
  TestRequest test(build);
  test.request.bytes_sent = 100;
  test.request.start_msec = test.clock.msec + 5000;
  CHECK(test.variable("body_bytes_sent") == "0");
  CHECK(test.variable("request_time") == "0.000");
}

TEST_CASE("addresses of IPv4, IPv6 and unix sockets as bytes") {
  FakeBuild build;
  TestRequest test(build);
  CHECK(test.variable("binary_remote_addr") == std::string("\x7f\0\0\1", 4));
  test.connection.peer.text = "unix:";
  test.connection.peer.bytes = {};
  test.connection.peer.port = 0;
  CHECK(test.variable("binary_remote_addr") == "unix:");
  CHECK(test.variable("remote_port") == "");
}

TEST_CASE("the user of Basic credentials") {
  struct Row {
    const char* field;
    const char* user;
  };
  const Row rows[] = {
      {"Basic dXNlcjpwYXNz", "user"}, {"basic  dXM6", "us"},   {"Basic Onh4", "<none>"},      // an empty name
      {"Basic dXNlcg==", "<none>"},                                                           // no colon
      {"Basic dXNlcjp=trailing", "user"}, {"Basic !", "<none>"}, {"Basic dXNlc", "<none>"},   // not base64
      {"Basic", "<none>"}, {"Basic    ", "<none>"}, {"Bearer dXNlcjpwYXNz", "<none>"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.field);
    FakeBuild build;
    TestRequest test(build);
    test.field("Authorization", row.field);
    CHECK(test.variable("remote_user") == row.user);
  }
}

TEST_CASE("request fields by name, joined when there are several") {
  FakeBuild build;
  TestRequest test(build);
  test.field("User-Agent", "ua").field("X-One", "1").field("x-one", "2").field("X-Forwarded-For", "a");
  test.field("X-Forwarded-For", "b").field("Cookie", "a=1").field("Cookie", "b=2").field("Content-Length", "3");
  CHECK(test.variable("http_user_agent") == "ua");
  CHECK(test.variable("http_x_one") == "1, 2");
  CHECK(test.variable("http_x_forwarded_for") == "a, b");
  CHECK(test.variable("http_cookie") == "a=1; b=2");
  CHECK(test.variable("content_length") == "3");
  CHECK(test.variable("http_x") == "<none>");
  CHECK(test.variable("http_") == "<none>");
  CHECK(test.variable("http_referer") == "<none>");
}

TEST_CASE("cookies as nginx finds them") {
  FakeBuild build;
  TestRequest test(build);
  test.field("Cookie", "x; C = v ;d=").field("Cookie", "long=1, e=2;  f=3");
  CHECK(test.variable("cookie_c") == "v ");
  CHECK(test.variable("cookie_d") == "");
  CHECK(test.variable("cookie_x") == "<none>");
  CHECK(test.variable("cookie_e") == "2");
  CHECK(test.variable("cookie_f") == "3");
  CHECK(test.variable("cookie_lon") == "<none>");
}

TEST_CASE("fields of the answer") {
  FakeBuild build;
  REQUIRE(build.apply("keepalive_timeout", {"75s", "20s"}) == "");
  REQUIRE(build.finish() == "");
  TestRequest test(build);
  ResponseHead& response = test.request.response;
  CHECK(test.variable("sent_http_content_type") == "<none>");
  CHECK(test.variable("sent_http_content_length") == "<none>");
  CHECK(test.variable("sent_http_etag") == "<none>");
  CHECK(test.variable("sent_http_connection") == "close");
  CHECK(test.variable("sent_http_keep_alive") == "<none>");
  response.content_type = "text/html";
  response.charset = "utf-8";
  response.content_length = 12;
  response.etag = "\"e\"";
  response.last_modified = 951800461;
  response.location = "http://h/d/";
  response.accept_ranges = true;
  response.chunked = true;
  test.request.keep_alive = true;
  response.fields.push_back({"Cache-Control", "a"});
  response.fields.push_back({"cache-control", "b"});
  response.fields.push_back({"X-Y", "z"});
  CHECK(test.variable("sent_http_content_type") == "text/html; charset=utf-8");
  CHECK(test.variable("sent_http_content_length") == "12");
  CHECK(test.variable("sent_http_etag") == "\"e\"");
  CHECK(test.variable("sent_http_last_modified") == "Tue, 29 Feb 2000 05:01:01 GMT");
  CHECK(test.variable("sent_http_location") == "http://h/d/");
  CHECK(test.variable("sent_http_accept_ranges") == "bytes");
  CHECK(test.variable("sent_http_transfer_encoding") == "chunked");
  CHECK(test.variable("sent_http_connection") == "keep-alive");
  CHECK(test.variable("sent_http_keep_alive") == "timeout=20");
  CHECK(test.variable("sent_http_cache_control") == "a, b");
  CHECK(test.variable("sent_http_x_y") == "z");
  CHECK(test.variable("sent_trailer_x") == "<none>");
}

TEST_CASE("request ids are 32 hexadecimal digits and differ") {
  std::set<std::string> ids;
  for (int i = 0; i < 8; ++i) {
    FakeBuild build;
    TestRequest test(build);
    const std::string id = test.variable("request_id");
    CHECK(id.size() == 32);
    CHECK(id.find_first_not_of("0123456789abcdef") == std::string::npos);
    ids.insert(id);
  }
  CHECK(ids.size() == 8);
}

TEST_CASE("a root that is not there is logged when its real path is asked for") {
  FakeBuild build;
  REQUIRE(build.apply("root", {"/no/such/root"}) == "");
  REQUIRE(build.finish() == "");
  TestRequest test(build);
  test.request.resolved_root = "/no/such/root";
  test.request.resolved_root_error = ENOENT;
  CHECK(test.variable("realpath_root") == "<none>");
  CHECK(test.collected.lines["error.log"].find("realpath() \"/no/such/root\" failed (2: No such file or directory), client: ") !=
        std::string::npos);
}
