#include "process/pid_file.h"

#include <doctest/doctest.h>

#include "process_fixture.h"

namespace uringx {

TEST_CASE("a pid file holds the number and a line feed, whatever it held before") {
  const TemporaryDirectory directory;
  const std::string path = directory / "pid";
  write_text(path, "something longer than a number\n");
  REQUIRE(write_pid_file(path, 4711));
  CHECK(read_text(path) == "4711\n");
  CHECK(*read_pid_file(path) == 4711);
}

TEST_CASE("testing a pid file creates it empty and leaves a number alone") {
  const TemporaryDirectory directory;
  const std::string path = directory / "pid";
  REQUIRE(test_pid_file(path));
  CHECK(read_text(path).empty());
  REQUIRE(write_pid_file(path, 12));
  REQUIRE(test_pid_file(path));
  CHECK(read_text(path) == "12\n");
}

TEST_CASE("line ends after the number do not matter, anything else does") {
  const TemporaryDirectory directory;
  const std::string path = directory / "pid";
  for (const char* good : {"7", "7\n", "7\r\n", "7\n\n"}) {
    write_text(path, good);
    CHECK(*read_pid_file(path) == 7);
  }
  // 0 and negative numbers would signal whole groups of processes.
  for (const char* bad : {"", "\n", "x", "7x", " 7", "-7", "0", "99999999999999999999"}) {
    write_text(path, bad);
    const auto pid = read_pid_file(path);
    REQUIRE(!pid);
    CHECK(pid.error().message.starts_with("invalid PID number \""));
    CHECK(pid.error().message.ends_with("\" in \"" + path + "\""));
    CHECK(pid.error().error_number == 0);
  }
}

TEST_CASE("a pid file that is not there is said with its errno") {
  const TemporaryDirectory directory;
  const std::string path = directory / "none/pid";
  CHECK(read_pid_file(path).error().message == "open() \"" + path + "\" failed");
  CHECK(read_pid_file(path).error().error_number == ENOENT);
  CHECK(write_pid_file(path, 1).error().error_number == ENOENT);
  CHECK(test_pid_file(path).error().error_number == ENOENT);
  CHECK(remove_pid_file(path).error().message == "unlink() \"" + path + "\" failed");
}

}  // namespace uringx
