// The reference beside the rings: one recv and one send for each event of epoll.
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <latch>
#include <thread>
#include <utility>
#include <vector>

#include "engines.h"

namespace floor_bench {

namespace {

constexpr int kEventsPerTurnMax = 512;

class EpollResponder {
 public:
  EpollResponder(const Options& options, const Answers& answers, int listener);
  [[noreturn]] void run();

 private:
  struct Connection {
    HeadCounter heads;
    unsigned due = 0;        // answers that no send was started for
    std::string_view rest;  // of the answers on their way: the socket was full
  };

  void watch(int operation, int fd, std::uint32_t events);
  void on_connection();
  void on_readable(int fd);
  void send_due(int fd);

  const Options& options_;
  const Answers& answers_;
  const int listener_;
  const int epoll_ = epoll_create1(EPOLL_CLOEXEC);
  std::vector<Connection> connections_{kConnectionsMax};
};

EpollResponder::EpollResponder(const Options& options, const Answers& answers, int listener)
    : options_(options), answers_(answers), listener_(listener) {
  fcntl(listener, F_SETFL, O_RDWR | O_NONBLOCK);  // another worker may have been faster
  watch(EPOLL_CTL_ADD, listener, EPOLLIN | EPOLLEXCLUSIVE);
}

void EpollResponder::watch(int operation, int fd, std::uint32_t events) {
  epoll_event event{};
  event.events = events;
  event.data.fd = fd;
  if (epoll_ctl(epoll_, operation, fd, &event) != 0) fail("epoll_ctl", errno);
}

void EpollResponder::on_connection() {
  const int fd = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
  if (fd < 0) return;
  if (!options_.inherited_nodelay) set_nodelay(fd);
  connections_[static_cast<std::size_t>(fd)] = {};
  watch(EPOLL_CTL_ADD, fd, EPOLLIN);
}

void EpollResponder::on_readable(int fd) {
  std::array<char, kReceiveBytes> buffer;
  const ssize_t size = recv(fd, buffer.data(), buffer.size(), 0);
  if (size > 0) {
    Connection& connection = connections_[static_cast<std::size_t>(fd)];
    connection.due += connection.heads.count({buffer.data(), static_cast<std::size_t>(size)});
    if (connection.rest.empty()) send_due(fd);
  } else if (size == 0 || errno != EAGAIN) {
    close(fd);
  }
}

void EpollResponder::send_due(int fd) {
  Connection& connection = connections_[static_cast<std::size_t>(fd)];
  const bool waited = !connection.rest.empty();
  while (!connection.rest.empty() || connection.due != 0) {
    if (connection.rest.empty()) connection.rest = answers_.take(connection.due);
    const ssize_t sent = send(fd, connection.rest.data(), connection.rest.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN) {
      close(fd);
      return;
    }
    connection.rest.remove_prefix(sent > 0 ? static_cast<std::size_t>(sent) : 0);
    if (connection.rest.empty() && options_.close) {
      close(fd);
      return;
    }
    if (connection.rest.empty()) continue;
    if (!waited) watch(EPOLL_CTL_MOD, fd, EPOLLIN | EPOLLOUT);
    return;
  }
  if (waited) watch(EPOLL_CTL_MOD, fd, EPOLLIN);
}

void EpollResponder::run() {
  std::array<epoll_event, kEventsPerTurnMax> events;
  for (;;) {
    const int count = epoll_wait(epoll_, events.data(), kEventsPerTurnMax, -1);
    for (int i = 0; i < count; ++i) {
      const epoll_event& event = events[static_cast<std::size_t>(i)];
      if (event.data.fd == listener_) {
        on_connection();
      } else if ((event.events & EPOLLOUT) != 0) {
        send_due(event.data.fd);
      } else {
        on_readable(event.data.fd);
      }
    }
  }
}

}  // namespace

void respond_with_epoll(const Options& options, const Answers& answers) {
  const int shared = options.accept == Accept::reuseport ? -1 : listen_on(options);
  std::latch ready(options.workers);
  const auto work = [&](bool first) {
    EpollResponder responder(options, answers, shared < 0 ? listen_on(options) : shared);
    ready.arrive_and_wait();
    if (first) write_pid_file(options);
    responder.run();
  };
  for (unsigned i = 1; i < options.workers; ++i) std::thread(work, false).detach();
  work(true);
  std::unreachable();
}

}  // namespace floor_bench
