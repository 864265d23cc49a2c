#include "server/known_paths.h"

#include <algorithm>
#include <functional>
#include <new>

namespace uringx {
namespace {

std::uint64_t hash_of(std::string_view path) {
  const std::uint64_t hash = std::hash<std::string_view>()(path);
  return hash == 0 ? 1 : hash;
}

}  // namespace

void KnownPaths::add(std::string_view path) {
  if (contains(path)) return;
  const std::uint64_t hash = hash_of(path);
  if (!put(hash) && ++lost_ > places() / 8) grow();
}

// False when another one was lost for it.
bool KnownPaths::put(std::uint64_t hash) {
  auto& hashes = line_of(hash).hashes;
  const std::uint64_t last = hashes.back();
  std::shift_right(hashes.begin(), hashes.end(), 1);
  hashes.front() = hash;
  return last == 0;
}

void KnownPaths::remove(std::string_view path) {
  const std::uint64_t hash = hash_of(path);
  auto& hashes = line_of(hash).hashes;
  const auto rest = std::remove(hashes.begin(), hashes.end(), hash);
  std::fill(rest, hashes.end(), 0);
}

bool KnownPaths::contains(std::string_view path) const {
  const std::uint64_t hash = hash_of(path);
  const auto& hashes = line_of(hash).hashes;
  return std::ranges::find(hashes, hash) != hashes.end();
}

void KnownPaths::clear() {
  std::ranges::fill(lines_, Line{});
  lost_ = 0;
}

// Twice as many places: no turn has to zero more than 2 MiB.
void KnownPaths::grow() {
  lost_ = 0;
  if (places() == kPlacesMax) return;
  try {
    std::vector<Line> before(lines_.size() * 2);
    before.swap(lines_);
    for (const Line& line : before) {
      for (auto hash = line.hashes.rbegin(); hash != line.hashes.rend(); ++hash) {
        if (*hash != 0) put(*hash);
      }
    }
  } catch (const std::bad_alloc&) {  // then more of them are lost
  }
}

}  // namespace uringx
