// ChunkPool hands out equal pieces of one large block of memory: the worker's receive buffers aside, all of its
// request memory. Owned by a worker, used on its thread only.
#pragma once

#include <cstddef>

namespace uringx {

class ChunkPool {
 public:
  static constexpr std::size_t kChunkBytes = 4096;

  // Reserves address space for `chunk_count_max` chunks; pages are only touched when a chunk is first handed out.
  // Throws std::bad_alloc when the kernel refuses.
  explicit ChunkPool(std::size_t chunk_count_max);
  ~ChunkPool();
  ChunkPool(const ChunkPool&) = delete;
  ChunkPool& operator=(const ChunkPool&) = delete;

  // nullptr when all chunks are in use.
  void* take();
  void give_back(void* chunk);

  std::size_t in_use() const { return in_use_; }

 private:
  struct FreeChunk {
    FreeChunk* next;
  };

  char* block_ = nullptr;
  std::size_t chunk_count_max_;
  std::size_t untouched_ = 0;  // chunks from here on were never handed out: their pages cost nothing yet
  std::size_t in_use_ = 0;
  FreeChunk* free_ = nullptr;
};

}  // namespace uringx
