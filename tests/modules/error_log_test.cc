#include <doctest/doctest.h>

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "fixture.h"

using namespace uringx;

namespace {

struct Logged {
  LogFile file{"e", -1, 0};
  ErrorLog log;
  CollectedLines collected;

  explicit Logged(LogLevel level) { log.add(file, level); }
  std::string take() { return std::exchange(collected.lines["e"], {}); }
  // The line without its time, pid and tid.
  std::string message() {
    const std::string line = take();
    const std::size_t at = line.find(": ");
    return at == std::string::npos ? line : line.substr(at + 2);
  }
};

}  // namespace

TEST_CASE("an error line has nginx's shape") {
  Logged logged(LogLevel::error);
  logged.log.write(LogLevel::error, 3, "open() \"/x\" failed", ENOENT, ", client: 1.2.3.4");
  const std::string line = logged.take();
  const std::string numbers = std::to_string(getpid()) + "#" + std::to_string(gettid());
  CAPTURE(line);
  std::string time = line.substr(0, 19);
  std::replace_if(time.begin(), time.end(), [](char c) { return c >= '0' && c <= '9'; }, 'd');
  CHECK(time == "dddd/dd/dd dd:dd:dd");
  CHECK(line.substr(19) ==
        " [error] " + numbers + ": *3 open() \"/x\" failed (2: No such file or directory), client: 1.2.3.4\n");
}

TEST_CASE("without a connection there is no star") {
  Logged logged(LogLevel::info);
  logged.log.write(LogLevel::notice, 0, "start worker processes");
  CHECK(logged.message() == "start worker processes\n");
}

TEST_CASE("each target takes its own level and more severe ones") {
  constexpr LogLevel kLevels[] = {LogLevel::stderr_, LogLevel::emerg,  LogLevel::alert, LogLevel::crit, LogLevel::error,
                                  LogLevel::warn,    LogLevel::notice, LogLevel::info,  LogLevel::debug};
  for (const LogLevel target : kLevels) {
    for (const LogLevel said : kLevels) {
      Logged logged(target);
      logged.log.write(said, 0, "x");
      const bool wanted = said <= target;
      CHECK(logged.log.wants(said) == wanted);
      const std::string line = logged.take();
      CHECK(line.empty() != wanted);
      if (wanted) CHECK(line.find("[" + std::string(log_level_name(said)) + "] ") != std::string::npos);
    }
  }
}

TEST_CASE("the same file twice gets a line for each") {
  Logged logged(LogLevel::error);
  logged.log.add(logged.file, LogLevel::debug);
  logged.log.write(LogLevel::error, 0, "x");
  const std::string lines = logged.take();
  CHECK(std::count(lines.begin(), lines.end(), '\n') == 2);
  logged.log.write(LogLevel::info, 0, "x");
  const std::string one = logged.take();
  CHECK(std::count(one.begin(), one.end(), '\n') == 1);
}

TEST_CASE("a line is 2048 bytes at most and keeps its newline") {
  for (const std::size_t size : {1900u, 1990u, 2000u, 2047u, 2048u, 5000u}) {
    CAPTURE(size);
    Logged logged(LogLevel::error);
    logged.log.write(LogLevel::error, 1, std::string(size, 'm'), 0, ", client: c");
    const std::string line = logged.take();
    CHECK(line.size() <= 2048);
    CHECK(line.back() == '\n');
    if (size > 2048) CHECK(line.size() == 2048);
  }
}

TEST_CASE("a long message gives way to the error, not the other way round") {
  Logged logged(LogLevel::error);
  logged.log.write(LogLevel::error, 1, std::string(5000, 'm'), ENOENT, ", client: c");
  const std::string line = logged.take();
  CHECK(line.size() <= 2048);
  CHECK(line.find("mmm... (2: No such file or directory), client") != std::string::npos);
}

TEST_CASE("bytes are written as they are") {
  Logged logged(LogLevel::error);
  logged.log.write(LogLevel::error, 0, "a\x01\"\\\xff");
  CHECK(logged.message() == "a\x01\"\\\xff\n");
}

TEST_CASE("names of levels") {
  CHECK(parse_log_level("notice") == LogLevel::notice);
  CHECK_FALSE(parse_log_level("stderr"));
  CHECK_FALSE(parse_log_level("Error"));
  CHECK_FALSE(parse_log_level(""));
  CHECK(error_text(99999) == "Unknown error");
}

TEST_CASE("without a writer of its own a thread writes at once") {
  char name[] = "/tmp/uringx-log-XXXXXX";
  const int fd = mkstemp(name);
  REQUIRE(fd >= 0);
  const LogFile file{name, fd, 0};
  append_line(file, "one\n");
  append_line(file, "two\n");
  append_line(LogFile{"unopened", -1, 1}, "lost\n");
  char text[32] = {};
  CHECK(pread(fd, text, sizeof(text) - 1, 0) == 8);
  CHECK(std::string(text) == "one\ntwo\n");
  close(fd);
  unlink(name);
}

TEST_CASE("a request's line says who asked for what") {
  FakeBuild build;
  TestRequest test(build);
  test.field("Host", "h").field("Referer", "ref");
  log_request(test.request, LogLevel::error, "open() \"/x\" failed", ENOENT);
  log_request(test.request, LogLevel::debug, "not wanted");
  test.request.action = "reading client request line";
  test.request.head.request_line = {};
  log_request(test.request, LogLevel::info, "client sent invalid method");
  const std::string lines = test.collected.lines["error.log"];
  CHECK(lines.find(": *7 open() \"/x\" failed (2: No such file or directory), client: 127.0.0.1, server: ex.test, request: "
                   "\"GET /a.html?x=1 HTTP/1.1\", host: \"h\", referrer: \"ref\"\n") != std::string::npos);
  CHECK(lines.find("*7 client sent invalid method while reading client request line, client: 127.0.0.1, server: ex.test, host") !=
        std::string::npos);
  CHECK(lines.find("not wanted") == std::string::npos);
}

TEST_CASE("a request line longer than a log line is cut") {
  FakeBuild build;
  TestRequest test(build);
  const std::string line(8000, 'r');
  test.request.head.request_line = line;
  log_request(test.request, LogLevel::error, "x");
  CHECK(test.collected.lines["error.log"].size() == 2048);
}
