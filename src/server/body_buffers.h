// BodyBuffers are the buffers that body bytes pass through on their way from a file to a socket.
// Owned by a worker, used on its thread only; an exchange holds one only while bytes are under way.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace uringx {

class BodyBuffers {
 public:
  // Half of one holds two TLS records of full size with what encryption adds (ByteStream).
  static constexpr std::size_t kBufferBytes = 68 * 1024;

  // Reserves address space; a buffer's pages are touched when it is first used. The one given back last is used next.
  // Throws std::bad_alloc when the kernel refuses.
  explicit BodyBuffers(std::size_t count_max);
  ~BodyBuffers();
  BodyBuffers(const BodyBuffers&) = delete;
  BodyBuffers& operator=(const BodyBuffers&) = delete;

  // Empty when all are in use.
  std::span<char> take();
  void give_back(std::span<char> buffer);

 private:
  char* block_;
  std::size_t count_max_;
  std::vector<char*> free_;
};

}  // namespace uringx
