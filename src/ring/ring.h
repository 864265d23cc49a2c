// Ring turns operations into SQEs and completions into calls of their handlers: the only code that sets SQE
// fields. One for each thread (every worker, the acceptor), owned by it and used on no other.
#pragma once

#include <sys/socket.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "ring/backend.h"
#include "ring/buffer_ring.h"
#include "ring/chain.h"
#include "ring/operation.h"

namespace uringx {

class SlowOperations;

// Where the bytes of a file come from. For a remote one (FUSE, NFS) the kernel gives each operation a thread while it waits.
enum class Medium : std::uint8_t { local, remote };

// Opcodes used: ACCEPT (multishot), RECV (multishot and single), SEND, SENDMSG, OPENAT2, STATX, READ, WRITE,
// CLOSE, SHUTDOWN, POLL_ADD, ASYNC_CANCEL, MSG_RING, SPLICE. A simulated or substitute backend has to carry
// out these and no others.
class Ring {
 public:
  explicit Ring(std::unique_ptr<Backend> backend);
  ~Ring();

  Backend& backend() { return *backend_; }
  int fd() const { return backend_->ring_fd(); }
  // The time of this loop turn: one clock reading a turn.
  Clock::time_point now() const { return now_; }

  // --- single operations: not pending when given; handlers are called from run_once(), never from here ---
  void accept_multishot(Operation& operation, int listen_fd);
  void receive_multishot(Operation& operation, int fd, BufferRing& buffers);
  void receive(Operation& operation, int fd, std::span<char> into);
  void send(Operation& operation, int fd, std::span<const char> bytes, int flags);
  void send_message(Operation& operation, int fd, const msghdr* message, int flags);
  // path and how must live until the completion.
  void open(Operation& operation, const char* path, const open_how* how);
  // May wait its turn (SlowOperations); so may a read of a remote file, and open_and_stat().
  void stat(Operation& operation, int directory_fd, const char* path, int flags, struct statx* out);
  void read(Operation& operation, int fd, std::span<char> into, std::uint64_t offset, Medium medium = Medium::local);
  // Appends when the file was opened with O_APPEND.
  void write(Operation& operation, int fd, std::span<const char> bytes);
  void poll(Operation& operation, int fd, unsigned events);
  void poll_multishot(Operation& operation, int fd, unsigned events);
  void splice(Operation& operation, int from_fd, std::int64_t from_offset, int to_fd, std::int64_t to_offset,
              unsigned bytes, unsigned flags);
  void shutdown(Operation& operation, int fd, int how);
  // Fire and forget; the result is of no interest. Closing a remote file may ask its server.
  void close(int fd, Medium medium = Medium::local);
  // Asks the kernel to end `operation`; its handler is still called (with -ECANCELED or its result).
  // Nothing happens when it is not pending.
  void cancel(Operation& operation);
  // The same for the member that is under way; the chain's handler is still called, once.
  void cancel(Chain& chain);
  // Puts a completion with `value` into the ring behind ring_fd: there the registered message handler gets
  // (tag, value). The handler of `operation` tells whether it arrived.
  void message(Operation& operation, int ring_fd, std::uint32_t tag, std::int32_t value);
  // Calls `(owner, tag, value)` for every message another ring sends to this one.
  using MessageHandler = void (*)(void* owner, std::uint32_t tag, std::int32_t value);
  void on_message(void* owner, MessageHandler handler);

  // --- chains: all members in one submit or none; handler called once ---
  void open_and_stat(Chain& chain, const char* path, const open_how* how, struct statx* out);
  // Of a local file: the chain may take as long as the peer likes.
  void read_and_send(Chain& chain, int file_fd, std::span<char> buffer, std::uint64_t offset, int socket_fd,
                     int flags);

  // Submits, waits for at most `wait`, and calls the handlers of what completed (bounded per turn so that
  // timers and log writes get their turn). Returns the number of completions handled.
  unsigned run_once(Clock::duration wait) {
    this->wait(wait);
    return dispatch();
  }
  // Its two halves, for a loop that has something to do between waking up and the first handler.
  void wait(Clock::duration wait);
  unsigned dispatch();

  // Operations whose last completion has not come yet.
  unsigned in_flight() const { return in_flight_; }

 private:
  io_uring_sqe* start(Operation& operation);
  void mark_started(Operation& operation);
  void start_slow(Operation& operation, std::span<const io_uring_sqe> members);
  void end(Operation& operation);
  void start_chain(Chain& chain, Chain::Report report, unsigned member_count);
  void link_member(Chain& chain, unsigned member, io_uring_sqe& sqe);
  void request_cancel(std::uint64_t user_data);
  void dispatch(const io_uring_cqe& cqe);
  unsigned end_dropped();
  void dispatch_chain(Operation& operation, unsigned member, Completion completion);

  std::unique_ptr<Backend> backend_;
  std::unique_ptr<SlowOperations> slow_;
  Clock::time_point now_;
  unsigned in_flight_ = 0;
  void* message_owner_ = nullptr;
  MessageHandler message_handler_ = nullptr;
  std::vector<io_uring_cqe> reaped_;
};

}  // namespace uringx
