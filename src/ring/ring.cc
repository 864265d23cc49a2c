#include "ring/ring.h"

#include <fcntl.h>
#include <liburing.h>
#include <linux/openat2.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>

#include "ring/slow_operations.h"

namespace uringx {

namespace {

// Completions handled in a turn: enough to batch well, few enough that timers and log writes come round.
constexpr unsigned kCompletionsPerTurnMax = 256;

// user_data: an Operation's address with the chain member in its low four bits, or one of these.
constexpr std::uint64_t kNobody = 0;                          // the CQE is of no interest
constexpr std::uint64_t kClose = 1;                           // fire-and-forget close
constexpr std::uint64_t kSlowClose = 2;                       // the same, counted by SlowOperations
// from another ring: the tag is in the low 32 bits
constexpr std::uint64_t kMessage = std::uint64_t{1} << 63;
constexpr std::uint64_t kMemberMask = alignof(Operation) - 1;

static_assert(Chain::kMembersMax <= alignof(Operation));

std::uint64_t user_data_of(const Operation& operation, unsigned member = 0) {
  return reinterpret_cast<std::uint64_t>(&operation) | member;
}

// The kernel could not even remember completions it owed us (no memory for its overflow list). Operations now
// stay pending for ever and their memory may have been written or not: nothing here can be trusted, the
// master starts afresh.
[[noreturn]] void completions_were_lost() {
  std::fputs("uringx: [alert] io_uring lost completions (EBADR): the kernel is out of memory\n", stderr);
  std::abort();
}

unsigned transfer_size(std::size_t bytes) {
  // The kernel cuts a transfer at MAX_RW_COUNT (2 GiB less a page); callers work in pieces far below that.
  CHECK(bytes <= 0x7ffff000u);
  return static_cast<unsigned>(bytes);
}

}  // namespace

bool Completion::more() const { return (flags & IORING_CQE_F_MORE) != 0; }
bool Completion::has_buffer() const { return (flags & IORING_CQE_F_BUFFER) != 0; }
std::uint16_t Completion::buffer_id() const {
  return static_cast<std::uint16_t>(flags >> IORING_CQE_BUFFER_SHIFT);
}

Ring::Ring(std::unique_ptr<Backend> backend)
    : backend_(std::move(backend)),
      slow_(std::make_unique<SlowOperations>(*backend_)),
      now_(backend_->now()),
      reaped_(kCompletionsPerTurnMax) {}

Ring::~Ring() {
  // Closes that were asked for in the last turn, or wait.
  slow_->start_all();
  backend_->submit_and_wait(Clock::duration::zero());
}

io_uring_sqe* Ring::start(Operation& operation) {
  backend_->reserve(1);
  mark_started(operation);
  return backend_->next_sqe();
}

void Ring::mark_started(Operation& operation) {
  CHECK(!operation.pending_ && operation.handler_ != nullptr);
  operation.pending_ = true;
  ++in_flight_;
}

void Ring::start_slow(Operation& operation, std::span<const io_uring_sqe> members) {
  operation.slow_ = true;
  slow_->start(&operation, members);
}

// Its last completion came.
void Ring::end(Operation& operation) {
  operation.pending_ = false;
  --in_flight_;
  if (!operation.slow_) return;
  operation.slow_ = false;
  slow_->ended();
}

void Ring::accept_multishot(Operation& operation, int listen_fd) {
  io_uring_sqe* const sqe = start(operation);
  io_uring_prep_multishot_accept(sqe, listen_fd, nullptr, nullptr, SOCK_CLOEXEC);
  sqe->user_data = user_data_of(operation);
}

void Ring::receive_multishot(Operation& operation, int fd, BufferRing& buffers) {
  io_uring_sqe* const sqe = start(operation);
  io_uring_prep_recv_multishot(sqe, fd, nullptr, 0, 0);
  sqe->flags = IOSQE_BUFFER_SELECT;
  sqe->buf_group = buffers.group();
  sqe->user_data = user_data_of(operation);
}

void Ring::receive(Operation& operation, int fd, std::span<char> into) {
  io_uring_sqe* const sqe = start(operation);
  io_uring_prep_recv(sqe, fd, into.data(), transfer_size(into.size()), 0);
  sqe->user_data = user_data_of(operation);
}

void Ring::send(Operation& operation, int fd, std::span<const char> bytes, int flags) {
  io_uring_sqe* const sqe = start(operation);
  io_uring_prep_send(sqe, fd, bytes.data(), transfer_size(bytes.size()), flags | MSG_NOSIGNAL);
  sqe->user_data = user_data_of(operation);
}

void Ring::send_message(Operation& operation, int fd, const msghdr* message, int flags) {
  io_uring_sqe* const sqe = start(operation);
  io_uring_prep_sendmsg(sqe, fd, message, static_cast<unsigned>(flags | MSG_NOSIGNAL));
  sqe->user_data = user_data_of(operation);
}

void Ring::open(Operation& operation, const char* path, const open_how* how) {
  io_uring_sqe* const sqe = start(operation);
  io_uring_prep_openat2(sqe, AT_FDCWD, path, const_cast<open_how*>(how));
  sqe->user_data = user_data_of(operation);
}

void Ring::stat(Operation& operation, int directory_fd, const char* path, int flags, struct statx* out) {
  io_uring_sqe sqe{};
  io_uring_prep_statx(&sqe, directory_fd, path, flags, STATX_BASIC_STATS, out);
  sqe.user_data = user_data_of(operation);
  mark_started(operation);
  start_slow(operation, {&sqe, 1});
}

void Ring::read(Operation& operation, int fd, std::span<char> into, std::uint64_t offset, Medium medium) {
  io_uring_sqe sqe{};
  io_uring_prep_read(&sqe, fd, into.data(), transfer_size(into.size()), offset);
  sqe.user_data = user_data_of(operation);
  if (medium == Medium::local) {
    *start(operation) = sqe;
    return;
  }
  sqe.flags = IOSQE_ASYNC;  // else FUSE and NFS may ask their servers inline, and be asked again many times
  mark_started(operation);
  start_slow(operation, {&sqe, 1});
}

void Ring::write(Operation& operation, int fd, std::span<const char> bytes) {
  constexpr std::uint64_t kFilePosition = ~std::uint64_t{0};  // the only offset a pipe or terminal takes
  io_uring_sqe* const sqe = start(operation);
  io_uring_prep_write(sqe, fd, bytes.data(), transfer_size(bytes.size()), kFilePosition);
  sqe->user_data = user_data_of(operation);
}

void Ring::poll(Operation& operation, int fd, unsigned events) {
  io_uring_sqe* const sqe = start(operation);
  io_uring_prep_poll_add(sqe, fd, events);
  sqe->user_data = user_data_of(operation);
}

void Ring::poll_multishot(Operation& operation, int fd, unsigned events) {
  io_uring_sqe* const sqe = start(operation);
  io_uring_prep_poll_multishot(sqe, fd, events);
  sqe->user_data = user_data_of(operation);
}

void Ring::splice(Operation& operation, int from_fd, std::int64_t from_offset, int to_fd,
                  std::int64_t to_offset, unsigned bytes, unsigned flags) {
  io_uring_sqe* const sqe = start(operation);
  io_uring_prep_splice(sqe, from_fd, from_offset, to_fd, to_offset, bytes, flags);
  sqe->user_data = user_data_of(operation);
}

void Ring::shutdown(Operation& operation, int fd, int how) {
  io_uring_sqe* const sqe = start(operation);
  io_uring_prep_shutdown(sqe, fd, how);
  sqe->user_data = user_data_of(operation);
}

void Ring::close(int fd, Medium medium) {
  if (medium == Medium::remote) {
    io_uring_sqe sqe{};
    io_uring_prep_close(&sqe, fd);
    sqe.user_data = kSlowClose;
    slow_->start(nullptr, {&sqe, 1});
    return;
  }
  backend_->reserve(1);
  io_uring_sqe* const sqe = backend_->next_sqe();
  io_uring_prep_close(sqe, fd);
  sqe->flags = IOSQE_CQE_SKIP_SUCCESS;
  sqe->user_data = kClose;
}

void Ring::request_cancel(std::uint64_t user_data) {
  backend_->reserve(1);
  io_uring_sqe* const sqe = backend_->next_sqe();
  io_uring_prep_cancel64(sqe, user_data, 0);
  sqe->flags = IOSQE_CQE_SKIP_SUCCESS;
  sqe->user_data = kNobody;  // failing (-ENOENT, -EALREADY) means that the operation completes by itself
}

void Ring::cancel(Operation& operation) {
  if (!operation.pending()) return;
  if (operation.slow_ && slow_->drop(operation)) return;
  request_cancel(user_data_of(operation));
}

void Ring::cancel(Chain& chain) {
  if (!chain.pending()) return;
  if (chain.operation_.slow_ && slow_->drop(chain.operation_)) return;
  // A member that waits for the one before it cannot be found by the kernel, so each is named: the one under
  // way is hit, and those after it end with it.
  for (unsigned member = 0; member < chain.outcome_.member_count; ++member) {
    request_cancel(user_data_of(chain.operation_, member));
  }
}

void Ring::message(Operation& operation, int ring_fd, std::uint32_t tag, std::int32_t value) {
  io_uring_sqe* const sqe = start(operation);
  io_uring_prep_msg_ring(sqe, ring_fd, static_cast<unsigned>(value), kMessage | tag, 0);
  sqe->user_data = user_data_of(operation);
}

void Ring::on_message(void* owner, MessageHandler handler) {
  message_owner_ = owner;
  message_handler_ = handler;
}

void Ring::start_chain(Chain& chain, Chain::Report report, unsigned member_count) {
  CHECK(!chain.pending() && member_count <= Chain::kMembersMax);
  chain.operation_.pending_ = true;
  chain.operation_.chain_ = true;
  chain.operation_.owner_ = &chain;
  chain.report_ = report;
  chain.awaited_ = report == Chain::Report::each ? member_count : 1;
  chain.outcome_ = {.stopped_at = member_count, .member_count = member_count, .results = {}};
  chain.wanted_ = {};
  ++in_flight_;
}

// To be called after the SQE was prepared: preparing overwrites the flags.
void Ring::link_member(Chain& chain, unsigned member, io_uring_sqe& sqe) {
  const bool last = member + 1 == chain.outcome_.member_count;
  sqe.flags = 0;
  if (!last) sqe.flags |= IOSQE_IO_LINK;
  if (!last && chain.report_ == Chain::Report::last) sqe.flags |= IOSQE_CQE_SKIP_SUCCESS;
  sqe.user_data = user_data_of(chain.operation_, member);
}

void Ring::open_and_stat(Chain& chain, const char* path, const open_how* how, struct statx* out) {
  start_chain(chain, Chain::Report::each, 2);
  io_uring_sqe members[2]{};
  io_uring_prep_openat2(&members[0], AT_FDCWD, path, const_cast<open_how*>(how));
  link_member(chain, 0, members[0]);
  // On FUSE and the like the kernel would ask the file server inline, cached path or not.
  members[0].flags |= IOSQE_ASYNC;

  const int flags = (how->flags & O_NOFOLLOW) != 0 ? AT_SYMLINK_NOFOLLOW : 0;
  io_uring_prep_statx(&members[1], AT_FDCWD, path, flags, STATX_BASIC_STATS, out);
  link_member(chain, 1, members[1]);
  start_slow(chain.operation_, members);
}

void Ring::read_and_send(Chain& chain, int file_fd, std::span<char> buffer, std::uint64_t offset,
                         int socket_fd, int flags) {
  start_chain(chain, Chain::Report::last, 2);
  backend_->reserve(2);
  const unsigned bytes = transfer_size(buffer.size());
  chain.wanted_ = {bytes, bytes};
  io_uring_sqe* const read = backend_->next_sqe();
  io_uring_prep_read(read, file_fd, buffer.data(), bytes, offset);
  link_member(chain, 0, *read);

  // MSG_WAITALL: the kernel goes on after a short send, and what is reported short is short for good.
  io_uring_sqe* const send = backend_->next_sqe();
  io_uring_prep_send(send, socket_fd, buffer.data(), bytes, flags | MSG_NOSIGNAL | MSG_WAITALL);
  link_member(chain, 1, *send);
}

void Ring::wait(Clock::duration wait) {
  const int result = backend_->submit_and_wait(slow_->any_dropped() ? Clock::duration::zero() : wait);
  if (result == -EBADR) completions_were_lost();
  // Other errors pass: -ETIME and -EINTR by themselves, -EAGAIN and -EBUSY (the kernel is short of memory or
  // of room for completions) when what is here has been reaped; what was not submitted goes with the next
  // turn.
  now_ = backend_->now();
}

unsigned Ring::dispatch() {
  const unsigned dropped = end_dropped();
  const unsigned count = backend_->reap(reaped_);
  for (unsigned i = 0; i < count; ++i) dispatch(reaped_[i]);
  return dropped + count;
}

// Those that were cancelled before the kernel knew of them.
unsigned Ring::end_dropped() {
  unsigned count = 0;
  while (Operation* const operation = slow_->take_dropped()) {
    ++count;
    operation->slow_ = operation->pending_ = false;
    --in_flight_;
    if (operation->chain_) {
      auto& chain = *static_cast<Chain*>(operation->owner_);
      chain.outcome_.stopped_at = 0;
      chain.outcome_.results.fill(-ECANCELED);
      const Chain::Outcome result = chain.outcome_;
      chain.handler_(chain.owner_, result);
    } else {
      operation->handler_(operation->owner_, {.result = -ECANCELED, .flags = 0});
    }
  }
  return count;
}

void Ring::dispatch(const io_uring_cqe& cqe) {
  if (cqe.user_data & kMessage) {
    CHECK(message_handler_ != nullptr);
    message_handler_(message_owner_, static_cast<std::uint32_t>(cqe.user_data), cqe.res);
    return;
  }
  if (cqe.user_data == kNobody) return;
  if (cqe.user_data == kClose || cqe.user_data == kSlowClose) {
    CHECK(cqe.res != -EBADF);  // closed twice: the next time it would be somebody else's descriptor
    if (cqe.user_data == kSlowClose) slow_->ended();
    return;
  }
  auto& operation = *reinterpret_cast<Operation*>(cqe.user_data & ~kMemberMask);
  const Completion completion{.result = cqe.res, .flags = cqe.flags};
  CHECK(operation.pending_);
  if (operation.chain_) {
    dispatch_chain(operation, static_cast<unsigned>(cqe.user_data & kMemberMask), completion);
    return;
  }
  if (!completion.more()) end(operation);
  operation.handler_(operation.owner_, completion);  // may destroy the operation
}

void Ring::dispatch_chain(Operation& operation, unsigned member, Completion completion) {
  auto& chain = *static_cast<Chain*>(operation.owner_);
  Chain::Outcome& outcome = chain.outcome_;
  outcome.results[member] = completion.result;
  const bool fell_short =
      completion.result < 0 || static_cast<std::uint32_t>(completion.result) < chain.wanted_[member];
  // Members after the one that stopped end with -ECANCELED: the first in order is the cause, whichever CQE
  // comes first.
  if (fell_short) outcome.stopped_at = std::min(outcome.stopped_at, member);
  // Report::last: a member before the last is only ever heard of when it stopped the chain.
  CHECK(fell_short || chain.report_ == Chain::Report::each || member + 1 == outcome.member_count);
  if (--chain.awaited_ > 0) return;

  end(operation);
  const Chain::Outcome result = outcome;  // the handler may start the chain anew or destroy it
  chain.handler_(chain.owner_, result);
}

}  // namespace uringx
