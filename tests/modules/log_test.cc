#include <doctest/doctest.h>

#include <chrono>

#include "fixture.h"

using namespace uringx;

namespace {

class Sink : public AccessLogSink {
 public:
  void append(const AccessLog& log, std::string_view path, std::string_view line) override {
    written.push_back((log.path ? std::string(path) : std::to_string(log.log_file)) + ": " + std::string(line));
  }
  ssize_t send(const AccessLog&, std::string_view datagram) override {
    written.push_back("syslog: " + std::string(datagram));
    return sent_bytes < 0 ? sent_bytes : static_cast<ssize_t>(datagram.size());
  }
  std::vector<std::string> written;
  ssize_t sent_bytes = 0;
};

std::vector<std::string> logged(TestRequest& test) {
  Sink sink;
  write_access_logs(test.request, sink);
  return sink.written;
}

using Lines = std::vector<std::string>;

}  // namespace

TEST_CASE("the combined format, byte for byte") {
  FakeBuild build;
  REQUIRE(build.apply("access_log", {"logs/a"}) == "");
  REQUIRE(build.finish() == "");
  TestRequest test(build);
  test.field("Referer", "http://r/").field("User-Agent", "q\"b\\s\x01\t\x7f\xc3\xa9 end").field("Authorization", "Basic dXNlcjpwYXNz");
  CHECK(logged(test) == Lines{"0: 127.0.0.1 - user [22/Nov/2026:12:01:00 +0000] \"GET /a.html?x=1 HTTP/1.1\" 200 1000 "
                              "\"http://r/\" \"q\\x22b\\x5Cs\\x01\\x09\\x7F\\xC3\\xA9 end\"\n"});
  CHECK(build.log_files == Lines{"/prefix/logs/a"});
}

TEST_CASE("what is not found is a dash, or nothing with another escape") {
  FakeBuild build;
  REQUIRE(build.apply("log_format", {"d", "<$http_nothing|", "$remote_user>"}) == "");
  REQUIRE(build.apply("log_format", {"j", "escape=json", "{\"n\":\"$http_nothing\",\"r\":\"$request\"}"}) == "");
  REQUIRE(build.apply("log_format", {"n", "escape=none", "$http_nothing|$http_q"}) == "");
  for (const char* name : {"d", "j", "N"}) REQUIRE(build.apply("access_log", {"/l", name}) == "");
  REQUIRE(build.finish() == "");
  TestRequest test(build);
  test.field("Q", "\"\x01");
  CHECK(logged(test) == Lines{"0: <-|->\n", "0: {\"n\":\"\",\"r\":\"GET /a.html?x=1 HTTP/1.1\"}\n", "0: |\"\x01\n"});
}

TEST_CASE("the names a log format takes for itself show the moment") {
  FakeBuild build;
  REQUIRE(build.apply("log_format",
                      {"f", "$pipe $msec $request_time $status $bytes_sent $body_bytes_sent $request_length $time_iso8601"}) == "");
  REQUIRE(build.apply("access_log", {"/l", "f"}) == "");
  REQUIRE(build.finish() == "");
  TestRequest test(build);
  test.request.pipelined = true;
  CHECK(logged(test) == Lines{"0: p 1795348860.042 1.042 200 1234 1000 82 2026-11-22T12:01:00+00:00\n"});
}

TEST_CASE("conditions, names with variables, off") {
  FakeBuild build;
  REQUIRE(build.apply("log_format", {"u", "$uri"}) == "");
  REQUIRE(build.apply("access_log", {"/if", "u", "if=$arg_x"}) == "");
  REQUIRE(build.apply("access_log", {"by-host/$host.log", "u"}) == "");
  REQUIRE(build.finish() == "");
  TestRequest test(build);
  CHECK(logged(test) == Lines{"0: /a.html\n", "/prefix/by-host/ex.test.log: /a.html\n"});
  test.request.args = "x=0";
  CHECK(logged(test).size() == 1);
  test.request.args = "x=00";
  CHECK(logged(test).size() == 2);
  test.request.args = {};
  CHECK(logged(test).size() == 1);
}

TEST_CASE("logs are inherited whole, replaced whole, and switched off") {
  FakeBuild build;
  REQUIRE(build.apply("access_log", {"/outer"}) == "");
  build.enter_location();
  SUBCASE("inherited") {
    REQUIRE(build.finish() == "");
    TestRequest test(build);
    CHECK(logged(test).size() == 1);
  }
  SUBCASE("replaced") {
    REQUIRE(build.apply("access_log", {"/one"}) == "");
    REQUIRE(build.apply("access_log", {"/two"}) == "");
    REQUIRE(build.finish() == "");
    TestRequest test(build);
    CHECK(logged(test).size() == 2);
    CHECK(build.log_files == Lines{"/outer", "/one", "/two"});
  }
  SUBCASE("off wins, whatever else the level names") {
    REQUIRE(build.apply("access_log", {"off"}) == "");
    REQUIRE(build.apply("access_log", {"/one"}) == "");
    REQUIRE(build.finish() == "");
    TestRequest test(build);
    CHECK(logged(test).empty());
  }
}

TEST_CASE("without access_log the compiled-in file is used, and opened only then") {
  FakeBuild build;
  build.enter_location();
  REQUIRE(build.finish() == "");
  CHECK(build.log_files == Lines{"/var/log/nginx/access.log"});
  TestRequest test(build);
  CHECK(logged(test).size() == 1);
  FakeBuild other;
  other.enter_location();
  REQUIRE(other.apply("access_log", {"off"}) == "");
  REQUIRE(other.finish() == "");
  CHECK(other.log_files.empty());
}

