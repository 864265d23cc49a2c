#include "ring_responder.h"

#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>

namespace floor_bench {

namespace {

// As uringx has them.
constexpr unsigned kEntries = 1024, kCompletions = 8 * kEntries, kBuffers = 256;
constexpr std::uint16_t kGroup = 0;
constexpr int kRegisteredAnswers = 0;  // index of the registered buffer
constexpr unsigned kTaskRunFlags[] = {IORING_SETUP_COOP_TASKRUN | IORING_SETUP_DEFER_TASKRUN, IORING_SETUP_COOP_TASKRUN, 0};
constexpr __kernel_timespec kTimeout{.tv_sec = 60, .tv_nsec = 0};

void check(const char* what, int result) {
  if (result < 0) fail(what, -result);
}

}  // namespace

RingResponder::RingResponder(const Options& options, const Answers& answers) : options_(options), answers_(answers) {
  make_ring();
  const bool provides = options.receive != Receive::once;
  receive_bytes_ = std::make_unique_for_overwrite<char[]>((provides ? kBuffers : kConnectionsMax) * kReceiveBytes);
  if (provides) provide_buffers();
  if (options.direct) make_slots();
  if (options.send == Send::zero_copy_registered) {
    const iovec bytes{const_cast<char*>(answers.all().data()), answers.all().size()};
    check("registering the answers", io_uring_register_buffers(&ring_, &bytes, 1));
  }
}

void RingResponder::make_ring() {
  io_uring_params parameters{};
  parameters.flags = IORING_SETUP_SUBMIT_ALL | IORING_SETUP_CQSIZE | kTaskRunFlags[static_cast<std::size_t>(options_.task_run)];
  if (options_.single_issuer) parameters.flags |= IORING_SETUP_SINGLE_ISSUER;
  parameters.cq_entries = kCompletions;
  check("io_uring", io_uring_queue_init_params(kEntries, &ring_, &parameters));
  if (options_.registered_ring) check("registering the ring", io_uring_register_ring_fd(&ring_));
}

void RingResponder::provide_buffers() {
  constexpr std::size_t kPageBytes = 4096;
  void* memory = nullptr;
  if (posix_memalign(&memory, kPageBytes, kBuffers * sizeof(io_uring_buf)) != 0) fail("memory", ENOMEM);
  buffer_ring_ = static_cast<io_uring_buf_ring*>(memory);
  io_uring_buf_reg registration{};
  registration.ring_addr = reinterpret_cast<std::uintptr_t>(memory);
  registration.ring_entries = kBuffers;
  registration.bgid = kGroup;
  check("buffers", io_uring_register_buf_ring(&ring_, &registration, 0));
  io_uring_buf_ring_init(buffer_ring_);
  for (unsigned id = 0; id < kBuffers; ++id) give_back(static_cast<std::uint16_t>(id));
}

void RingResponder::give_back(std::uint16_t id) {
  io_uring_buf_ring_add(buffer_ring_, receive_buffer(id), kReceiveBytes, id, io_uring_buf_ring_mask(kBuffers), 0);
  io_uring_buf_ring_advance(buffer_ring_, 1);
}

// The kernel allows as many as a process may have descriptors.
void RingResponder::make_slots() {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  const auto slots = static_cast<unsigned>(std::min<rlim_t>(limit.rlim_cur, kConnectionsMax));
  check("direct descriptors", io_uring_register_files_sparse(&ring_, slots));
}

// --- what is asked of the kernel ---

io_uring_sqe* RingResponder::next_sqe() {
  io_uring_sqe* sqe = io_uring_get_sqe(&ring_);
  if (sqe == nullptr) {
    io_uring_submit(&ring_);
    sqe = io_uring_get_sqe(&ring_);
  }
  return sqe;
}

void RingResponder::accept_from(int listener) {
  listener_ = listener;
  arm_accept();
}

void RingResponder::arm_accept() {
  io_uring_sqe* const sqe = next_sqe();
  if (options_.direct) {
    io_uring_prep_multishot_accept_direct(sqe, listener_, nullptr, nullptr, 0);
  } else {
    io_uring_prep_multishot_accept(sqe, listener_, nullptr, nullptr, SOCK_CLOEXEC);
  }
  sqe->user_data = tag(Kind::accept);
}

void RingResponder::arm_receive(int fd) {
  io_uring_sqe* const sqe = next_sqe();
  switch (options_.receive) {
    case Receive::multishot: io_uring_prep_recv_multishot(sqe, fd, nullptr, 0, 0); break;
    case Receive::once: io_uring_prep_recv(sqe, fd, receive_buffer(static_cast<std::size_t>(fd)), kReceiveBytes, 0); break;
    case Receive::once_provided: io_uring_prep_recv(sqe, fd, nullptr, 0, 0); break;
  }
  if (options_.receive != Receive::once) {
    sqe->flags |= IOSQE_BUFFER_SELECT;
    sqe->buf_group = kGroup;
  }
  if (options_.poll_first) sqe->ioprio |= IORING_RECVSEND_POLL_FIRST;
  if (options_.direct) sqe->flags |= IOSQE_FIXED_FILE;
  sqe->user_data = tag(Kind::receive, fd);
  connection_of(fd).receiving = true;
}

void RingResponder::send_due(int fd) {
  Connection& connection = connection_of(fd);
  while (connection.due != 0 && !connection.sending) start_send(fd, answers_.take(connection.due));
  if (options_.close && !connection.sending) end(fd);
}

void RingResponder::start_send(int fd, std::string_view bytes) {
  if (options_.send == Send::at_once) {
    const ssize_t sent = send(fd, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent > 0) bytes.remove_prefix(static_cast<std::size_t>(sent));
    if (bytes.empty()) return;
  }
  io_uring_sqe* const sqe = next_sqe();
  prepare_send(sqe, fd, bytes);
  if (options_.direct) sqe->flags |= IOSQE_FIXED_FILE;
  if (options_.skip_success) sqe->flags |= IOSQE_CQE_SKIP_SUCCESS;
  sqe->user_data = tag(Kind::send, fd);
  connection_of(fd).sending = !options_.skip_success;
  if (options_.submit_each) io_uring_submit(&ring_);
}

void RingResponder::prepare_send(io_uring_sqe* sqe, int fd, std::string_view bytes) const {
  constexpr int kFlags = MSG_WAITALL | MSG_NOSIGNAL;
  switch (options_.send) {
    case Send::ring:
    case Send::at_once: return io_uring_prep_send(sqe, fd, bytes.data(), bytes.size(), kFlags);
    case Send::zero_copy: return io_uring_prep_send_zc(sqe, fd, bytes.data(), bytes.size(), kFlags, 0);
    case Send::zero_copy_registered:
      return io_uring_prep_send_zc_fixed(sqe, fd, bytes.data(), bytes.size(), kFlags, 0, kRegisteredAnswers);
  }
}

// An armed receive holds the socket open whatever close() says: it has to be over first.
void RingResponder::end(int fd) {
  Connection& connection = connection_of(fd);
  if (connection.receiving && !connection.ending) {
    if (options_.ends_by_shutdown) {
      shutdown(fd, SHUT_RDWR);
    } else {
      io_uring_sqe* const sqe = next_sqe();
      io_uring_prep_cancel64(sqe, tag(Kind::receive, fd), 0);
      sqe->flags |= IOSQE_CQE_SKIP_SUCCESS;
      sqe->user_data = tag(Kind::other);
    }
  }
  connection.ending = true;
  close_when_quiet(fd);
}

void RingResponder::close_when_quiet(int fd) {
  Connection& connection = connection_of(fd);
  if (!connection.ending || connection.receiving || connection.sending) return;
  connection = {};
  if (!options_.direct) {
    close(fd);
    return;
  }
  io_uring_sqe* const sqe = next_sqe();
  io_uring_prep_close_direct(sqe, static_cast<unsigned>(fd));
  sqe->flags |= IOSQE_CQE_SKIP_SUCCESS;
  sqe->user_data = tag(Kind::other);
}

// --- what comes of it ---

void RingResponder::run() {
  for (;;) {
    wait();
    io_uring_cqe* cqe = nullptr;
    unsigned head = 0, seen = 0;
    io_uring_for_each_cqe(&ring_, head, cqe) {
      on_completion(*cqe);
      ++seen;
    }
    io_uring_cq_advance(&ring_, seen);
  }
}

void RingResponder::wait() {
  int result = 0;
  if (options_.timeout) {
    io_uring_cqe* first = nullptr;
    __kernel_timespec timeout = kTimeout;
    result = io_uring_submit_and_wait_timeout(&ring_, &first, 1, &timeout, nullptr);
  } else {
    result = io_uring_submit_and_wait(&ring_, 1);
  }
  if (result != -EINTR && result != -ETIME) check("io_uring_enter", result);
}

void RingResponder::on_completion(const io_uring_cqe& cqe) {
  const int fd = static_cast<int>(cqe.user_data >> 3);
  switch (static_cast<Kind>(cqe.user_data & 7)) {
    case Kind::accept: return on_accepted(cqe);
    case Kind::adopt: return on_connection(cqe.res);
    case Kind::receive: return on_received(fd, cqe);
    case Kind::send: return on_sent(fd, cqe);
    case Kind::other: return;
  }
}

void RingResponder::on_accepted(const io_uring_cqe& cqe) {
  if (cqe.res >= 0) {
    if (taking_rings_.empty()) {
      on_connection(cqe.res);
    } else {
      next_taker_ = (next_taker_ + 1) % taking_rings_.size();
      io_uring_sqe* const sqe = next_sqe();
      io_uring_prep_msg_ring(sqe, taking_rings_[next_taker_], static_cast<unsigned>(cqe.res), tag(Kind::adopt), 0);
      sqe->user_data = tag(Kind::other);
    }
  }
  if ((cqe.flags & IORING_CQE_F_MORE) == 0) arm_accept();
}

void RingResponder::on_connection(int fd) {
  if (!options_.direct && !options_.inherited_nodelay) set_nodelay(fd);
  connection_of(fd) = {};
  connection_of(fd).open = true;
  arm_receive(fd);
}

void RingResponder::on_received(int fd, const io_uring_cqe& cqe) {
  Connection& connection = connection_of(fd);
  connection.receiving = (cqe.flags & IORING_CQE_F_MORE) != 0;
  if (cqe.res > 0) {
    const bool provided = (cqe.flags & IORING_CQE_F_BUFFER) != 0;
    const auto id = static_cast<std::uint16_t>(cqe.flags >> IORING_CQE_BUFFER_SHIFT);
    const char* const buffer = receive_buffer(provided ? id : static_cast<std::size_t>(fd));
    connection.due += connection.heads.count({buffer, static_cast<std::size_t>(cqe.res)});
    if (provided) give_back(id);
    if (connection.due != 0) send_due(fd);
  }
  if (!connection.open || connection.receiving) return;
  if (connection.ending || (cqe.res <= 0 && cqe.res != -ENOBUFS)) return end(fd);
  // Not while the last answer is sent: closing is simpler with nothing armed.
  if (!options_.close || !connection.sending) arm_receive(fd);
}

void RingResponder::on_sent(int fd, const io_uring_cqe& cqe) {
  if ((cqe.flags & IORING_CQE_F_NOTIF) != 0) return;  // the answers are never written to
  Connection& connection = connection_of(fd);
  connection.sending = false;
  if (cqe.res > 0) return connection.ending ? close_when_quiet(fd) : send_due(fd);
  if (connection.open) end(fd);
}

}  // namespace floor_bench
