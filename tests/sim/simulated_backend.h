// SimulatedBackend is one ring of a SimulatedKernel: it decodes the SQEs that the real kernel would get and
// carries them out against the simulated sockets and files, with the kernel's rules for links, multishot and
// provided buffers. Owned by a Ring, on the test's thread; the kernel outlives it.
#pragma once

#include <liburing.h>

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "ring/backend.h"
#include "simulated_kernel.h"

namespace uringx {

class SimulatedBackend : public Backend {
 public:
  explicit SimulatedBackend(SimulatedKernel& kernel, unsigned entries = 256);
  ~SimulatedBackend() override;

  void reserve(unsigned count) override;
  io_uring_sqe* next_sqe() override;
  // Never waits really: the virtual clock goes on to the moment something happens by itself (a disk answers,
  // a delay ends), if that is within `wait`; else it stands still and the call returns -ETIME, so that the
  // test can act.
  int submit_and_wait(Clock::duration wait) override;
  unsigned reap(std::span<io_uring_cqe> completions) override;
  int register_buffer_ring(io_uring_buf_ring* memory, unsigned entries, std::uint16_t group) override;
  int unregister_buffer_ring(std::uint16_t group) override;
  int ring_fd() const override { return ring_fd_; }
  Clock::time_point now() override { return kernel_.now(); }

  int open_cached(const char* path, const open_how& how) override;
  int stat_open_file(int fd, struct statx* out) override;
  ssize_t read_cached(int fd, std::span<char> into, std::uint64_t offset) override;
  bool pages_cached(int fd, const FileIdentity& file, std::uint64_t offset, std::size_t bytes) override;
  ssize_t send_file_now(int socket_fd, int file_fd, std::uint64_t offset, std::size_t bytes, bool) override;
  ssize_t send_now(int socket_fd, std::span<const char> bytes, bool more) override;
  void close_now(int fd) override { kernel_.close(fd); }

  // Provided buffers of a group that the kernel has handed out and not got back.
  unsigned buffers_held(std::uint16_t group);
  // Operations that have not completed, for example because they wait for a peer.
  std::size_t waiting_count() const { return waiting_.size(); }
  // Of these, how many would hold a kernel thread each: those waiting in a splice.
  std::size_t kernel_threads_held() const;

 private:
  struct Request;
  struct BufferGroup;
  struct Result {
    std::int32_t value;
    std::uint32_t flags = 0;
  };
  using Execute = std::optional<Result> (SimulatedBackend::*)(Request&);
  struct OperationRule;

  static const OperationRule* rule_of(std::uint8_t opcode);

  // Submission and completion (simulated_backend.cc).
  void submit();
  void issue(std::unique_ptr<Request> request);
  bool attempt(Request& request);
  void finish(Request& request, Result result);
  void end_links(std::unique_ptr<Request> link, bool silently);
  void post(const Request& request, Result result);
  void run_waiting();
  bool advance_to_next_event(Clock::duration within);
  bool user_data_in_use(std::uint64_t user_data) const;
  std::optional<std::int32_t> refused_at_submission(const io_uring_sqe& sqe) const;
  static bool falls_short(const Request& request, std::int32_t value);

  // What each opcode does (simulated_operations.cc): empty while it has to wait.
  std::optional<Result> accept(Request& request);
  std::optional<Result> receive(Request& request);
  std::optional<Result> receive_into_provided(Request& request, SimulatedSocket& socket);
  std::optional<Result> send(Request& request);
  std::optional<Result> open(Request& request);
  std::optional<Result> stat(Request& request);
  std::optional<Result> read(Request& request);
  std::optional<Result> write(Request& request);
  std::optional<Result> close(Request& request);
  std::optional<Result> shutdown(Request& request);
  std::optional<Result> poll(Request& request);
  std::optional<Result> cancel(Request& request);
  std::optional<Result> message(Request& request);
  std::optional<Result> splice(Request& request);
  unsigned poll_events(const Request& request) const;
  bool in_memory(const Request& request) const;
  void observe_returned(BufferGroup& group);

  SimulatedKernel& kernel_;
  std::shared_ptr<SimulatedRingObject> ring_object_ = std::make_shared<SimulatedRingObject>();
  int ring_fd_;
  std::vector<io_uring_sqe> submission_;
  unsigned filled_ = 0;    // SQEs handed out since the last submission
  unsigned reserved_ = 0;  // of which may still be taken
  std::map<std::uint64_t, std::unique_ptr<Request>> waiting_;  // by the order of their start
  std::uint64_t next_serial_ = 0;
  std::deque<io_uring_cqe> completions_;
  std::map<std::uint16_t, BufferGroup> groups_;
};

}  // namespace uringx
