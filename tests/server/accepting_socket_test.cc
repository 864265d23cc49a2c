// No connection stays unanswered between two that accept on one listening socket: an old worker that stops, and the new one.
#include "server/accepting_socket.h"

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <sys/socket.h>

#include <optional>
#include <vector>

#include "base/owned_fd.h"

namespace uringx {
namespace {

struct Listening {
  Listening() : fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in any{};
    any.sin_family = AF_INET;
    any.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    REQUIRE(bind(fd.get(), reinterpret_cast<sockaddr*>(&any), sizeof any) == 0);
    REQUIRE(listen(fd.get(), 16) == 0);
    socklen_t length = sizeof address;
    REQUIRE(getsockname(fd.get(), reinterpret_cast<sockaddr*>(&address), &length) == 0);
  }

  OwnedFd connect() const {
    OwnedFd client(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    REQUIRE(::connect(client.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
    return client;
  }

  OwnedFd fd;
  sockaddr_in address{};
};

// One process's side, on a ring of its own.
struct Accepting {
  explicit Accepting(const Listening& listening) : ring(*make_kernel_backend({.entries = 64})) {
    socket.emplace(ring, timers, log, listening.fd.get(), 0, AcceptingSocket::Taker{this, take});
    turn();
  }

  static void take(void* owner, int fd, std::size_t) { static_cast<Accepting*>(owner)->accepted.emplace_back(fd); }

  void turn() { ring.run_once(std::chrono::milliseconds(10)); }

  void finish() {
    for (int turns = 0; !socket->done(); ++turns) {
      REQUIRE(turns < 100);
      turn();
    }
  }

  ErrorLog log;
  Timers timers;
  Ring ring;
  std::vector<OwnedFd> accepted;
  std::optional<AcceptingSocket> socket;
};

}  // namespace

TEST_SUITE("server") {
  // The kernel wakes one of those who wait. When that one is cancelled before it has accepted, it wakes no other.
  TEST_CASE("a connection that comes while one of two stops accepting is accepted by one of them") {
    const Listening listening;
    Accepting old(listening);
    Accepting fresh(listening);
    std::vector<OwnedFd> clients;
    for (int i = 0; i < 3; ++i) clients.push_back(listening.connect());
    old.socket->stop();
    old.finish();
    for (int turns = 0; turns < 20 && old.accepted.size() + fresh.accepted.size() < clients.size(); ++turns) fresh.turn();
    CHECK(old.accepted.size() + fresh.accepted.size() == clients.size());

    clients.push_back(listening.connect());
    for (int turns = 0; turns < 20 && old.accepted.size() + fresh.accepted.size() < clients.size(); ++turns) fresh.turn();
    CHECK(old.accepted.size() + fresh.accepted.size() == clients.size());
    CHECK_FALSE(fresh.accepted.empty());
    fresh.socket->stop();
    fresh.finish();
  }
}

}  // namespace uringx
