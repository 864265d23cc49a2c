#include "ring/buffer_ring.h"

#include <liburing.h>
#include <sys/mman.h>

#include <bit>
#include <cerrno>
#include <new>
#include <system_error>

#include "base/check.h"
#include "ring/backend.h"

namespace uringx {

// One mapping: the ring the kernel reads (page-aligned, as it wants it), then the buffers.
struct BufferRing::Memory {
  io_uring_buf_ring* ring;
  char* buffers;
  std::size_t bytes;
};

namespace {

constexpr std::size_t kPageBytes = 4096;

std::size_t ring_bytes(unsigned count) {
  return (count * sizeof(io_uring_buf) + kPageBytes - 1) & ~(kPageBytes - 1);
}

}  // namespace

BufferRing::BufferRing(Backend& backend, std::uint16_t group, unsigned count, unsigned bytes_each, unsigned count_at_first)
    : backend_(backend), group_(group), count_(count), bytes_each_(bytes_each) {
  CHECK(std::has_single_bit(count) && count <= 32768 && bytes_each > 0 && count_at_first > 0 && count_at_first <= count);
  const std::size_t bytes = ring_bytes(count) + std::size_t{count} * bytes_each;
  void* const mapping = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapping == MAP_FAILED) throw std::bad_alloc();
  memory_ = new Memory{static_cast<io_uring_buf_ring*>(mapping),
                       static_cast<char*>(mapping) + ring_bytes(count), bytes};
  io_uring_buf_ring_init(memory_->ring);

  const int registered = backend_.register_buffer_ring(memory_->ring, count, group);
  if (registered < 0) {
    munmap(memory_->ring, memory_->bytes);
    delete memory_;
    throw std::system_error(-registered, std::generic_category(),
                            "registering receive buffers with io_uring");
  }
  while (provided_ < count_at_first) add_one();
}

void BufferRing::add_one() {
  if (provided_ < count_) give_back(static_cast<std::uint16_t>(provided_++));
}

BufferRing::~BufferRing() {
  // Without this an operation that is still armed could pick a buffer out of memory that is somebody else's
  // by then.
  backend_.unregister_buffer_ring(group_);
  munmap(memory_->ring, memory_->bytes);
  delete memory_;
}

std::span<char> BufferRing::buffer(std::uint16_t id) const {
  CHECK(id < count_);
  return {memory_->buffers + std::size_t{id} * bytes_each_, bytes_each_};
}

void BufferRing::give_back(std::uint16_t id) {
  io_uring_buf_ring_add(memory_->ring, buffer(id).data(), bytes_each_, id, io_uring_buf_ring_mask(count_), 0);
  io_uring_buf_ring_advance(memory_->ring, 1);
}

}  // namespace uringx
