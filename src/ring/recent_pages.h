// RecentPages remembers for a few milliseconds which stretches of files were found in memory: of a hot file that many
// connections read, the pages are looked for once, not by each of them before each call of sendfile.
// An answer may be wrong as soon as it is given: pages can go before they are sent, and then one call waits for the disk. Ten
// milliseconds more change little about that where only want of memory takes pages away, which takes those used last of all; files
// whose server may take them (FUSE, NFS) are looked at each time. Owned by a backend, on its thread.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace uringx {

// A file, whatever descriptor it is open as.
struct FileIdentity {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;  // 0: not known

  bool operator==(const FileIdentity&) const = default;
};

class RecentPages {
 public:
  using Time = std::chrono::steady_clock::time_point;
  static constexpr std::chrono::milliseconds kFreshFor{10};
  // Callers that keep to stretches of so much find each other's notes.
  static constexpr unsigned kStretchLog2 = 21;

  // Whether all of [begin, end) of that file, which is known, was noted within kFreshFor.
  bool holds(const FileIdentity& file, std::uint64_t begin, std::uint64_t end, Time now) const {
    const Stretch& stretch = stretches_[place(file, begin)];
    return stretch.file == file && stretch.begin <= begin && end <= stretch.end && now - stretch.noted <= kFreshFor;
  }
  void note(const FileIdentity& file, std::uint64_t begin, std::uint64_t end, Time now) {
    stretches_[place(file, begin)] = {file, begin, end, now};
  }

 private:
  static constexpr unsigned kPlacesLog2 = 8;

  struct Stretch {
    FileIdentity file;
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
    Time noted{};
  };

  // Fibonacci hashing.
  static std::size_t place(const FileIdentity& file, std::uint64_t begin) {
    constexpr std::uint64_t kGolden = 0x9e3779b97f4a7c15u;
    return static_cast<std::size_t>((file.inode * kGolden + (begin >> kStretchLog2) * (kGolden >> 7)) >> (64 - kPlacesLog2));
  }

  std::array<Stretch, 1u << kPlacesLog2> stretches_{};
};

}  // namespace uringx
