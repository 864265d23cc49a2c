// What the tests of the real ring share: a ring, loopback sockets, files that vanish with the test, and a
// bounded wait. Each object belongs to one test case and its thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/owned_fd.h"
#include "ring/ring.h"
#include "tests/ring/recorders.h"

// doctest's CHECK, which reports and goes on, takes the place of base/check.h's in the tests.
#undef CHECK
#include <doctest/doctest.h>

namespace uringx {

// A ring of the calling thread; throws with the refusal's message.
std::unique_ptr<Backend> make_test_backend(unsigned entries = 64);

struct TestRing {
  explicit TestRing(unsigned entries = 64) : ring(make_test_backend(entries)) {}

  // Turns the loop until `done()`; false when that did not happen within five seconds.
  template <typename Done>
  bool run_until(Done done) {
    const auto deadline = Clock::now() + std::chrono::seconds(5);
    while (!done()) {
      if (Clock::now() > deadline) return false;
      handled += ring.run_once(std::chrono::milliseconds(50));
    }
    return true;
  }

  // Works off what is ready now, without waiting.
  void settle() {
    while (const unsigned count = ring.run_once(Clock::duration::zero())) handled += count;
  }

  unsigned handled = 0;  // CQEs so far
  Ring ring;
};

// A listening TCP socket on a free loopback port.
struct Listener {
  Listener();
  OwnedFd connect() const;  // a blocking client socket

  OwnedFd fd;
  std::uint16_t port = 0;
};

// Two connected TCP sockets, both blocking.
struct SocketPair {
  SocketPair();

  OwnedFd server;
  OwnedFd client;
};

// A file in /var/tmp (on a disk, not tmpfs, where the host has one), removed at the end.
struct TemporaryFile {
  explicit TemporaryFile(const std::string& content);
  ~TemporaryFile();

  std::string path;
  OwnedFd fd;  // open for reading and writing
};

// `size` bytes in which no stretch looks like another.
std::string patterned_bytes(std::size_t size);

void send_all(int fd, const std::string& bytes);
// What has arrived by now, without waiting.
std::string receive_available(int fd);
// Waits up to five seconds for `size` bytes; fewer when the peer closed.
std::string receive_exactly(int fd, std::size_t size);

}  // namespace uringx