TEST_CASE("buffer and flush belong to the file") {
  FakeBuild build;
  REQUIRE(build.apply("access_log", {"/a"}) == "");
  REQUIRE(build.apply("access_log", {"/a", "combined", "buffer=32k", "flush=1m"}) == "");
  CHECK(build.apply("access_log", {"/a", "combined", "buffer=4k"}) ==
        "access_log \"/a\" already defined with conflicting parameters");
  const auto& logs = build.location_set.get<LogSettings>().logs->list;
  REQUIRE(logs.size() == 2);
  CHECK(logs[0].buffer == logs[1].buffer);
  CHECK(logs[0].buffer->bytes == 32768);
  CHECK(logs[0].buffer->flush_ms == 60000);
}

TEST_CASE("errors of log_format and access_log are nginx's") {
  struct Row {
    std::string name;
    std::vector<std::string> words;
    const char* message;
  };
  const Row rows[] = {
      {"log_format", {"combined", "x"}, "duplicate \"log_format\" name \"combined\""},
      {"log_format", {"main", "x"}, "duplicate \"log_format\" name \"main\""},
      {"log_format", {"a", "escape=xml", "x"}, "unknown log format escaping \"xml\""},
      {"log_format", {"a", "$"}, "invalid parameter \"$\""},
      {"access_log", {"off", "x"}, "invalid parameter \"x\""},
      {"access_log", {"/a", "nope"}, "unknown log format \"nope\""},
      {"access_log", {"/a", "main", "what"}, "invalid parameter \"what\""},
      {"access_log", {"/a", "main", "buffer=x"}, "invalid buffer size \"x\""},
      {"access_log", {"/a", "main", "buffer=0"}, "invalid buffer size \"0\""},
      {"access_log", {"/a", "main", "buffer=4k", "flush=x"}, "invalid flush time \"x\""},
      {"access_log", {"/a", "main", "flush=1s"}, "no buffer is defined for access_log \"/a\""},
      {"access_log", {"/$host", "main", "buffer=4k"}, "buffered logs cannot have variables in name"},
      {"access_log", {"/a", "main", "gzip=10"}, "invalid compression level \"10\""},
      {"access_log", {"/${a", "main"}, "the closing bracket in \"a\" variable is missing"},
      {"access_log", {"/a", "main", "gzip"}, ""},
      {"access_log", {"/a", "main", "gzip=0"}, "invalid compression level \"0\""},
      {"access_log", {"/a", "main", "gzip="}, "invalid compression level \"\""},
      {"access_log", {"/a", "main", "gzipx"}, "invalid parameter \"gzipx\""},
      {"access_log", {"/$host", "main", "gzip"}, "buffered logs cannot have variables in name"},
      {"access_log", {"syslog:server=127.0.0.1", "main"}, ""},
      {"access_log", {"syslog:server=127.0.0.1", "main", "gzip"}, "logs to syslog cannot be buffered"},
      {"access_log", {"syslog:server=127.0.0.1", "main", "buffer=1k"}, "logs to syslog cannot be buffered"},
      {"access_log", {"syslog:tag=x", "main"}, "no syslog server specified"},
      {"open_log_file_cache", {"inactive=20s"}, "\"open_log_file_cache\" must have \"max\" parameter"},
      {"open_log_file_cache", {"max=10", "valid=x"}, "invalid \"open_log_file_cache\" parameter \"valid=x\""},
      {"open_log_file_cache", {"max=10", "min_uses=2", "valid=1m", "inactive=20s"}, ""},
  };
  for (const Row& row : rows) {
    CAPTURE(row.words);
    FakeBuild build;
    REQUIRE(build.apply("log_format", {"main", "$uri"}) == "");
    CHECK(build.apply(row.name, row.words) == row.message);
  }
}

TEST_CASE("a combined line costs far less than a request") {
  FakeBuild build;
  REQUIRE(build.apply("access_log", {"/a"}) == "");
  REQUIRE(build.finish() == "");
  TestRequest test(build);
  test.field("Host", "ex.test").field("Accept", "*/*").field("Referer", "http://ex.test/some/page.html");
  test.field("User-Agent", "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0 Safari/537.36");
  class Counter : public AccessLogSink {
   public:
    void append(const AccessLog&, std::string_view, std::string_view line) override { bytes += line.size(); }
    ssize_t send(const AccessLog&, std::string_view datagram) override { return static_cast<ssize_t>(datagram.size()); }
    std::size_t bytes = 0;
  } counter;
  constexpr int kLines = 20'000;
  double best_ns = 1e9;  // of several rounds: the machine is shared
  for (int round = 0; round < 5; ++round) {
    const auto from = std::chrono::steady_clock::now();
    for (int i = 0; i < kLines; ++i) {
      test.request.variable_values = {};  // a new request's
      test.arena.reset();
      write_access_logs(test.request, counter);
    }
    const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - from;
    best_ns = std::min(best_ns, took.count() / kLines);
  }
  MESSAGE("ns per line: " << best_ns);
  CHECK(counter.bytes > 0);
  CHECK(best_ns < 20'000);  // a wall against something quadratic; sanitizer builds pass it too
}
