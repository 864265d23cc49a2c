// BufferRing is a registered ring of provided buffers: the kernel takes one when bytes arrive, so that a
// connection that waits holds none. Owned by a worker, after its Ring; buffers come back within the handler
// that received them.
#pragma once

#include <cstdint>
#include <span>

namespace uringx {

class Backend;

class BufferRing {
 public:
  // At most `count` (a power of two) buffers of `bytes_each`, `count_at_first` of them at once: the kernel takes the one given back
  // longest ago, so that each of them comes to use memory. Throws std::system_error when the kernel refuses.
  BufferRing(Backend& backend, std::uint16_t group, unsigned count, unsigned bytes_each, unsigned count_at_first);
  BufferRing(Backend& backend, std::uint16_t group, unsigned count, unsigned bytes_each)
      : BufferRing(backend, group, count, bytes_each, count) {}
  ~BufferRing();
  BufferRing(const BufferRing&) = delete;
  BufferRing& operator=(const BufferRing&) = delete;

  std::uint16_t group() const { return group_; }
  std::span<char> buffer(std::uint16_t id) const;
  void give_back(std::uint16_t id);
  // There was none left for a connection (-ENOBUFS): one more from now on, unless there are `count`.
  void add_one();
  unsigned provided() const { return provided_; }

 private:
  struct Memory;
  Backend& backend_;
  std::uint16_t group_;
  unsigned count_;
  unsigned provided_ = 0;
  unsigned bytes_each_;
  Memory* memory_;
};

}  // namespace uringx
