#include "http/header_buffers.h"

namespace uringx {

bool HeaderBufferBudget::take_line(std::size_t bytes) {
  if (used_bytes_ + bytes <= size_bytes_) {
    used_bytes_ += bytes;
    return true;
  }
  const std::size_t begun_bytes = size_bytes_ - used_bytes_;
  if (begun_bytes >= large_bytes_ || large_taken_ >= large_count_ || bytes > large_bytes_)
    return false;
  ++large_taken_;
  size_bytes_ = large_bytes_;
  used_bytes_ = bytes;
  return true;
}

bool HeaderBufferBudget::partial_line(std::size_t bytes) const {
  if (used_bytes_ + bytes < size_bytes_) return true;
  const std::size_t begun_bytes = size_bytes_ - used_bytes_;
  return begun_bytes < large_bytes_ && large_taken_ < large_count_ && bytes < large_bytes_;
}

std::size_t HeaderBufferBudget::fitting_bytes(std::size_t bytes) const {
  const std::size_t here = size_bytes_ - used_bytes_;
  if (bytes <= here || here >= large_bytes_ || large_taken_ >= large_count_) return std::min(bytes, here);
  return std::min<std::size_t>(bytes, large_bytes_);
}

void HeaderBufferBudget::next_request(std::size_t body_bytes, std::size_t leftover_bytes) {
  used_bytes_ += body_bytes;
  const bool is_large = large_taken_ != 0;
  if (leftover_bytes == 0 || used_bytes_ >= size_bytes_) {
    used_bytes_ = 0;
    size_bytes_ = first_bytes_;
    large_taken_ = 0;
  } else {
    large_taken_ = is_large ? 1 : 0;
  }
}

}  // namespace uringx
