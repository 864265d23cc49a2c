#include "base/chunk_pool.h"

#include <sys/mman.h>

#include <new>

#include "base/check.h"

namespace uringx {

ChunkPool::ChunkPool(std::size_t chunk_count_max) : chunk_count_max_(chunk_count_max) {
  void* block = mmap(nullptr, chunk_count_max * kChunkBytes, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (block == MAP_FAILED) throw std::bad_alloc();
  block_ = static_cast<char*>(block);
}

ChunkPool::~ChunkPool() { munmap(block_, chunk_count_max_ * kChunkBytes); }

void* ChunkPool::take() {
  if (free_ != nullptr) {
    FreeChunk* chunk = free_;
    free_ = chunk->next;
    ++in_use_;
    return chunk;
  }
  if (untouched_ == chunk_count_max_) return nullptr;
  ++in_use_;
  return block_ + kChunkBytes * untouched_++;
}

void ChunkPool::give_back(void* chunk) {
  CHECK(in_use_ > 0);
  --in_use_;
  auto* freed = static_cast<FreeChunk*>(chunk);
  freed->next = free_;
  free_ = freed;
}

}  // namespace uringx
