#include "modules/search_patterns.h"

#include <algorithm>

#include "base/check.h"
#include "http/ascii.h"

namespace uringx {
namespace {

constexpr std::size_t byte_of(char c) { return static_cast<unsigned char>(c); }

constexpr std::size_t kShiftMax = UINT16_MAX;

}  // namespace

// Boyer-Moore-Horspool over the first bytes_min_ bytes of every pattern.
SearchPatterns::SearchPatterns(std::vector<std::string> patterns) : patterns_(std::move(patterns)) {
  CHECK(!patterns_.empty() && patterns_.size() < kNone);
  bytes_min_ = patterns_.front().size();
  for (std::string& pattern : patterns_) {
    CHECK(!pattern.empty());
    std::transform(pattern.begin(), pattern.end(), pattern.begin(), ascii_lower);
    bytes_min_ = std::min(bytes_min_, pattern.size());
    bytes_max_ = std::max(bytes_max_, pattern.size());
  }
  shifts_.fill(static_cast<std::uint16_t>(std::min(bytes_min_, kShiftMax)));
  for (const std::string& pattern : patterns_) {
    for (std::size_t i = 0; i < bytes_min_; ++i) {
      std::uint16_t& shift = shifts_[byte_of(pattern[i])];
      shift = static_cast<std::uint16_t>(std::min<std::size_t>(shift, bytes_min_ - 1 - i));
    }
  }
  for (std::size_t byte = 0; byte < 256; ++byte) {
    candidates_begin_[byte] = static_cast<std::uint16_t>(candidates_.size());
    for (std::size_t i = 0; i < patterns_.size(); ++i) {
      if (byte_of(patterns_[i][bytes_min_ - 1]) == byte) candidates_.push_back(static_cast<std::uint16_t>(i));
    }
  }
  candidates_begin_[256] = static_cast<std::uint16_t>(candidates_.size());
  for (std::size_t byte = 'A'; byte <= 'Z'; ++byte) shifts_[byte] = shifts_[byte_of(ascii_lower(static_cast<char>(byte)))];
}

SearchPatterns::Fit SearchPatterns::fits(std::string_view text, const std::string& pattern, std::size_t& compared_bytes) const {
  const std::size_t bytes = std::min(text.size(), pattern.size());
  for (std::size_t i = 0; i < bytes; ++i) {
    if (ascii_lower(text[i]) == pattern[i]) continue;
    compared_bytes += i + 1;
    return Fit::no;
  }
  compared_bytes += bytes;
  return bytes == pattern.size() ? Fit::yes : Fit::cut;
}

SearchPatterns::Found SearchPatterns::find(std::string_view text, bool last, const std::vector<bool>& skipped,
                                           std::size_t compared_bytes_max) const {
  Found found;
  const std::size_t reach = bytes_min_ - 1;  // from a position to the byte that decides on it
  std::size_t at = reach;
  while (at < text.size()) {
    const std::size_t shift = shifts_[byte_of(text[at])];
    if (shift != 0) {
      at += shift;
      continue;
    }
    found.plain_bytes = at - reach;
    const std::size_t byte = byte_of(ascii_lower(text[at]));
    for (std::size_t i = candidates_begin_[byte]; i < candidates_begin_[byte + 1]; ++i) {
      const std::uint16_t pattern = candidates_[i];
      if (!skipped.empty() && skipped[pattern]) continue;
      const Fit fit = fits(text.substr(found.plain_bytes), patterns_[pattern], found.compared_bytes);
      if (fit == Fit::yes) {
        found.pattern = pattern;
        return found;
      }
      if (fit == Fit::cut) {
        if (last) found.plain_bytes = text.size();
        return found;
      }
    }
    ++at;
    if (found.compared_bytes < compared_bytes_max) continue;
    ++found.plain_bytes;
    found.stopped = true;
    return found;
  }
  found.plain_bytes = last ? text.size() : std::min(at - reach, text.size());
  return found;
}

}  // namespace uringx
