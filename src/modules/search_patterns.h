// SearchPatterns finds several texts at once, without case (sub_filter): whatever stands furthest to the left, and of those that
// stand there the first in the order they were given in.
// Pure. Const once made; one search may run in pieces, however a text is cut.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace uringx {

class SearchPatterns {
 public:
  static constexpr std::uint16_t kNone = UINT16_MAX;

  struct Found {
    std::size_t plain_bytes = 0;    // in which no pattern begins
    std::uint16_t pattern = kNone;  // begins after them; none: what follows them could not be decided
    bool stopped = false;           // so much was compared that the rest is for another call
    std::size_t compared_bytes = 0;
  };

  // At least one pattern, at most 65534, none empty.
  explicit SearchPatterns(std::vector<std::string> patterns);

  // The first occurrence in `text` of a pattern that is not among `skipped` (by index; empty: none is skipped). `last`: no more
  // text follows, so everything is decided; otherwise what is left undecided is shorter than the longest pattern.
  // As in nginx nothing is found any more from where a text ends within a pattern that comes before those that would fit.
  // After `compared_bytes_max` it decides one more position and returns.
  Found find(std::string_view text, bool last, const std::vector<bool>& skipped, std::size_t compared_bytes_max) const;

  std::size_t size() const { return patterns_.size(); }
  std::size_t pattern_bytes(std::uint16_t pattern) const { return patterns_[pattern].size(); }
  std::size_t bytes_max() const { return bytes_max_; }  // of the longest

 private:
  enum class Fit : std::uint8_t { no, yes, cut };  // cut: the text ended before the pattern did
  Fit fits(std::string_view text, const std::string& pattern, std::size_t& compared_bytes) const;

  std::vector<std::string> patterns_;          // lower case
  std::size_t bytes_min_ = 0;                  // of the shortest
  std::size_t bytes_max_ = 0;
  // Of the byte at bytes_min_ - 1 behind a position: how far the next position is that may be one of a pattern; 0: this one.
  std::array<std::uint16_t, 256> shifts_{};
  std::array<std::uint16_t, 257> candidates_begin_{};  // per such byte, into:
  std::vector<std::uint16_t> candidates_;              // patterns, in their order
};

}  // namespace uringx
