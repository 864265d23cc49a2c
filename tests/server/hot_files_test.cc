// HotFiles on real files: what it keeps, and that no change of a file, its name or the way to it goes unseen.
#include "server/hot_files.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statfs.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <random>
#include <string>

#include "server/file_opener.h"

#undef CHECK
#include <doctest/doctest.h>

namespace uringx {
namespace {

namespace fs = std::filesystem;

void write_file(const fs::path& path, std::string_view text) { std::ofstream(path, std::ios::trunc) << text; }

// A folder that vanishes with the test.
struct Folder {
  Folder() {
    std::string pattern = "/var/tmp/uringx-hot-XXXXXX";
    path = mkdtemp(pattern.data());
  }
  ~Folder() { fs::remove_all(path); }
  fs::path path;
};

// A worker's parts as far as opening goes.
struct Opening {
  explicit Opening(std::size_t files_max = 8) : ring(*make_kernel_backend({.entries = 64})), hot(ring, timers, file_systems, files_max) {}

  // What a request for `path` would send: the text, or an empty one with `error_number`.
  std::string ask(const fs::path& path) {
    hot.start_turn();
    answered = false;
    FileOpener opener(ring, file_systems, configured, hot, this, [](void* owner, const FileAnswer& answer) {
      static_cast<Opening*>(owner)->take(answer);
    });
    const std::string name = path.string();
    const auto answer = opener.open({name.data(), name.size()}, false, {});
    if (answer) take(*answer);
    while (!answered) ring.run_once(std::chrono::milliseconds(100));
    if (error_number != 0) return {};
    from_cache = hot.size() != 0 && fd_before == opener.file().fd;
    fd_before = opener.file().fd;
    std::string text(static_cast<std::size_t>(info.bytes), '\0');
    const ssize_t bytes = pread(opener.file().fd, text.data(), text.size() + 1, 0);
    text.resize(bytes < 0 ? 0 : static_cast<std::size_t>(bytes));
    return text;
  }
  void take(const FileAnswer& answer) {
    answered = true;
    error_number = answer.error_number;
    info = answer.info;
  }

