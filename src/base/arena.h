// Arena is the memory of one request: a bump allocator over fixed-size chunks.
// Owned by a Connection or Exchange and used on that worker's thread only; everything in it goes at once at reset().
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory_resource>
#include <span>
#include <string_view>
#include <utility>

#include "base/chunk_pool.h"

namespace uringx {

// Usable as a std::pmr::memory_resource, so that pmr containers may live in it. What is too much for its share of the
// pool (a listing of a hundred thousand files) comes from the heap. Throws std::bad_alloc when that has nothing left: the
// connection is closed, neighbours go on.
class Arena : public std::pmr::memory_resource {
 public:
  explicit Arena(ChunkPool& pool) : pool_(&pool) {}
  ~Arena() override { reset(); }
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  // `size` bytes aligned to `alignment` (a power of two); larger than a chunk comes from the heap until reset().
  void* take(std::size_t size, std::size_t alignment = alignof(std::max_align_t));

  char* take_bytes(std::size_t size) { return static_cast<char*>(take(size, 1)); }

  std::string_view copy(std::string_view text);

  // The texts one after another, as one text.
  std::string_view join(std::initializer_list<std::string_view> parts);

  template <typename T, typename... Args>
  T* make(Args&&... args) {
    static_assert(std::is_trivially_destructible_v<T>, "an arena runs no destructors");
    return new (take(sizeof(T), alignof(T))) T(std::forward<Args>(args)...);
  }

  template <typename T>
  std::span<T> make_array(std::size_t count) {
    static_assert(std::is_trivially_destructible_v<T>, "an arena runs no destructors");
    T* first = static_cast<T*>(take(sizeof(T) * count, alignof(T)));
    for (std::size_t i = 0; i < count; ++i) new (first + i) T();
    return {first, count};
  }

  // Gives every chunk back to the pool. Nothing taken before may be used, by the kernel neither.
  void reset();

  bool empty() const { return chunks_ == nullptr && large_ == nullptr; }

 private:
  static constexpr std::size_t kPoolChunksMax = 8;
  static constexpr std::size_t kHeapChunkBytes = 64 * 1024;

  struct Header {
    Header* next;
  };

  void* do_allocate(std::size_t bytes, std::size_t alignment) override { return take(bytes, alignment); }
  void do_deallocate(void*, std::size_t, std::size_t) override {}
  bool do_is_equal(const std::pmr::memory_resource& other) const noexcept override { return this == &other; }

  void grow();
  void* take_large(std::size_t size, std::size_t alignment);

  ChunkPool* pool_;
  Header* chunks_ = nullptr;
  Header* large_ = nullptr;
  std::uintptr_t next_ = 0;
  std::uintptr_t end_ = 0;
  std::size_t pool_chunks_ = 0;
};

}  // namespace uringx
