// The Backend over liburing: the only code that makes a kernel ring.

#include <fcntl.h>
#include <liburing.h>
#include <linux/openat2.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "base/check.h"
#include "ring/backend.h"
#include "ring/kernel_abi.h"
#include "ring/page_probe.h"
#include "ring/refusal.h"

namespace uringx {

namespace {

constexpr unsigned kCompletionsPerSubmission = 8;  // size of the CQ in terms of the SQ: overflowing is slow

struct RequiredOperation {
  int opcode;
  const char* name;
};

// What ring.h lists. SEND_ZC is not used: its presence tells a kernel of 6.0 or newer, hence one that has
// multishot accept (5.19), buffer rings (5.19) and multishot receive (6.0), which cannot be probed by
// themselves.
constexpr RequiredOperation kRequiredOperations[] = {
    {IORING_OP_ACCEPT, "accept"},
    {IORING_OP_RECV, "recv"},
    {IORING_OP_SEND, "send"},
    {IORING_OP_SENDMSG, "sendmsg"},
    {IORING_OP_OPENAT2, "openat2"},
    {IORING_OP_STATX, "statx"},
    {IORING_OP_READ, "read"},
    {IORING_OP_WRITE, "write"},
    {IORING_OP_CLOSE, "close"},
    {IORING_OP_SHUTDOWN, "shutdown"},
    {IORING_OP_POLL_ADD, "poll"},
    {IORING_OP_ASYNC_CANCEL, "async_cancel"},
    {IORING_OP_MSG_RING, "msg_ring"},
    {IORING_OP_SPLICE, "splice"},
    {IORING_OP_SEND_ZC, "multishot recv"},
};

// Best first; each is tried when the kernel calls the one before it invalid.
// SUBMIT_ALL: an SQE that is refused (a path that is too long) does not keep those behind it for the next
// submit. DEFER_TASKRUN: completions are worked off only when this thread waits for them, never in the middle
// of a handler.
constexpr unsigned kSetupFlags[] = {
    IORING_SETUP_SUBMIT_ALL | IORING_SETUP_COOP_TASKRUN | IORING_SETUP_SINGLE_ISSUER |
        IORING_SETUP_DEFER_TASKRUN,
    IORING_SETUP_SUBMIT_ALL | IORING_SETUP_COOP_TASKRUN | IORING_SETUP_SINGLE_ISSUER,
    IORING_SETUP_SUBMIT_ALL | IORING_SETUP_COOP_TASKRUN,
    IORING_SETUP_SUBMIT_ALL,
};

ssize_t result_or_errno(ssize_t result) { return result < 0 ? -errno : result; }

__kernel_timespec to_timespec(Clock::duration duration) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(duration);
  const auto rest = std::chrono::duration_cast<std::chrono::nanoseconds>(duration - seconds);
  return {.tv_sec = seconds.count(), .tv_nsec = rest.count()};
}

class KernelBackend : public Backend {
 public:
  KernelBackend(const io_uring& ring, bool probes_pages) : ring_(ring), page_probe_(probes_pages) {}
  ~KernelBackend() override { io_uring_queue_exit(&ring_); }
  KernelBackend(const KernelBackend&) = delete;
  KernelBackend& operator=(const KernelBackend&) = delete;

  void reserve(unsigned count) override;
  io_uring_sqe* next_sqe() override;
  int submit_and_wait(Clock::duration wait) override;
  unsigned reap(std::span<io_uring_cqe> completions) override;
  int register_buffer_ring(io_uring_buf_ring* memory, unsigned entries, std::uint16_t group) override;
  int unregister_buffer_ring(std::uint16_t group) override {
    return io_uring_unregister_buf_ring(&ring_, group);
  }
  int ring_fd() const override { return ring_.ring_fd; }
  Clock::time_point now() override { return Clock::now(); }

  int open_cached(const char* path, const open_how& how) override;
  int stat_open_file(int fd, struct statx* out) override;
  ssize_t read_cached(int fd, std::span<char> into, std::uint64_t offset) override;
  bool pages_cached(int fd, const FileIdentity& file, std::uint64_t offset, std::size_t bytes) override;
  ssize_t send_file_now(int socket_fd, int file_fd, std::uint64_t offset, std::size_t bytes, bool) override;
  ssize_t send_now(int socket_fd, std::span<const char> bytes, bool more) override;
  void close_now(int fd) override { ::close(fd); }

