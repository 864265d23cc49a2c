// Backend is the one seam between uringx and the kernel: everything above src/ring/ reaches sockets and files
// through it. A Ring owns one; the kernel's (liburing), the simulated one of the tests, later one over epoll.
// One thread only.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <span>
#include <string>

#include "ring/recent_pages.h"

struct io_uring_cqe;
struct io_uring_sqe;
struct open_how;
struct statx;
struct io_uring_buf_ring;

namespace uringx {

using Clock = std::chrono::steady_clock;

class Backend {
 public:
  virtual ~Backend() = default;

  // --- the ring: SQEs in, CQEs out. Opcodes in use are listed in ring.h; keep that list short. ---

  // Makes room for `count` SQEs that must go in one submit, submitting what is there first if need be.
  virtual void reserve(unsigned count) = 0;
  // The next SQE, zeroed. At most as many as reserved.
  virtual io_uring_sqe* next_sqe() = 0;
  // Submits everything and waits until a completion is there or the time is over. Returns 0 or -errno
  // (-ETIME, -EINTR, -EBADR: completions were lost). No wait when `wait` is zero.
  virtual int submit_and_wait(Clock::duration wait) = 0;
  // Copies out up to completions.size() CQEs and marks them seen; gives their number.
  virtual unsigned reap(std::span<io_uring_cqe> completions) = 0;
  // Registers a ring of provided buffers as group `group`; `entries` is a power of two. 0 or -errno.
  virtual int register_buffer_ring(io_uring_buf_ring* memory, unsigned entries, std::uint16_t group) = 0;
  // After this no operation takes a buffer of the group; 0 or -errno.
  virtual int unregister_buffer_ring(std::uint16_t group) = 0;
  // The descriptor other rings send messages to (IORING_OP_MSG_RING).
  virtual int ring_fd() const = 0;
  virtual Clock::time_point now() = 0;

  // --- calls that cannot wait: carried out at once on the caller's thread, or refused with -EAGAIN. ---

  // openat2 with RESOLVE_CACHED added: -EAGAIN when the path is not wholly in the dentry cache (or the kernel
  // is older than 5.12). The open itself may still ask a file server on FUSE/NFS: only for paths known to be
  // local.
  virtual int open_cached(const char* path, const open_how& how) = 0;
  // statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC): of an open file; never asks a file server. 0 or
  // -errno.
  virtual int stat_open_file(int fd, struct statx* out) = 0;
  // preadv2 with RWF_NOWAIT: bytes, or -EAGAIN when the pages are not in memory (or the file system can't
  // tell).
  virtual ssize_t read_cached(int fd, std::span<char> into, std::uint64_t offset) = 0;
  // Whether every page of the range (which ends within the file) is in memory, by cachestat(2). Kernels
  // before 6.5 lack it, later ones answer only those who may write the file: there every 16 KiB is tried with
  // a one-byte RWF_NOWAIT read, which a file that was evicted in places can deceive. False when neither can
  // tell. Of a `file` that is known an answer of the last ten milliseconds may be used again (RecentPages).
  virtual bool pages_cached(int fd, const FileIdentity& file, std::uint64_t offset, std::size_t bytes) = 0;
  // sendfile that never waits for the socket: bytes, -EAGAIN when its buffer is full. It may wait for the
  // disk: only after pages_cached(). The socket stays a blocking one for every operation on the ring. `more`
  // says that bytes follow at once; the kernel's sendfile cannot be told (TCP_CORK would have to be undone by
  // whatever sends next), so there the last segment of each call leaves incomplete: little for calls of 32
  // KiB and more.
  virtual ssize_t send_file_now(int socket_fd, int file_fd, std::uint64_t offset, std::size_t bytes,
                                bool more) = 0;
  // send(MSG_DONTWAIT | MSG_NOSIGNAL): bytes or -errno. `more`: MSG_MORE, an incomplete segment waits for the
  // next send.
  virtual ssize_t send_now(int socket_fd, std::span<const char> bytes, bool more = false) = 0;
  // close of a descriptor whose file system has nothing to flush or ask (local files, sockets in no
  // operation).
  virtual void close_now(int fd) = 0;
};

struct KernelRingOptions {
  unsigned entries = 1024;         // SQEs; the CQ is eight times as large: an overflow is slow
  unsigned bounded_workers_max = 20;  // kernel threads for files (IORING_REGISTER_IOWQ_MAX_WORKERS)
  unsigned unbounded_workers_max = 16;
  bool probes_pages = false;       // pages_cached() is asked often: worth a second ring (PageProbe)
};

// Why a ring cannot be had: the cause and the remedy, in one sentence for the administrator.
struct RingRefused {
  int error_number;
  std::string message;
};

// A ring of the calling thread (SINGLE_ISSUER, DEFER_TASKRUN where the kernel has them).
std::expected<std::unique_ptr<Backend>, RingRefused> make_kernel_backend(const KernelRingOptions& options);

}  // namespace uringx
