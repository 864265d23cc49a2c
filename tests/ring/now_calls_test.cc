// The calls that must not wait: what they answer when the kernel would have to.
#include "eviction.h"
#include "ring_fixture.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/fsuid.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <thread>

namespace uringx {

namespace {

constexpr FileIdentity kFile{1, 7};
constexpr open_how kReadOnly{.flags = O_RDONLY | O_CLOEXEC, .mode = 0, .resolve = 0};

}  // namespace

TEST_SUITE("ring") {
  TEST_CASE("open_cached opens a path that was just looked up, and never finds a missing one") {
    const auto backend = make_test_backend();
    const TemporaryFile file("x");
    CHECK(access(file.path.c_str(), R_OK) == 0);
    const OwnedFd opened(backend->open_cached(file.path.c_str(), kReadOnly));
    CHECK(opened.get() >= 0);
    const int missing = backend->open_cached("/var/tmp/uringx-there-is-no-such-file", kReadOnly);
    CHECK((missing == -ENOENT || missing == -EAGAIN));
    CHECK(kReadOnly.resolve == 0);
  }

  TEST_CASE("stat_open_file sees the size as it is now") {
    const auto backend = make_test_backend();
    const TemporaryFile file("123");
    struct statx stat {};
    CHECK(backend->stat_open_file(file.fd.get(), &stat) == 0);
    CHECK(stat.stx_size == 3);
    CHECK(S_ISREG(stat.stx_mode));
    REQUIRE(ftruncate(file.fd.get(), 1) == 0);
    CHECK(backend->stat_open_file(file.fd.get(), &stat) == 0);
    CHECK(stat.stx_size == 1);
    CHECK(backend->stat_open_file(-1, &stat) == -EBADF);
  }

  TEST_CASE("read_cached reads pages that are in memory, up to the end of the file") {
    const auto backend = make_test_backend();
    const TemporaryFile file("0123456789");
    char buffer[32];
    CHECK(backend->read_cached(file.fd.get(), {buffer, 4}, 3) == 4);
    CHECK(std::string(buffer, 4) == "3456");
    CHECK(backend->read_cached(file.fd.get(), buffer, 0) == 10);
    CHECK(backend->read_cached(file.fd.get(), buffer, 10) == 0);
  }

  TEST_CASE("read_cached is EAGAIN on a file system that cannot tell") {
    const auto backend = make_test_backend();
    const OwnedFd status(open("/proc/self/status", O_RDONLY | O_CLOEXEC));
    char buffer[32];
    CHECK(backend->read_cached(status.get(), buffer, 0) == -EAGAIN);
    CHECK_FALSE(backend->pages_cached(status.get(), {}, 0, 32));
  }

  TEST_CASE("pages that were evicted are not cached, and reading does not wait for them") {
    const auto backend = make_test_backend();
    const TemporaryFile file(patterned_bytes(256 * 1024));
    CHECK(backend->pages_cached(file.fd.get(), {}, 0, 256 * 1024));
    CHECK(backend->pages_cached(file.fd.get(), {}, 5000, 1));
    if (!evict(file.fd.get())) {
      MESSAGE("no file system on a disk here: eviction not tried");
      return;
    }
    CHECK_FALSE(backend->pages_cached(file.fd.get(), {}, 0, 256 * 1024));
    char buffer[4096];
    CHECK(backend->read_cached(file.fd.get(), buffer, 0) == -EAGAIN);
    CHECK(pread(file.fd.get(), buffer, sizeof(buffer), 0) == 4096);
    CHECK(backend->read_cached(file.fd.get(), buffer, 0) == 4096);
  }

  TEST_CASE("of a file that is named, pages found in memory are looked for again after a while, by whatever descriptor") {
    const auto backend = make_test_backend();
    constexpr std::size_t kBytes = 256 * 1024;
    const TemporaryFile file(patterned_bytes(kBytes));
    const OwnedFd other(open(file.path.c_str(), O_RDONLY | O_CLOEXEC));
    CHECK(backend->pages_cached(file.fd.get(), kFile, 0, kBytes));
    CHECK(backend->pages_cached(other.get(), kFile, 4096, kBytes - 4096));
    if (!evict(file.fd.get())) return;
    CHECK_FALSE(backend->pages_cached(other.get(), {1, 8}, 0, kBytes));
    std::this_thread::sleep_for(RecentPages::kFreshFor + std::chrono::milliseconds(1));
    CHECK_FALSE(backend->pages_cached(other.get(), kFile, 4096, kBytes - 4096));
  }

  TEST_CASE("a note holds for what is within it, for its file, for ten milliseconds") {
    RecentPages recent;
    const RecentPages::Time now = std::chrono::steady_clock::now();
    CHECK_FALSE(recent.holds(kFile, 0, 1, now));
    recent.note(kFile, 1000, 5000, now);
    CHECK(recent.holds(kFile, 1000, 5000, now));
    CHECK(recent.holds(kFile, 2000, 3000, now + RecentPages::kFreshFor));
    CHECK_FALSE(recent.holds(kFile, 999, 2000, now));
    CHECK_FALSE(recent.holds(kFile, 2000, 5001, now));
    CHECK_FALSE(recent.holds({1, 8}, 1000, 5000, now));
    CHECK_FALSE(recent.holds({2, 7}, 1000, 5000, now));
    CHECK_FALSE(recent.holds(kFile, 2000, 3000, now + RecentPages::kFreshFor + std::chrono::milliseconds(1)));
    recent.note(kFile, 0, 2000, now);
    CHECK_FALSE(recent.holds(kFile, 2000, 3000, now));
    CHECK(recent.holds(kFile, 0, 2000, now));
  }

  TEST_CASE("pages_cached also answers a user who may not write the file") {
    if (geteuid() != 0) {
      MESSAGE("not root: cannot become another user");
      return;
    }
    const auto backend = make_test_backend();
    const TemporaryFile file(patterned_bytes(256 * 1024));
    const OwnedFd read_only(open(file.path.c_str(), O_RDONLY | O_CLOEXEC));
    setfsuid(65534);
    const bool cached = backend->pages_cached(read_only.get(), {}, 0, 256 * 1024);
    setfsuid(0);
    CHECK(cached);
    if (!evict(file.fd.get())) return;
    setfsuid(65534);
    const bool still_cached = backend->pages_cached(read_only.get(), {}, 0, 256 * 1024);
    setfsuid(0);
    CHECK_FALSE(still_cached);
  }

  TEST_CASE("send_now sends what fits and then says EAGAIN") {
    const auto backend = make_test_backend();
    const SocketPair sockets;
    const std::string bytes = patterned_bytes(64 * 1024);
    std::string accepted;
    ssize_t sent = 0;
    for (int i = 0; i < 10000; ++i) {
      sent = backend->send_now(sockets.server.get(), bytes);
      if (sent < 0) break;
      accepted += bytes.substr(0, static_cast<std::size_t>(sent));
    }
    CHECK(sent == -EAGAIN);
    CHECK(receive_exactly(sockets.client.get(), accepted.size()) == accepted);
  }

  TEST_CASE(
      "send_file_now fills the socket, says EAGAIN, loses nothing and leaves a waiting receive undisturbed") {
    TestRing test;
    Backend& backend = test.ring.backend();
    BufferRing buffers(backend, 0, 4, 64);
    const std::string content = patterned_bytes(24 << 20);
    const TemporaryFile file(content);
    const SocketPair sockets;
    Recorder receive;
    test.ring.receive_multishot(receive.operation, sockets.server.get(), buffers);
    test.settle();

    std::size_t position = 0;
    unsigned times_full = 0;
    std::string arrived;
    for (int round = 0; round < 100000 && position < content.size(); ++round) {
      const ssize_t sent = backend.send_file_now(sockets.server.get(), file.fd.get(), position,
                                                 content.size() - position, false);
      if (sent > 0) {
        position += static_cast<std::size_t>(sent);
        continue;
      }
      REQUIRE(sent == -EAGAIN);
      ++times_full;
      CHECK((fcntl(sockets.server.get(), F_GETFL) & O_NONBLOCK) == 0);
      test.settle();
      REQUIRE(receive.operation.pending());
      arrived += receive_available(sockets.client.get());
    }
    arrived += receive_exactly(sockets.client.get(), content.size() - arrived.size());
    CHECK(times_full > 0);
    CHECK(arrived == content);

    CHECK(receive.completions.empty());
    for (std::size_t i = 1; i <= 2; ++i) {
      send_all(sockets.client.get(), "next");
      REQUIRE(test.run_until([&] { return receive.completions.size() == i; }));
      CHECK(receive.last_result() == 4);
      CHECK(receive.completions.back().more());
    }
    test.ring.cancel(receive.operation);
    REQUIRE(test.run_until([&] { return receive.ended(); }));
  }

  TEST_CASE("a receive armed between two send_file_now calls still waits") {
    TestRing test;
    const TemporaryFile file("body");
    const SocketPair sockets;
    Recorder receive;
    char memory[16];
    CHECK(test.ring.backend().send_file_now(sockets.server.get(), file.fd.get(), 0, 4, false) == 4);
    test.ring.receive(receive.operation, sockets.server.get(), memory);
    CHECK(test.ring.backend().send_file_now(sockets.server.get(), file.fd.get(), 0, 4, false) == 4);
    test.settle();
    CHECK(test.ring.backend().send_file_now(sockets.server.get(), file.fd.get(), 0, 4, false) == 4);
    test.settle();
    CHECK(receive.operation.pending());
    send_all(sockets.client.get(), "go");
    REQUIRE(test.run_until([&] { return receive.ended(); }));
    CHECK(receive.last_result() == 2);
  }

  TEST_CASE("a head sent with more leaves with the file that follows, and nothing is held back after it") {
    const auto backend = make_test_backend();
    const TemporaryFile file("0123456789");
    const SocketPair sockets;
    CHECK(backend->send_now(sockets.server.get(), std::string_view("head "), true) == 5);
    CHECK(receive_available(sockets.client.get()).empty());
    CHECK(backend->send_file_now(sockets.server.get(), file.fd.get(), 0, 10, true) == 10);
    char arrived[32];
    REQUIRE(recv(sockets.client.get(), arrived, sizeof(arrived), 0) == 15);
    CHECK(std::string(arrived, 15) == "head 0123456789");
  }

  TEST_CASE("send_file_now past the end of the file is 0, to a peer that is gone an error") {
    const auto backend = make_test_backend();
    const TemporaryFile file("0123456789");
    SocketPair sockets;
    CHECK(backend->send_file_now(sockets.server.get(), file.fd.get(), 10, 5, false) == 0);
    const linger reset{.l_onoff = 1, .l_linger = 0};
    setsockopt(sockets.client.get(), SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
    sockets.client.reset();
    CHECK(backend->send_file_now(sockets.server.get(), file.fd.get(), 0, 5, false) < 0);
  }
}

}  // namespace uringx
