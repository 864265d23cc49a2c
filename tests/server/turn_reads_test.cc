// TurnReads on real files: a file is read once a turn, and never the bytes of an earlier one.
#include "server/turn_reads.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <deque>
#include <string>

#include "ring/backend.h"

#undef CHECK
#include <doctest/doctest.h>

namespace uringx {
namespace {

// A file without a name.
struct Unnamed {
  explicit Unnamed(std::string_view text) {
    std::string pattern = "/var/tmp/uringx-turn-XXXXXX";
    file.fd = mkstemp(pattern.data());
    REQUIRE(file.fd >= 0);
    unlink(pattern.c_str());
    write(text);
    file.local = true;
  }
  ~Unnamed() { close(file.fd); }
  Unnamed(const Unnamed&) = delete;
  Unnamed& operator=(const Unnamed&) = delete;

  void write(std::string_view text) {
    REQUIRE(pwrite(file.fd, text.data(), text.size(), 0) == static_cast<ssize_t>(text.size()));
    struct statx attributes {};
    REQUIRE(statx(file.fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &attributes) == 0);
    file.info = to_file_info(attributes);
  }
  OpenedFile file;
};

std::string read(TurnReads& reads, const OpenedFile& file, std::size_t bytes, std::uint64_t offset = 0) {
  std::string text(bytes, '\0');
  const ssize_t got = reads.read(file, text, offset);
  text.resize(got < 0 ? 0 : static_cast<std::size_t>(got));
  return text;
}

}  // namespace

TEST_SUITE("server") {
  TEST_CASE("what was read twice is read no more in the same turn, and anew in the next") {
    const auto backend = make_kernel_backend({.entries = 8});
    TurnReads reads(**backend);
    Unnamed a("first"), b("other");
    for (int turn = 0; turn < 3; ++turn) {
      reads.start_turn();
      const std::string text = "text" + std::to_string(turn);
      a.write(text);
      const OpenedFile before = a.file;
      CHECK(read(reads, before, 5) == text);
      CHECK(read(reads, before, 5) == text);
      a.write("written later" + std::string(static_cast<std::size_t>(turn), '.'));
      CHECK(read(reads, before, 5) == text);
      CHECK(read(reads, before, 3) == text.substr(0, 3));
      CHECK(read(reads, before, 3, 2) == "itt");
      CHECK(read(reads, b.file, 5) == "other");
      for (int i = 0; i < 3; ++i) CHECK(read(reads, a.file, 13) == "written later");  // opened since, it is another one
    }
  }

  TEST_CASE("a file that another server may change is read each time; so is one that is too large, or has no room") {
    const auto backend = make_kernel_backend({.entries = 8});
    TurnReads reads(**backend);
    Unnamed remote("first"), large(std::string(TurnReads::kFileBytesMax + 1, 'a')), small("small");
    remote.file.local = false;
    for (const char* text : {"one", "two", "six"}) {  // as if each were opened before
      remote.write(text);
      CHECK(read(reads, remote.file, 3) == text);
      large.write(text);
      CHECK(read(reads, large.file, TurnReads::kFileBytesMax + 1).starts_with(text));
    }
    std::deque<Unnamed> others;  // open, so that each has a number of its own
    for (std::size_t bytes = 0; bytes <= TurnReads::kBytesMax; bytes += TurnReads::kFileBytesMax) {
      const OpenedFile& other = others.emplace_back(std::string(TurnReads::kFileBytesMax, 'b')).file;
      for (int i = 0; i < 3; ++i) CHECK(read(reads, other, TurnReads::kFileBytesMax).size() == TurnReads::kFileBytesMax);
    }
    const OpenedFile opened = small.file;
    for (const char* text : {"one", "two", "six"}) {
      small.write(text);
      CHECK(read(reads, opened, 3) == text);
    }
  }

  TEST_CASE("a file that is shorter than it was gives what there is") {
    const auto backend = make_kernel_backend({.entries = 8});
    TurnReads reads(**backend);
    Unnamed a("four");
    for (int i = 0; i < 4; ++i) CHECK(read(reads, a.file, 8) == "four");
  }
}

}  // namespace uringx
