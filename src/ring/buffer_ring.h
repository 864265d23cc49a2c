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
  // `count` (a power of two) buffers of `bytes_each`. Throws std::system_error when the kernel refuses.
  BufferRing(Backend& backend, std::uint16_t group, unsigned count, unsigned bytes_each);
  ~BufferRing();
  BufferRing(const BufferRing&) = delete;
  BufferRing& operator=(const BufferRing&) = delete;

  std::uint16_t group() const { return group_; }
  std::span<char> buffer(std::uint16_t id) const;
  void give_back(std::uint16_t id);

 private:
  struct Memory;
  Backend& backend_;
  std::uint16_t group_;
  unsigned count_;
  unsigned bytes_each_;
  Memory* memory_;
};

}  // namespace uringx
