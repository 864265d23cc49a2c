// The file system behind the parser: real files in a directory of their own.
#include "parser/config_source.h"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "parser/config_parser.h"

namespace uringx {
namespace {

constexpr std::size_t kAnySize = 1 << 20;

class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string name = std::filesystem::temp_directory_path() / "uringx-parser-XXXXXX";
    REQUIRE(mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  ~TemporaryDirectory() { std::filesystem::remove_all(path_); }
  std::string path(const std::string& name) const { return path_ / name; }
  void write(const std::string& name, const std::string& text) const {
    std::ofstream(path(name), std::ios::binary) << text;
  }

 private:
  std::filesystem::path path_;
};

TEST_CASE("a file comes byte for byte") {
  const TemporaryDirectory directory;
  const std::string text("a\0\r\n\xff", 5);
  directory.write("a", text);
  CHECK(FileSystemSource().read(directory.path("a"), kAnySize) == text);
  directory.write("a", "");
  CHECK(FileSystemSource().read(directory.path("a"), kAnySize) == "");
}

TEST_CASE("files that cannot be read say at which step and why") {
  const TemporaryDirectory directory;
  std::filesystem::create_symlink("loop", directory.path("loop"));
  const auto failure = [&](const std::string& name) {
    return FileSystemSource().read(directory.path(name), kAnySize).error();
  };
  CHECK(failure("none").step == ReadFailure::Step::open);
  CHECK(failure("none").error == ENOENT);
  CHECK(failure("loop").step == ReadFailure::Step::open);
  CHECK(failure("loop").error == ELOOP);
  CHECK(failure(std::string(300, 'x')).error == ENAMETOOLONG);
  struct stat info {};
  REQUIRE(stat(directory.path("").c_str(), &info) == 0);
  if (info.st_size > 0) {  // some file systems give directories no size: nginx takes them for empty files
    CHECK(failure("").step == ReadFailure::Step::read);
    CHECK(failure("").error == EISDIR);
  }
}

TEST_CASE("a file longer than asked for is not read") {
  const TemporaryDirectory directory;
  directory.write("a", "12345");
  CHECK(FileSystemSource().read(directory.path("a"), 5) == "12345");
  CHECK(FileSystemSource().read(directory.path("a"), 4).error().step == ReadFailure::Step::too_large);
}

TEST_CASE("a FIFO and a device are empty files and never block the start") {
  const TemporaryDirectory directory;
  REQUIRE(mkfifo(directory.path("fifo").c_str(), 0600) == 0);
  CHECK(FileSystemSource().read(directory.path("fifo"), kAnySize) == "");
  CHECK(FileSystemSource().read("/dev/zero", kAnySize) == "");
}

TEST_CASE("a glob gives sorted paths, without hidden files, or nothing") {
  const TemporaryDirectory directory;
  for (const char* name : {"b.conf", "a.conf", "B.conf", ".c.conf", "d.conf~"}) directory.write(name, "");
  const auto matches = FileSystemSource().glob(directory.path("*.conf"));
  REQUIRE(matches);
  REQUIRE(matches->size() == 3);
  CHECK(std::ranges::is_sorted(*matches));
  CHECK(FileSystemSource().glob(directory.path("[xy]*"))->empty());
  CHECK(FileSystemSource().glob(directory.path("none/*"))->empty());
}

TEST_CASE("relative includes start at the prefix, globs follow their order, absolute ones stand alone") {
  const TemporaryDirectory directory;
  std::filesystem::create_directory(directory.path("sites"));
  directory.write("sites/2", "second;");
  directory.write("sites/1", "first;");
  directory.write("nginx.conf", "include sites/*; include " + directory.path("sites/1") + ";");
  const ConfigTree tree =
      parse_config_file(directory.path("nginx.conf"), {.conf_prefix = directory.path("")});
  CHECK_FALSE(tree.error);
  REQUIRE(tree.directives.size() == 3);
  CHECK(tree.directives[0].name() == "first");
  CHECK(*tree.directives[0].file == directory.path("sites/1"));
  CHECK(tree.directives[1].name() == "second");
  CHECK(tree.directives[2].name() == "first");
  CHECK(tree.files.size() == 3);
}

}  // namespace
}  // namespace uringx