  Ring ring;
  Timers timers;
  FileSystems file_systems;
  OpenFileCache configured{ring};
  HotFiles hot;
  bool answered = false;
  int error_number = 0;
  FileInfo info;
  int fd_before = -1;
  bool from_cache = false;
};

bool file_system_tells_changes(const fs::path& path) {
  struct statx info {};
  REQUIRE(statx(AT_FDCWD, path.c_str(), 0, STATX_BASIC_STATS, &info) == 0);
  const bool tells = FileSystems().tells_changes(info.stx_dev_major, info.stx_dev_minor);
  if (!tells) MESSAGE("the file system of ", path.string(), " does not tell its changes: nothing to test here");
  return tells;
}

// Asked until it is kept open.
bool keep(Opening& opening, const fs::path& path) {
  for (int i = 0; i < 4; ++i) opening.ask(path);
  return opening.hot.size() != 0;
}

// Asked until it is remembered that there is nothing.
bool keep_absent(Opening& opening, const fs::path& path) {
  const std::size_t before = opening.hot.absent_count();
  for (int i = 0; i < 4 && opening.hot.absent_count() == before; ++i) opening.ask(path);
  return opening.error_number == ENOENT && opening.hot.absent_count() == before + 1;
}

}  // namespace

TEST_SUITE("server") {
  TEST_CASE("a file asked for again stays open; a cache without places keeps none") {
    const Folder folder;
    if (!file_system_tells_changes(folder.path)) return;
    write_file(folder.path / "a", "one");
    Opening opening;
    CHECK(opening.ask(folder.path / "a") == "one");
    CHECK(opening.hot.size() == 0);
    REQUIRE(keep(opening, folder.path / "a"));
    CHECK(opening.ask(folder.path / "a") == "one");
    CHECK(opening.from_cache);

    Opening none(0);
    CHECK_FALSE(keep(none, folder.path / "a"));
    CHECK(none.ask(folder.path / "a") == "one");
  }

  TEST_CASE("full of files in use, it takes no further ones") {
    const Folder folder;
    if (!file_system_tells_changes(folder.path)) return;
    Opening opening(2);
    for (const char* name : {"a", "b", "c"}) write_file(folder.path / name, name);
    for (int i = 0; i < 4; ++i) {
      for (const char* name : {"a", "b", "c"}) CHECK(opening.ask(folder.path / name) == name);
    }
    CHECK(opening.hot.size() == 2);
    opening.hot.clear();
    CHECK(opening.hot.size() == 0);
    CHECK(opening.ask(folder.path / "c") == "c");
  }

  TEST_CASE("an entry that is held outlives its file's removal, and is closed with its holder") {
    const Folder folder;
    if (!file_system_tells_changes(folder.path)) return;
    write_file(folder.path / "a", "old");
    Opening opening;
    REQUIRE(keep(opening, folder.path / "a"));
    const std::string path = (folder.path / "a").string();
    opening.hot.start_turn();
    CachedFile* const held = opening.hot.find(path);
    REQUIRE(held != nullptr);
    const int fd = held->file.fd;
    fs::remove(path);
    opening.hot.start_turn();
    CHECK(opening.hot.find(path) == nullptr);
    char text[4] = {};
    CHECK(pread(fd, text, 3, 0) == 3);
    opening.hot.cache().release(*held);
    opening.ring.run_once(Clock::duration::zero());
    CHECK(fcntl(fd, F_GETFD) == -1);
  }

  // A writer that changes a file and then asks for it, over all kinds of change, never gets the old bytes.
  TEST_CASE("every kind of change is seen by the next request") {
    const Folder folder;
    if (!file_system_tells_changes(folder.path)) return;
    const fs::path root = folder.path;
    fs::create_directories(root / "release-0/sub");
    write_file(root / "release-0/sub/page", "first");
    fs::create_directory_symlink("release-0", root / "current");
    fs::create_directories(root / "plain");
    const fs::path page = root / "current/sub/page";
    Opening opening;
    std::mt19937 random(20260101);
    int release = 0;
    int kept_rounds = 0;
    std::string text;

    const auto here = [&] { return root / ("release-" + std::to_string(release)) / "sub/page"; };
    const std::function<void()> changes[] = {
        [&] { write_file(page, text); },
        [&] { std::ofstream(page, std::ios::app) << text; text = "appended"; },
        [&] { write_file(root / "new", text); fs::rename(root / "new", here()); },
        [&] { fs::remove(here()); CHECK(opening.ask(page).empty()); CHECK(opening.error_number == ENOENT); write_file(here(), text); },
        [&] {  // a release beside the old one, and the link replaced as deployments do it
          fs::remove_all(root / ("release-" + std::to_string(release - 1)));
          ++release;
          fs::create_directories(here().parent_path());
          write_file(here(), text);
          fs::create_directory_symlink(here().parent_path().parent_path().filename(), root / "link");
          fs::rename(root / "link", root / "current");
        },
        [&] {  // a directory on the way is another one
          fs::create_directories(root / "other");
          write_file(root / "other/page", text);
          fs::rename(here().parent_path(), root / "gone");
          fs::rename(root / "other", here().parent_path());
          fs::remove_all(root / "gone");
        },
        [&] {  // through another name of the same file
          fs::remove(root / "plain/name");
          fs::create_hard_link(here(), root / "plain/name");
          write_file(root / "plain/name", text);
        },
        [&] { write_file(page, text); fs::resize_file(page, 3); text = text.substr(0, 3); },
    };
    const char* const wanted = std::getenv("URINGX_FRESH_ROUNDS");
    const int rounds = wanted != nullptr ? std::atoi(wanted) : 4000;
    for (int round = 0; round < rounds; ++round) {
      text = "round " + std::to_string(round);
      const std::string before = opening.ask(page);
      kept_rounds += opening.hot.size() == 1 ? 1 : 0;
      changes[random() % std::size(changes)]();
      if (text == "appended") text = before + "round " + std::to_string(round);
      for (unsigned i = 0, asks = 1 + random() % 8; i < asks; ++i) {
        const std::string answer = opening.ask(page);
        REQUIRE_MESSAGE(answer == text, "round ", round);
      }
    }
    CHECK(kept_rounds > rounds / 8);
  }

  // The same where there was nothing, over all ways in which a file comes to a path.
  TEST_CASE("whatever comes to a path without a file is seen by the next request") {
    const Folder folder;
    if (!file_system_tells_changes(folder.path)) return;
    const fs::path root = folder.path;
    fs::create_directories(root / "release-0/sub");
    fs::create_directory_symlink("release-0", root / "current");
    const fs::path page = root / "current/sub/page";
    Opening opening;
    std::mt19937 random(20261201);
    int release = 0, kept_rounds = 0;
    std::string text;

    const auto here = [&] { return root / ("release-" + std::to_string(release)) / "sub/page"; };
    const auto other = [&] {
      write_file(root / "other", text);
      return root / "other";
    };
    const std::function<void()> arrivals[] = {
        [&] { write_file(page, text); },
        [&] { fs::rename(other(), page); },
        [&] { fs::create_hard_link(other(), here()); fs::remove(root / "other"); },
        [&] { fs::create_symlink(other(), here()); },
        [&] {  // a release beside the old one, and the link replaced
          ++release;
          fs::create_directories(here().parent_path());
          write_file(here(), text);
          fs::create_directory_symlink(here().parent_path().parent_path().filename(), root / "link");
          fs::rename(root / "link", root / "current");
        },
        [&] {  // its directory is another one
          fs::create_directories(root / "sub");
          write_file(root / "sub/page", text);
          fs::remove_all(here().parent_path());
          fs::rename(root / "sub", here().parent_path());
        },
        [&] {  // its directory was removed and made again, and somebody still has the old one open
          const OwnedFd held(open(here().parent_path().c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
          fs::remove_all(here().parent_path());
          fs::create_directories(here().parent_path());
          write_file(here(), text);
          CHECK(opening.ask(page) == text);
        },
        [&] {  // its directory went and came back
          fs::rename(here().parent_path(), root / "away");
          CHECK(opening.ask(page).empty());
          write_file(root / "away/page", text);
          fs::rename(root / "away", here().parent_path());
        },
        [&] {  // a file gets its first name
          const OwnedFd unnamed(open(here().parent_path().c_str(), O_TMPFILE | O_WRONLY | O_CLOEXEC, 0644));
          REQUIRE(write(unnamed.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size()));
          const std::string name = "/proc/self/fd/" + std::to_string(unnamed.get());
          REQUIRE(linkat(AT_FDCWD, name.c_str(), AT_FDCWD, here().c_str(), AT_SYMLINK_FOLLOW) == 0);
        },
    };
    const char* const wanted = std::getenv("URINGX_FRESH_ROUNDS");
    const int rounds = wanted != nullptr ? std::atoi(wanted) : 3000;
    for (int round = 0; round < rounds; ++round) {
      for (std::uint64_t i = 0, asks = 1 + random() % 100; i < asks; ++i) REQUIRE(opening.ask(page).empty());
      REQUIRE(opening.error_number == ENOENT);
      kept_rounds += static_cast<int>(opening.hot.absent_count());
      text = "round " + std::to_string(round);
      arrivals[random() % std::size(arrivals)]();
      for (std::uint64_t i = 0, asks = 1 + random() % 8; i < asks; ++i) REQUIRE_MESSAGE(opening.ask(page) == text, "round ", round);
      fs::remove(page);
    }
    CHECK(kept_rounds > rounds / 8);
  }

  TEST_CASE("absent paths: a second way through a directory, a link to nowhere, a missing directory, their number and length") {
    const Folder folder;
    if (!file_system_tells_changes(folder.path)) return;
    fs::create_directories(folder.path / "sub");
    Opening opening;
    const fs::path nothing = folder.path / "nothing";
    REQUIRE(keep_absent(opening, nothing));
    REQUIRE(keep_absent(opening, folder.path / "sub/nothing"));  // passes the first one's directory
    REQUIRE(keep_absent(opening, folder.path / "folder/"));
    write_file(nothing, "there");
    CHECK(opening.ask(nothing) == "there");
    CHECK(opening.hot.absent_count() == 0);

    fs::create_symlink("sub/target", folder.path / "link");
    CHECK_FALSE(keep_absent(opening, folder.path / "link"));
    write_file(folder.path / "sub/target", "target");
    CHECK(opening.ask(folder.path / "link") == "target");

    CHECK_FALSE(keep_absent(opening, folder.path / "missing/name"));
    fs::create_directories(folder.path / "missing");
    write_file(folder.path / "missing/name", "now");
    CHECK(opening.ask(folder.path / "missing/name") == "now");

    std::string deep = folder.path.string();
    while (deep.size() < HotFiles::kAbsentBytesMax) deep += "/" + std::string(100, 'd');
    fs::create_directories(fs::path(deep).parent_path());
    CHECK_FALSE(keep_absent(opening, deep));

    for (std::size_t i = 0; i < HotFiles::kAbsentMax + 5; ++i) {
      for (int asks = 0; asks < 2; ++asks) opening.ask(folder.path / ("name-" + std::to_string(i)));
    }
    CHECK(opening.hot.absent_count() > HotFiles::kAbsentMax / 2);
    CHECK(opening.hot.absent_count() <= HotFiles::kAbsentMax);

    Opening none(0);
    CHECK_FALSE(keep_absent(none, folder.path / "name"));
  }

  TEST_CASE("a file under a link of its own is not kept: the way through the link is not watched") {
    const Folder folder;
    if (!file_system_tells_changes(folder.path)) return;
    fs::create_directories(folder.path / "a");
    write_file(folder.path / "a/file", "one");
    write_file(folder.path / "two", "two");
    const fs::path link = folder.path / "link";
    fs::create_symlink("a/file", link);
    Opening opening;
    CHECK_FALSE(keep(opening, link));
    CHECK(opening.ask(link) == "one");
    fs::rename(folder.path / "a", folder.path / "b");
    CHECK(opening.ask(link).empty());
    CHECK(opening.error_number == ENOENT);
    fs::create_symlink("two", folder.path / "new");
    fs::rename(folder.path / "new", link);
    CHECK(opening.ask(link) == "two");

    REQUIRE(keep(opening, folder.path / "two"));
    fs::create_symlink("b/file", folder.path / "new");
    fs::rename(folder.path / "new", folder.path / "two");
    CHECK(opening.ask(folder.path / "two") == "one");
  }

  TEST_CASE("two names of one file: one is kept, both are seen to change") {
    const Folder folder;
    if (!file_system_tells_changes(folder.path)) return;
    write_file(folder.path / "a", "one");
    fs::create_hard_link(folder.path / "a", folder.path / "b");
    Opening opening;
    REQUIRE(keep(opening, folder.path / "a"));
    keep(opening, folder.path / "b");
    CHECK(opening.hot.size() == 1);
    write_file(folder.path / "b", "two");
    CHECK(opening.ask(folder.path / "a") == "two");
    CHECK(opening.ask(folder.path / "b") == "two");
  }

  TEST_CASE("times are those of now, however the file was written") {
    const Folder folder;
    if (!file_system_tells_changes(folder.path)) return;
    write_file(folder.path / "a", "one");
    Opening opening;
    REQUIRE(keep(opening, folder.path / "a"));
    const OwnedFd fd(open((folder.path / "a").c_str(), O_RDWR | O_CLOEXEC));
    void* const memory = mmap(nullptr, 3, PROT_READ | PROT_WRITE, MAP_SHARED, fd.get(), 0);
    REQUIRE(memory != MAP_FAILED);
    const timespec before = opening.info.modified;
    *static_cast<char*>(memory) = 'O';
    CHECK(opening.ask(folder.path / "a") == "One");
    CHECK((opening.info.modified.tv_sec != before.tv_sec || opening.info.modified.tv_nsec != before.tv_nsec));
    munmap(memory, 3);
  }
}

}  // namespace uringx