 private:
  unsigned copy_completions(std::span<io_uring_cqe> to);
  bool look_at_pages(int fd, std::uint64_t offset, std::size_t bytes);

  io_uring ring_;
  // taken off the CQ to make the kernel accept a submission; reaped first
  std::vector<io_uring_cqe> spilled_;
  bool has_cachestat_ = true;          // until the kernel says otherwise
  RecentPages recent_pages_;
  PageProbe page_probe_;
};

void KernelBackend::reserve(unsigned count) {
  CHECK(count <= ring_.sq.ring_entries);
  constexpr int kAttemptsMax = 1000;
  for (int attempt = 0; io_uring_sq_space_left(&ring_) < count; ++attempt) {
    const int submitted = io_uring_submit(&ring_);
    if (submitted > 0) continue;
    // -EBUSY: the kernel wants its completions taken first. -EAGAIN, -ENOMEM: it is short of memory and may
    // not be soon.
    if (attempt == kAttemptsMax) {
      std::fprintf(stderr, "uringx: [alert] io_uring takes no more submissions (error %d)\n", -submitted);
      std::abort();
    }
    io_uring_cqe batch[64];
    while (const unsigned copied = copy_completions(batch))
      spilled_.insert(spilled_.end(), batch, batch + copied);
    if (attempt > 0) io_uring_get_events(&ring_);
  }
}

io_uring_sqe* KernelBackend::next_sqe() {
  io_uring_sqe* const sqe = io_uring_get_sqe(&ring_);
  CHECK(sqe != nullptr);
  *sqe = {};
  return sqe;
}

int KernelBackend::submit_and_wait(Clock::duration wait) {
  if (wait <= Clock::duration::zero() || !spilled_.empty()) {
    const int result = io_uring_submit_and_get_events(&ring_);
    return result < 0 ? result : 0;
  }
  // One system call submits, runs what is ready and waits (IORING_ENTER_EXT_ARG carries the time); the kernel
  // arms no timer when a completion is there already.
  __kernel_timespec timeout = to_timespec(wait);
  io_uring_cqe* first = nullptr;
  const int result = io_uring_submit_and_wait_timeout(&ring_, &first, 1, &timeout, nullptr);
  return result < 0 ? result : 0;
}

unsigned KernelBackend::reap(std::span<io_uring_cqe> completions) {
  if (spilled_.empty()) [[likely]] return copy_completions(completions);
  const std::size_t count = std::min(spilled_.size(), completions.size());
  const auto end = spilled_.begin() + static_cast<std::ptrdiff_t>(count);
  std::copy(spilled_.begin(), end, completions.begin());
  spilled_.erase(spilled_.begin(), end);
  return static_cast<unsigned>(count);
}

unsigned KernelBackend::copy_completions(std::span<io_uring_cqe> to) {
  const unsigned count = std::min(io_uring_cq_ready(&ring_), static_cast<unsigned>(to.size()));
  unsigned index = *ring_.cq.khead;
  for (unsigned i = 0; i < count; ++i, ++index) to[i] = ring_.cq.cqes[index & ring_.cq.ring_mask];
  io_uring_cq_advance(&ring_, count);
  return count;
}

int KernelBackend::register_buffer_ring(io_uring_buf_ring* memory, unsigned entries, std::uint16_t group) {
  io_uring_buf_reg registration{};
  registration.ring_addr = reinterpret_cast<std::uintptr_t>(memory);
  registration.ring_entries = entries;
  registration.bgid = group;
  return io_uring_register_buf_ring(&ring_, &registration, 0);
}

int KernelBackend::open_cached(const char* path, const open_how& how) {
  open_how cached = how;
  cached.resolve |= RESOLVE_CACHED;
  const long fd = syscall(SYS_openat2, AT_FDCWD, path, &cached, sizeof(cached));
  if (fd >= 0) return static_cast<int>(fd);
  // EINVAL: the kernel does not know RESOLVE_CACHED. (A flag that is wrong in itself is refused again on the
  // ring.)
  return errno == EINVAL || errno == ENOSYS ? -EAGAIN : -errno;
}

int KernelBackend::stat_open_file(int fd, struct statx* out) {
  return static_cast<int>(
      result_or_errno(::statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_BASIC_STATS, out)));
}

ssize_t KernelBackend::read_cached(int fd, std::span<char> into, std::uint64_t offset) {
  return read_without_waiting(fd, into, offset);
}

