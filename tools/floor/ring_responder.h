// A worker of the floor: one ring on one thread.
#pragma once

#include <liburing.h>

#include <memory>
#include <vector>

#include "responder.h"

namespace floor_bench {

class RingResponder {
 public:
  RingResponder(const Options& options, const Answers& answers);
  RingResponder(const RingResponder&) = delete;
  RingResponder& operator=(const RingResponder&) = delete;

  int ring_fd() const { return ring_.ring_fd; }
  void accept_from(int listener);
  // What this one accepts goes to the workers behind these rings, in turn.
  void hand_over_to(std::vector<int> rings) { taking_rings_ = std::move(rings); }
  [[noreturn]] void run();

 private:
  enum class Kind : std::uint64_t { accept, adopt, receive, send, other };

  struct Connection {
    HeadCounter heads;
    unsigned due = 0;  // answers that no send was started for
    bool open = false, receiving = false, sending = false, ending = false;
  };

  static std::uint64_t tag(Kind kind, int fd = 0) { return static_cast<std::uint64_t>(fd) << 3 | static_cast<std::uint64_t>(kind); }
  Connection& connection_of(int fd) { return connections_[static_cast<std::size_t>(fd)]; }

  void make_ring();
  void provide_buffers();
  void make_slots();
  void give_back(std::uint16_t id);
  char* receive_buffer(std::size_t index) { return receive_bytes_.get() + index * kReceiveBytes; }

  io_uring_sqe* next_sqe();
  void arm_accept();
  void arm_receive(int fd);
  void send_due(int fd);
  void start_send(int fd, std::string_view bytes);
  void prepare_send(io_uring_sqe* sqe, int fd, std::string_view bytes) const;
  void end(int fd);
  void close_when_quiet(int fd);

  void wait();
  void on_completion(const io_uring_cqe& cqe);
  void on_accepted(const io_uring_cqe& cqe);
  void on_connection(int fd);
  void on_received(int fd, const io_uring_cqe& cqe);
  void on_sent(int fd, const io_uring_cqe& cqe);

  const Options& options_;
  const Answers& answers_;
  io_uring ring_{};
  io_uring_buf_ring* buffer_ring_ = nullptr;
  std::unique_ptr<char[]> receive_bytes_;  // of the provided buffers, or one for each connection
  std::vector<Connection> connections_{kConnectionsMax};
  int listener_ = -1;
  std::vector<int> taking_rings_;
  std::size_t next_taker_ = 0;
};

}  // namespace floor_bench
