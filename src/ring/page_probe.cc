#include "ring/page_probe.h"

#include <liburing.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace uringx {
namespace {

// Memory comes and goes in folios and read-ahead windows, mostly larger than the step (read_ahead_kb is 128 by default).
constexpr std::uint64_t kStepBytes = 64 * 1024;
constexpr std::uint64_t kPageBytes = 4096;
// Of 2 MiB, beside their ends, one batch.
constexpr unsigned kBatchMax = 32;

}  // namespace

PageProbe::PageProbe(bool with_ring) {
  if (!with_ring) return;
  ring_ = std::make_unique<io_uring>();
  // SUBMIT_ALL: one that is refused does not keep back those behind it, so that the batch is always answered whole.
  if (io_uring_queue_init(kBatchMax, ring_.get(), IORING_SETUP_SUBMIT_ALL) != 0) ring_ = nullptr;
}

PageProbe::~PageProbe() { give_up_ring(); }

void PageProbe::give_up_ring() {
  if (ring_ != nullptr) io_uring_queue_exit(ring_.get());
  ring_ = nullptr;
}

bool PageProbe::in_memory(int fd, std::uint64_t offset, std::uint64_t bytes) {
  const std::uint64_t last = offset + bytes - 1;
  if (!ask(fd, offset) || !ask(fd, last)) return false;
  std::array<std::uint64_t, kBatchMax> batch;
  for (std::uint64_t step = offset + kStepBytes; step < last;) {
    std::size_t count = 0;
    for (; count < kBatchMax && step < last; step += kStepBytes) {
      batch[count++] = std::min(step + random_() % (kStepBytes / kPageBytes) * kPageBytes, last);
    }
    if (!ask_together(fd, std::span(batch).first(count))) return false;
  }
  return true;
}

bool PageProbe::ask(int fd, std::uint64_t at) { return read_without_waiting(fd, {&byte_, 1}, at) == 1; }

bool PageProbe::ask_together(int fd, std::span<const std::uint64_t> offsets) {
  if (ring_ == nullptr) {
    return std::ranges::all_of(offsets, [&](std::uint64_t at) { return ask(fd, at); });
  }
  for (const std::uint64_t at : offsets) {
    io_uring_sqe* const sqe = io_uring_get_sqe(ring_.get());
    io_uring_prep_read(sqe, fd, &byte_, 1, at);
    sqe->rw_flags = RWF_NOWAIT;
  }
  const auto count = static_cast<unsigned>(offsets.size());
  if (io_uring_submit(ring_.get()) != static_cast<int>(count) || io_uring_cq_ready(ring_.get()) != count) {
    // Short of memory, or not answered at once after all: one ring fewer is no harm, answers to other questions would be.
    give_up_ring();
    return ask_together(fd, offsets);
  }
  bool all = true;
  unsigned head = 0;
  io_uring_cqe* cqe = nullptr;
  io_uring_for_each_cqe(ring_.get(), head, cqe) all = all && cqe->res == 1;
  io_uring_cq_advance(ring_.get(), count);
  return all;
}

ssize_t read_without_waiting(int fd, std::span<char> into, std::uint64_t offset) {
  const iovec part{into.data(), into.size()};
  const ssize_t bytes = preadv2(fd, &part, 1, static_cast<off_t>(offset), RWF_NOWAIT);
  if (bytes >= 0) return bytes;
  return errno == EOPNOTSUPP ? -EAGAIN : -errno;
}

}  // namespace uringx
