// Slab hands out objects of one type from chunks of a worker's ChunkPool: connections, exchanges.
// Owned by a worker, used on its thread only; chunks it took stay its own until the worker ends.
#pragma once

#include <new>
#include <utility>

#include "base/check.h"
#include "base/chunk_pool.h"

namespace uringx {

template <typename T>
class Slab {
  static_assert(sizeof(T) <= ChunkPool::kChunkBytes && alignof(T) <= ChunkPool::kChunkBytes);

 public:
  Slab(ChunkPool& pool, std::size_t count_max) : pool_(&pool), count_max_(count_max) {}
  Slab(const Slab&) = delete;
  Slab& operator=(const Slab&) = delete;
  ~Slab() { CHECK(count_ == 0); }

  // nullptr when count_max objects exist or the pool is exhausted.
  template <typename... Args>
  T* make(Args&&... args) {
    if (count_ == count_max_ || (free_ == nullptr && !grow())) return nullptr;
    Free* const place = free_;
    free_ = place->next;
    ++count_;
    return new (place) T(std::forward<Args>(args)...);
  }

  void destroy(T* object) {
    object->~T();
    --count_;
    free_ = new (object) Free{free_};
  }

  std::size_t count() const { return count_; }
  bool full() const { return count_ == count_max_; }

 private:
  struct Free {
    Free* next;
  };
  static constexpr std::size_t kStride = (sizeof(T) + alignof(T) - 1) / alignof(T) * alignof(T);

  bool grow() {
    auto* const chunk = static_cast<char*>(pool_->take());
    if (chunk == nullptr) return false;
    for (std::size_t at = ChunkPool::kChunkBytes / kStride; at-- > 0;) free_ = new (chunk + at * kStride) Free{free_};
    return true;
  }

  ChunkPool* pool_;
  std::size_t count_max_;
  std::size_t count_ = 0;
  Free* free_ = nullptr;
};

}  // namespace uringx
