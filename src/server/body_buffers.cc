#include "server/body_buffers.h"

#include <sys/mman.h>

#include <new>

namespace uringx {

BodyBuffers::BodyBuffers(std::size_t count_max) : count_max_(count_max) {
  void* block = mmap(nullptr, count_max * kBufferBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
                     -1, 0);
  if (block == MAP_FAILED) throw std::bad_alloc();
  block_ = static_cast<char*>(block);
  free_.reserve(count_max);
  for (std::size_t i = count_max; i-- > 0;) free_.push_back(block_ + i * kBufferBytes);
}

BodyBuffers::~BodyBuffers() { munmap(block_, count_max_ * kBufferBytes); }

std::span<char> BodyBuffers::take() {
  if (free_.empty()) return {};
  char* const buffer = free_.back();
  free_.pop_back();
  return {buffer, kBufferBytes};
}

void BodyBuffers::give_back(std::span<char> buffer) { free_.push_back(buffer.data()); }

}  // namespace uringx
