// TurnReads reads files from the page cache for their answers: a small one that several requests of a loop turn ask for, once
// in that turn. The requests of a turn were all received before it began, so that whoever changes a file, in whatever way,
// and then asks for it, gets the new bytes. Bytes are shared by those only to whom the file looked the same when they opened it:
// a head never goes with a body that is older, and a new file that got the number of an old one is another.
// Owned by a worker, used on its thread only.
#pragma once

#include <sys/types.h>

#include <array>
#include <cstdint>
#include <memory>
#include <span>

#include "server/opened_file.h"

namespace uringx {

class Backend;

class TurnReads {
 public:
  static constexpr std::size_t kFileBytesMax = 16 * 1024;
  // What is remembered in one turn at most.
  static constexpr std::size_t kBytesMax = 128 * 1024;

  explicit TurnReads(Backend& backend) : backend_(backend) {}

  void start_turn() {
    ++turn_;
    used_ = 0;
  }

  // As Backend::read_cached() of the file's descriptor.
  ssize_t read(const OpenedFile& file, std::span<char> into, std::uint64_t offset);

 private:
  struct Place {
    FileVersion file;
    std::uint64_t turn = 0;           // in which it was first read
    std::span<const char> beginning;  // of the file, once it was read twice
  };
  static constexpr std::size_t kPlaces = 64;

  bool remember(Place& place, int fd, std::size_t bytes);

  Backend& backend_;
  std::uint64_t turn_ = 1;
  std::array<Place, kPlaces> places_{};
  std::unique_ptr<char[]> bytes_;  // kBytesMax, once they are needed
  std::size_t used_ = 0;           // of them
};

}  // namespace uringx
