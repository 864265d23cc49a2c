#include "base/arena.h"

#include <cstdlib>
#include <new>

namespace uringx {

void* Arena::take(std::size_t size, std::size_t alignment) {
  std::uintptr_t at = (next_ + alignment - 1) & ~(alignment - 1);
  if (next_ != 0 && at + size <= end_) {
    next_ = at + size;
    return reinterpret_cast<void*>(at);
  }
  if (size + alignment + sizeof(Header) > ChunkPool::kChunkBytes / 2) return take_large(size, alignment);
  grow();
  return take(size, alignment);
}

// A chunk of the pool; from the heap once this arena has had its share of it or the pool has none left.
void Arena::grow() {
  auto* chunk = pool_chunks_ < kPoolChunksMax ? static_cast<Header*>(pool_->take()) : nullptr;
  std::size_t bytes = ChunkPool::kChunkBytes;
  Header** list = &chunks_;
  if (chunk != nullptr) {
    ++pool_chunks_;
  } else {
    bytes = kHeapChunkBytes;
    list = &large_;
    chunk = static_cast<Header*>(std::malloc(bytes));
    if (chunk == nullptr) throw std::bad_alloc();
  }
  chunk->next = *list;
  *list = chunk;
  next_ = reinterpret_cast<std::uintptr_t>(chunk + 1);
  end_ = reinterpret_cast<std::uintptr_t>(chunk) + bytes;
}

void* Arena::take_large(std::size_t size, std::size_t alignment) {
  auto* block = static_cast<Header*>(std::malloc(sizeof(Header) + alignment + size));
  if (block == nullptr) throw std::bad_alloc();
  block->next = large_;
  large_ = block;
  const auto at = (reinterpret_cast<std::uintptr_t>(block + 1) + alignment - 1) & ~(alignment - 1);
  return reinterpret_cast<void*>(at);
}

std::string_view Arena::copy(std::string_view text) {
  char* to = take_bytes(text.size());
  if (!text.empty()) std::memcpy(to, text.data(), text.size());
  return {to, text.size()};
}

std::string_view Arena::join(std::initializer_list<std::string_view> parts) {
  std::size_t size = 0;
  for (std::string_view part : parts) size += part.size();
  char* const text = take_bytes(size);
  char* to = text;
  for (std::string_view part : parts) {
    if (part.empty()) continue;
    std::memcpy(to, part.data(), part.size());
    to += part.size();
  }
  return {text, size};
}

void Arena::reset() {
  while (chunks_ != nullptr) pool_->give_back(std::exchange(chunks_, chunks_->next));
  while (large_ != nullptr) std::free(std::exchange(large_, large_->next));
  next_ = end_ = 0;
  pool_chunks_ = 0;
}

}  // namespace uringx
