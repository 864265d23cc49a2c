// InputBuffer holds what a connection received and has not used yet, in one piece: a head, and what was sent after it.
// Part of a Connection, on its worker's thread; empty, it holds no memory.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <new>
#include <span>
#include <string_view>

#include "base/chunk_pool.h"

namespace uringx {

class InputBuffer {
 public:
  explicit InputBuffer(ChunkPool& pool) : pool_(pool) {}
  ~InputBuffer() { clear(); }
  InputBuffer(const InputBuffer&) = delete;
  InputBuffer& operator=(const InputBuffer&) = delete;

  bool empty() const { return size_ == 0; }
  std::size_t size() const { return size_; }
  std::string_view text() const { return {block_ == nullptr ? nullptr : block_->data(), size_}; }

  // Views of text() taken before stay valid until drop_front() or clear(): blocks outgrown are kept until it is empty. Throws
  // std::bad_alloc.
  void append(std::span<const char> bytes) {
    if (bytes.empty()) return;
    if (block_ == nullptr || size_ + bytes.size() > block_->capacity) grow(size_ + bytes.size());
    std::memcpy(block_->data() + size_, bytes.data(), bytes.size());
    size_ += bytes.size();
  }

  // Removes `count` bytes at `offset`; what follows moves down.
  void erase(std::size_t offset, std::size_t count) {
    if (count == 0) return;
    std::memmove(block_->data() + offset, block_->data() + offset + count, size_ - offset - count);
    size_ -= count;
  }

  // Removes the first `count` bytes: a request that is answered. All earlier views are dead.
  void drop_front(std::size_t count) {
    erase(0, count);
    if (size_ == 0) clear();
  }

  void clear() {
    while (block_ != nullptr) {
      Block* const block = block_;
      block_ = block->outgrown;
      if (block->capacity == kChunkCapacity) {
        pool_.give_back(block);
      } else {
        std::free(block);
      }
    }
    size_ = 0;
  }

 private:
  // Its bytes follow it. One with kChunkCapacity is a chunk of the pool, every other one is larger and comes from the heap.
  struct Block {
    Block* outgrown;
    std::size_t capacity;
    char* data() { return reinterpret_cast<char*>(this + 1); }
  };
  static constexpr std::size_t kChunkCapacity = ChunkPool::kChunkBytes - sizeof(Block);

  void grow(std::size_t needed) {
    std::size_t capacity = std::max({needed, block_ == nullptr ? 0 : 2 * block_->capacity, kChunkCapacity});
    void* memory = capacity == kChunkCapacity ? pool_.take() : nullptr;
    if (memory == nullptr) {
      capacity = std::max(capacity, 2 * kChunkCapacity);  // also where the pool has none left
      memory = std::malloc(sizeof(Block) + capacity);
    }
    if (memory == nullptr) throw std::bad_alloc();
    Block* const block = new (memory) Block{block_, capacity};
    if (size_ != 0) std::memcpy(block->data(), block_->data(), size_);
    block_ = block;
  }

  ChunkPool& pool_;
  Block* block_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace uringx
