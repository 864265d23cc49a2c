#include "process/log_files.h"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "process_fixture.h"

namespace uringx {
namespace {

std::shared_ptr<RouteTable> routes_with_logs(const std::vector<std::string>& paths) {
  auto routes = std::make_shared<RouteTable>();
  for (const std::string& path : paths) {
    auto file = std::make_unique<LogFile>();
    file->path = path;
    file->index = static_cast<std::uint32_t>(routes->log_files.size());
    routes->log_files.push_back(std::move(file));
  }
  return routes;
}

}  // namespace

TEST_CASE("log files are created, appended to and closed with their owner") {
  const TemporaryDirectory directory;
  const auto routes = routes_with_logs({directory / "a", directory / "b"});
  write_text(directory / "b", "before\n");
  {
    const auto files = OpenLogFiles::open(routes);
    REQUIRE(files);
    append_line(*routes->log_files[0], "first\n");
    append_line(*routes->log_files[1], "second\n");
  }
  CHECK(read_text(directory / "a") == "first\n");
  CHECK(read_text(directory / "b") == "before\nsecond\n");
  CHECK(routes->log_files[0]->fd == -1);
}

TEST_CASE("a log file without a path is stderr, which stays open") {
  const auto routes = routes_with_logs({""});
  {
    const auto files = OpenLogFiles::open(routes);
    REQUIRE(files);
    CHECK(routes->log_files[0]->fd == STDERR_FILENO);
  }
  struct stat info {};
  CHECK(fstat(STDERR_FILENO, &info) == 0);
}

TEST_CASE("a log file that cannot be opened is named, and those opened before it are closed") {
  const TemporaryDirectory directory;
  const auto routes = routes_with_logs({directory / "a", directory / "none/b"});
  const auto files = OpenLogFiles::open(routes);
  REQUIRE(!files);
  CHECK(files.error().message == "open() \"" + directory / "none/b" + "\" failed");
  CHECK(files.error().error_number == ENOENT);
  CHECK(routes->log_files[0]->fd == -1);
}

TEST_CASE("a reopened file has the descriptor of the old one") {
  const TemporaryDirectory directory;
  const ReadableLog log;
  const auto routes = routes_with_logs({directory / "a"});
  const auto files = OpenLogFiles::open(routes);
  REQUIRE(files);
  LogFile& file = *routes->log_files[0];
  const int descriptor = file.fd;
  append_line(file, "old\n");
  std::filesystem::rename(directory / "a", directory / "a.1");
  append_line(file, "still old\n");
  (*files)->reopen(log.log(), std::nullopt);
  append_line(file, "new\n");

  CHECK(file.fd == descriptor);
  CHECK(read_text(directory / "a.1") == "old\nstill old\n");
  CHECK(read_text(directory / "a") == "new\n");
  CHECK(log.text().empty());
}

TEST_CASE("a file that cannot be reopened is logged and written to as before") {
  const TemporaryDirectory directory;
  const ReadableLog log;
  std::filesystem::create_directory(directory / "sub");
  const auto routes = routes_with_logs({directory / "sub/a"});
  const auto files = OpenLogFiles::open(routes);
  REQUIRE(files);
  std::filesystem::rename(directory / "sub", directory / "moved");
  (*files)->reopen(log.log(), std::nullopt);
  append_line(*routes->log_files[0], "kept\n");

  CHECK(log.has("[emerg]"));
  CHECK(log.has("open() \"" + directory / "sub/a" + "\" failed (2: No such file or directory)"));
  CHECK(read_text(directory / "moved/a") == "kept\n");
}

TEST_CASE("a reopened file is given to the workers' user, readable and writable for it") {
  if (geteuid() != 0) return;
  constexpr uid_t kOwner = 65534;
  const TemporaryDirectory directory;
  const ReadableLog log;
  const auto routes = routes_with_logs({directory / "a"});
  const auto files = OpenLogFiles::open(routes);
  REQUIRE(files);
  std::filesystem::rename(directory / "a", directory / "a.1");
  write_text(directory / "a", "");
  REQUIRE(chmod((directory / "a").c_str(), 0044) == 0);
  (*files)->reopen(log.log(), kOwner);

  struct stat info {};
  REQUIRE(stat((directory / "a").c_str(), &info) == 0);
  CHECK(info.st_uid == kOwner);
  CHECK((info.st_mode & 0777) == 0644);
}

}  // namespace uringx
