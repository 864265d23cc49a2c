// PageProbe asks whether a stretch of a file is in the page cache, without waiting and without permission to write the file
// (cachestat(2) and mincore(2) ask for it): it has single bytes read with RWF_NOWAIT. Owned by a backend, on its thread.
//
// A byte that is not there is EAGAIN, and yet its page is on its way then. So the ends are asked first, and only where both are there
// what lies between, each time at other places: an earlier question must not be taken for the file.
//
// The reads between the ends are one system call, on a ring of the probe's own: such a read never leaves the call that submits it,
// with its byte or with EAGAIN (io_read() in the kernel's io_uring/rw.c), so that there is nothing to wait for. A preadv2() for each
// of them is most of what sending a large file costs beyond sendfile itself. Where no ring is wanted or to be had each is one.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <random>
#include <span>

struct io_uring;

namespace uringx {

class PageProbe {
 public:
  // Without the ring the questions are answered as well, at a higher price.
  explicit PageProbe(bool with_ring);
  ~PageProbe();
  PageProbe(const PageProbe&) = delete;
  PageProbe& operator=(const PageProbe&) = delete;

  // Whether [offset, offset + bytes) was in memory a moment ago. False also for what lies behind the end of the file, and on file
  // systems that cannot read without waiting. bytes > 0.
  bool in_memory(int fd, std::uint64_t offset, std::uint64_t bytes);

  // Whether batches go through a ring.
  bool has_ring() const { return ring_ != nullptr; }

 private:
  bool ask(int fd, std::uint64_t at);
  bool ask_together(int fd, std::span<const std::uint64_t> offsets);
  void give_up_ring();

  std::unique_ptr<io_uring> ring_;  // made, if it is there
  std::minstd_rand random_;
  char byte_ = 0;
};

// preadv2() with RWF_NOWAIT; -EAGAIN also where the file system cannot read like that.
ssize_t read_without_waiting(int fd, std::span<char> into, std::uint64_t offset);

}  // namespace uringx
