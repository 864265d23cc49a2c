// The floor of tools/bench: the least that a server on io_uring does for a request. It parses nothing, opens nothing, logs nothing
// and sends a constant answer for every empty line that comes. What uringx spends beyond it is what HTTP costs.
//   floor PORT BYTES PID_FILE: listens on 127.0.0.1, answers with BYTES of body, until SIGTERM.
// For wrk with keep-alive only: a head must come in one packet, and connections end with the client.
#include <arpa/inet.h>
#include <liburing.h>
#include <netinet/tcp.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string>
#include <string_view>

namespace {

constexpr unsigned kEntries = 4096, kBuffers = 1024, kBufferBytes = 2048, kGroup = 0;
constexpr unsigned kConnectionsMax = 65536;  // descriptors are below it
constexpr unsigned kAnswersPerSend = 16;
constexpr std::string_view kEndOfHead = "\r\n\r\n";

enum class Kind : std::uint64_t { accept, receive, send };

struct Floor {
  io_uring ring{};
  io_uring_buf_ring* buffer_ring = nullptr;
  std::string buffers = std::string(std::size_t{kBuffers} * kBufferBytes, '\0');
  std::string answers;  // kAnswersPerSend of them
  int listener = -1;
  std::array<unsigned, kConnectionsMax> due{};  // answers of a connection that no send was started for
  std::array<bool, kConnectionsMax> sending{};
};

[[noreturn]] void fail(const char* what, int error_number) {
  std::fprintf(stderr, "floor: %s: %s\n", what, std::strerror(error_number));
  std::exit(1);
}

std::uint64_t tag(Kind kind, int fd) { return static_cast<std::uint64_t>(fd) << 2 | static_cast<std::uint64_t>(kind); }

io_uring_sqe* next_sqe(Floor& floor) {
  io_uring_sqe* sqe = io_uring_get_sqe(&floor.ring);
  if (sqe == nullptr) {
    io_uring_submit(&floor.ring);
    sqe = io_uring_get_sqe(&floor.ring);
  }
  return sqe;
}

void arm_accept(Floor& floor) {
  io_uring_sqe* const sqe = next_sqe(floor);
  io_uring_prep_multishot_accept(sqe, floor.listener, nullptr, nullptr, SOCK_CLOEXEC);
  sqe->user_data = tag(Kind::accept, floor.listener);
}

void arm_receive(Floor& floor, int fd) {
  io_uring_sqe* const sqe = next_sqe(floor);
  io_uring_prep_recv_multishot(sqe, fd, nullptr, 0, 0);
  sqe->flags |= IOSQE_BUFFER_SELECT;
  sqe->buf_group = kGroup;
  sqe->user_data = tag(Kind::receive, fd);
}

void send_due(Floor& floor, int fd) {
  const auto at = static_cast<std::size_t>(fd);
  if (floor.sending[at] || floor.due[at] == 0) return;
  floor.sending[at] = true;
  const unsigned count = std::min(floor.due[at], kAnswersPerSend);
  floor.due[at] -= count;
  io_uring_sqe* const sqe = next_sqe(floor);
  io_uring_prep_send(sqe, fd, floor.answers.data(), floor.answers.size() / kAnswersPerSend * count, MSG_WAITALL | MSG_NOSIGNAL);
  sqe->user_data = tag(Kind::send, fd);
}

unsigned count_heads(std::string_view bytes) {
  unsigned count = 0;
  for (std::size_t at = 0; (at = bytes.find(kEndOfHead, at)) != bytes.npos; at += kEndOfHead.size()) ++count;
  return count;
}

void on_received(Floor& floor, int fd, const io_uring_cqe& cqe) {
  if (cqe.res > 0 && (cqe.flags & IORING_CQE_F_BUFFER) != 0) {
    const auto id = static_cast<std::uint16_t>(cqe.flags >> IORING_CQE_BUFFER_SHIFT);
    char* const buffer = floor.buffers.data() + std::size_t{id} * kBufferBytes;
    floor.due[static_cast<std::size_t>(fd)] += count_heads({buffer, static_cast<std::size_t>(cqe.res)});
    io_uring_buf_ring_add(floor.buffer_ring, buffer, kBufferBytes, id, io_uring_buf_ring_mask(kBuffers), 0);
    io_uring_buf_ring_advance(floor.buffer_ring, 1);
    send_due(floor, fd);
  }
  if ((cqe.flags & IORING_CQE_F_MORE) != 0) return;
  if (cqe.res > 0 || cqe.res == -ENOBUFS) return arm_receive(floor, fd);
  close(fd);
}

void on_completion(Floor& floor, const io_uring_cqe& cqe) {
  const int fd = static_cast<int>(cqe.user_data >> 2);
  switch (static_cast<Kind>(cqe.user_data & 3)) {
    case Kind::accept:
      if (cqe.res >= 0) {
        const int on = 1;
        setsockopt(cqe.res, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
        floor.due[static_cast<std::size_t>(cqe.res)] = 0;
        floor.sending[static_cast<std::size_t>(cqe.res)] = false;
        arm_receive(floor, cqe.res);
      }
      if ((cqe.flags & IORING_CQE_F_MORE) == 0) arm_accept(floor);
      return;
    case Kind::receive: return on_received(floor, fd, cqe);
    case Kind::send:
      floor.sending[static_cast<std::size_t>(fd)] = false;
      if (cqe.res > 0) send_due(floor, fd);
      return;
  }
}

void make_ring(Floor& floor) {
  io_uring_params parameters{};
  parameters.flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_CQSIZE;
  parameters.cq_entries = 4 * kEntries;
  if (const int result = io_uring_queue_init_params(kEntries, &floor.ring, &parameters); result < 0) fail("io_uring", -result);
  io_uring_register_ring_fd(&floor.ring);
  void* memory = nullptr;
  if (posix_memalign(&memory, 4096, kBuffers * sizeof(io_uring_buf)) != 0) fail("memory", ENOMEM);
  floor.buffer_ring = static_cast<io_uring_buf_ring*>(memory);
  io_uring_buf_reg registration{};
  registration.ring_addr = reinterpret_cast<std::uint64_t>(memory);
  registration.ring_entries = kBuffers;
  registration.bgid = kGroup;
  if (const int result = io_uring_register_buf_ring(&floor.ring, &registration, 0); result < 0) fail("buffers", -result);
  io_uring_buf_ring_init(floor.buffer_ring);
  for (unsigned id = 0; id < kBuffers; ++id) {
    io_uring_buf_ring_add(floor.buffer_ring, floor.buffers.data() + std::size_t{id} * kBufferBytes, kBufferBytes,
                          static_cast<unsigned short>(id), io_uring_buf_ring_mask(kBuffers), static_cast<int>(id));
  }
  io_uring_buf_ring_advance(floor.buffer_ring, kBuffers);
}

void listen_on(Floor& floor, std::uint16_t port) {
  floor.listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  setsockopt(floor.listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (bind(floor.listener, reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0 || listen(floor.listener, 1024) != 0) {
    fail("listen", errno);
  }
}

}  // namespace

int main(int count, char** words) {
  if (count != 4) {
    std::fprintf(stderr, "usage: floor PORT BYTES PID_FILE\n");
    return 2;
  }
  static Floor floor;
  const std::string body(std::strtoul(words[2], nullptr, 10), 'x');
  const std::string answer = "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  for (unsigned i = 0; i < kAnswersPerSend; ++i) floor.answers += answer;
  make_ring(floor);
  listen_on(floor, static_cast<std::uint16_t>(std::strtoul(words[1], nullptr, 10)));
  arm_accept(floor);
  std::ofstream(words[3]) << getpid() << '\n';
  for (;;) {
    const int waited = io_uring_submit_and_wait(&floor.ring, 1);
    if (waited < 0 && waited != -EINTR) fail("io_uring_enter", -waited);
    io_uring_cqe* cqe = nullptr;
    unsigned head = 0, seen = 0;
    io_uring_for_each_cqe(&floor.ring, head, cqe) {
      on_completion(floor, *cqe);
      ++seen;
    }
    io_uring_cq_advance(&floor.ring, seen);
  }
}
