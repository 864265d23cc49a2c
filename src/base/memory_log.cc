#include "base/memory_log.h"

#include <algorithm>

#include "base/check.h"

namespace uringx {

MemoryLog::MemoryLog(std::size_t size, std::string_view head) : bytes_(size, ' '), ring_from_(head.size() + 1) {
  CHECK(ring_from_ < size);
  std::ranges::copy(head, bytes_.begin());
  bytes_[head.size()] = '\0';
}

void MemoryLog::append(std::string_view line) {
  const std::size_t ring_bytes = bytes_.size() - ring_from_;
  line = line.substr(0, ring_bytes);
  const std::size_t at = written_.fetch_add(line.size(), std::memory_order_relaxed) % ring_bytes;
  char* const ring = bytes_.data() + ring_from_;
  const std::size_t before_end = std::min(line.size(), ring_bytes - at);
  line.copy(ring + at, before_end);
  line.substr(before_end).copy(ring, line.size() - before_end);
}

}  // namespace uringx
