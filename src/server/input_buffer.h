// InputBuffer holds what a connection received and has not used yet, in one piece: a head, and what was sent after it.
// Part of a Connection, on its worker's thread; empty, it holds no memory.
#pragma once

#include <algorithm>
#include <cstring>
#include <span>
#include <string_view>

#include "base/arena.h"

namespace uringx {

class InputBuffer {
 public:
  explicit InputBuffer(ChunkPool& pool) : arena_(pool) {}

  bool empty() const { return size_ == 0; }
  std::size_t size() const { return size_; }
  std::string_view text() const { return {data_, size_}; }

  // Views of text() taken before stay valid until drop_front() leaves it empty: a buffer outgrown is kept that long.
  void append(std::span<const char> bytes) {
    if (size_ + bytes.size() > capacity_) grow(size_ + bytes.size());
    std::memcpy(data_ + size_, bytes.data(), bytes.size());
    size_ += bytes.size();
  }

  // Removes `count` bytes at `offset`; what follows moves down.
  void erase(std::size_t offset, std::size_t count) {
    std::memmove(data_ + offset, data_ + offset + count, size_ - offset - count);
    size_ -= count;
  }

  // Removes the first `count` bytes: a request that is answered. All earlier views are dead.
  void drop_front(std::size_t count) {
    erase(0, count);
    if (size_ == 0) clear();
  }

  void clear() {
    arena_.reset();
    data_ = nullptr;
    size_ = capacity_ = 0;
  }

 private:
  static constexpr std::size_t kFirstBytes = 1024;

  void grow(std::size_t needed) {
    const std::size_t capacity = std::max({needed, 2 * capacity_, kFirstBytes});
    char* const data = arena_.take_bytes(capacity);
    if (size_ != 0) std::memcpy(data, data_, size_);
    data_ = data;
    capacity_ = capacity;
  }

  Arena arena_;
  char* data_ = nullptr;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

}  // namespace uringx