bool KernelBackend::pages_cached(int fd, const FileIdentity& file, std::uint64_t offset, std::size_t bytes) {
  if (bytes == 0) return true;
  if (file.inode == 0) return look_at_pages(fd, offset, bytes);
  const auto now = Clock::now();
  if (recent_pages_.holds(file, offset, offset + bytes, now)) return true;
  const bool cached = look_at_pages(fd, offset, bytes);
  if (cached) recent_pages_.note(file, offset, offset + bytes, now);
  return cached;
}

bool KernelBackend::look_at_pages(int fd, std::uint64_t offset, std::size_t bytes) {
  if (has_cachestat_) {
    kernel_abi::CachestatRange range{offset, bytes};
    kernel_abi::Cachestat counts{};
    if (syscall(kernel_abi::kCachestatNumber, fd, &range, &counts, 0) == 0) {
      static const auto page_bytes = static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
      const std::uint64_t first = offset / page_bytes;
      const std::uint64_t last = (offset + bytes - 1) / page_bytes;
      return counts.cached_pages == last - first + 1;
    }
    // EPERM is an answer about this file only, and is the usual one: workers may not write what they serve.
    if (errno != EPERM) has_cachestat_ = errno != ENOSYS;
  }
  return page_probe_.in_memory(fd, offset, bytes);
}

ssize_t KernelBackend::send_file_now(int socket_fd, int file_fd, std::uint64_t offset, std::size_t bytes,
                                     bool) {
  // sendfile takes no flags: it waits or not as the socket's O_NONBLOCK says. Operations on the ring must not
  // see the flag (the kernel ends an operation on such a socket with -EAGAIN instead of waiting), and do not:
  // this thread alone submits and, with DEFER_TASKRUN, works off its ring, neither of which happens between
  // these calls. Without DEFER_TASKRUN an armed receive may run in between; it tries without waiting anyhow
  // and goes on waiting as it began.
  fcntl(socket_fd, F_SETFL, O_RDWR | O_NONBLOCK);
  auto position = static_cast<off_t>(offset);
  const ssize_t sent = result_or_errno(::sendfile(socket_fd, file_fd, &position, bytes));
  fcntl(socket_fd, F_SETFL, O_RDWR);
  return sent;
}

ssize_t KernelBackend::send_now(int socket_fd, std::span<const char> bytes, bool more) {
  const int flags = MSG_DONTWAIT | MSG_NOSIGNAL | (more ? MSG_MORE : 0);
  return result_or_errno(::send(socket_fd, bytes.data(), bytes.size(), flags));
}

RingRefused refused(int error_number) {
  return {.error_number = error_number, .message = describe_refusal(error_number, read_refusal_facts())};
}

// The first operation the kernel lacks; nullptr when it has them all.
const char* missing_operation(io_uring& ring) {
  io_uring_probe* const probe = io_uring_get_probe_ring(&ring);
  if (probe == nullptr) return "operation probing";
  const char* missing = nullptr;
  for (const RequiredOperation& required : kRequiredOperations) {
    if (io_uring_opcode_supported(probe, required.opcode)) continue;
    missing = required.name;
    break;
  }
  io_uring_free_probe(probe);
  return missing;
}

int set_up(io_uring& ring, unsigned entries) {
  int result = -EINVAL;
  for (const unsigned flags : kSetupFlags) {
    io_uring_params params{};
    params.flags = flags | IORING_SETUP_CQSIZE | IORING_SETUP_CLAMP;
    params.cq_entries = entries * kCompletionsPerSubmission;
    result = io_uring_queue_init_params(entries, &ring, &params);
    if (result != -EINVAL) return result;
  }
  return result;
}

}  // namespace

std::expected<std::unique_ptr<Backend>, RingRefused> make_kernel_backend(const KernelRingOptions& options) {
  io_uring ring{};
  const int result = set_up(ring, options.entries);
  if (result < 0) return std::unexpected(refused(-result));
  if (const char* missing = missing_operation(ring)) {
    io_uring_queue_exit(&ring);
    return std::unexpected(RingRefused{ENOSYS, describe_missing_operation(missing, read_refusal_facts())});
  }
  // Both are improvements: an older kernel does without.
  unsigned workers_max[2] = {options.bounded_workers_max, options.unbounded_workers_max};
  io_uring_register_iowq_max_workers(&ring, workers_max);
  io_uring_register_ring_fd(&ring);
  return std::make_unique<KernelBackend>(ring, options.probes_pages);
}

}  // namespace uringx
