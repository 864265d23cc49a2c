// KnownPaths is a set of paths, kept as hashes: a path may be lost to others whose hashes share its cache line, and is never taken
// for one of them. It grows with how many paths come, up to a limit. Owned by a worker's FileSystems, used on its thread only.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace uringx {

class KnownPaths {
 public:
  // Both powers of two, and of 8 bytes each.
  static constexpr std::size_t kPlacesAtFirst = 512;
  static constexpr std::size_t kPlacesMax = 256 * 1024;

  void add(std::string_view path);
  void remove(std::string_view path);
  bool contains(std::string_view path) const;
  void clear();

  std::size_t places() const { return lines_.size() * kLinePlaces; }

 private:
  static constexpr std::size_t kLinePlaces = 8;
  struct alignas(64) Line {
    std::array<std::uint64_t, kLinePlaces> hashes{};  // the latest first; 0: free
  };
  Line& line_of(std::uint64_t hash) { return lines_[hash & (lines_.size() - 1)]; }
  const Line& line_of(std::uint64_t hash) const { return lines_[hash & (lines_.size() - 1)]; }
  bool put(std::uint64_t hash);
  void grow();

  std::vector<Line> lines_ = std::vector<Line>(kPlacesAtFirst / kLinePlaces);
  std::size_t lost_ = 0;  // since there are so many lines
};

}  // namespace uringx
