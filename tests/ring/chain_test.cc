// Chains on the real kernel: which completions a broken link leaves, and that no stale byte reaches a socket.
#include "ring_fixture.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace uringx {

namespace {

constexpr open_how kReadOnly{.flags = O_RDONLY | O_CLOEXEC, .mode = 0, .resolve = 0};

const Chain::Outcome& run(TestRing& test, ChainRecorder& recorder) {
  REQUIRE(test.run_until([&] { return !recorder.chain.pending(); }));
  // a completion too many would be dispatched to a chain that is not pending, and stop the process
  test.settle();
  REQUIRE(recorder.outcomes.size() == 1);
  CHECK(test.ring.in_flight() == 0);
  return recorder.outcomes.back();
}

}  // namespace

TEST_SUITE("ring") {
  TEST_CASE("open_and_stat gives the descriptor and the metadata") {
    TestRing test;
    const TemporaryFile file("12345");
    ChainRecorder recorder;
    struct statx stat {};
    test.ring.open_and_stat(recorder.chain, file.path.c_str(), &kReadOnly, &stat);
    CHECK(recorder.chain.pending());
    const Chain::Outcome& outcome = run(test, recorder);
    CHECK(outcome.complete());
    CHECK(outcome.results[1] == 0);
    CHECK(stat.stx_size == 5);
    const OwnedFd opened(outcome.results[0]);
    char byte;
    CHECK(read(opened.get(), &byte, 1) == 1);
    CHECK(byte == '1');
    CHECK(test.handled == 2);
  }

  TEST_CASE("open_and_stat of a missing file stops at the open and cancels the stat") {
    TestRing test;
    ChainRecorder recorder;
    struct statx stat {};
    test.ring.open_and_stat(recorder.chain, "/var/tmp/uringx-there-is-no-such-file", &kReadOnly, &stat);
    const Chain::Outcome& outcome = run(test, recorder);
    CHECK(outcome.stopped_at == 0);
    CHECK(outcome.results[0] == -ENOENT);
    CHECK(outcome.results[1] == -ECANCELED);
  }

  TEST_CASE(
      "open_and_stat of a path that is too long, refused before it starts, reports like any failed open") {
    TestRing test;
    ChainRecorder recorder;
    struct statx stat {};
    const std::string path = "/" + std::string(5000, 'x');
    test.ring.open_and_stat(recorder.chain, path.c_str(), &kReadOnly, &stat);
    const Chain::Outcome& outcome = run(test, recorder);
    CHECK(outcome.stopped_at == 0);
    CHECK(outcome.results[0] == -ENAMETOOLONG);
  }

  TEST_CASE("open_and_stat whose stat fails still gives the descriptor, to be closed") {
    TestRing test;
    const TemporaryFile file("12345");
    ChainRecorder recorder;
    test.ring.open_and_stat(recorder.chain, file.path.c_str(), &kReadOnly,
                            reinterpret_cast<struct statx*>(8));
    const Chain::Outcome& outcome = run(test, recorder);
    const OwnedFd opened(outcome.results[0]);
    CHECK(opened);
    CHECK(outcome.stopped_at == 1);
    CHECK(outcome.results[1] == -EFAULT);
  }

  TEST_CASE("read_and_send moves the file's bytes and completes once") {
    TestRing test;
    const std::string content = patterned_bytes(10000);
    const TemporaryFile file(content);
    const SocketPair sockets;
    ChainRecorder recorder;
    std::vector<char> buffer(9000);
    test.ring.read_and_send(recorder.chain, file.fd.get(), buffer, 500, sockets.server.get(), 0);
    const Chain::Outcome& outcome = run(test, recorder);
    CHECK(outcome.complete());
    CHECK(outcome.results[1] == 9000);
    CHECK(test.handled == 1);
    CHECK(receive_exactly(sockets.client.get(), 9000) == content.substr(500, 9000));
  }

  TEST_CASE("read_and_send of a file that shrank sends nothing and completes once, with the short read") {
    TestRing test;
    const TemporaryFile file(std::string(8192, 'f'));
    const SocketPair sockets;
    ChainRecorder recorder;
    std::vector<char> buffer(8192, 's');  // what a mistake would send
    REQUIRE(ftruncate(file.fd.get(), 100) == 0);
    test.ring.read_and_send(recorder.chain, file.fd.get(), buffer, 0, sockets.server.get(), 0);
    const Chain::Outcome& outcome = run(test, recorder);
    CHECK_FALSE(outcome.complete());
    CHECK(outcome.stopped_at == 0);
    CHECK(outcome.results[0] == 100);
    CHECK(test.handled == 1);
    CHECK(receive_available(sockets.client.get()).empty());
  }

  TEST_CASE("read_and_send beyond the end of the file sends nothing") {
    TestRing test;
    const TemporaryFile file("short");
    const SocketPair sockets;
    ChainRecorder recorder;
    std::vector<char> buffer(16, 's');
    test.ring.read_and_send(recorder.chain, file.fd.get(), buffer, 4096, sockets.server.get(), 0);
    const Chain::Outcome& outcome = run(test, recorder);
    CHECK(outcome.stopped_at == 0);
    CHECK(outcome.results[0] == 0);
    CHECK(test.handled == 1);
    CHECK(receive_available(sockets.client.get()).empty());
  }

  TEST_CASE("read_and_send whose read fails completes once, with the error") {
    TestRing test;
    const SocketPair sockets;
    ChainRecorder recorder;
    std::vector<char> buffer(16, 's');
    const OwnedFd directory(open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    test.ring.read_and_send(recorder.chain, directory.get(), buffer, 0, sockets.server.get(), 0);
    const Chain::Outcome& outcome = run(test, recorder);
    CHECK(outcome.stopped_at == 0);
    CHECK((outcome.results[0] == -EISDIR || outcome.results[0] == -EINVAL));
    CHECK(test.handled == 1);
    CHECK(receive_available(sockets.client.get()).empty());
  }

  TEST_CASE("read_and_send to a peer that is gone completes once, stopped at the send") {
    TestRing test;
    const TemporaryFile file(std::string(4096, 'f'));
    SocketPair sockets;
    const linger reset{.l_onoff = 1, .l_linger = 0};
    setsockopt(sockets.client.get(), SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
    sockets.client.reset();
    ChainRecorder recorder;
    std::vector<char> buffer(4096);
    test.ring.read_and_send(recorder.chain, file.fd.get(), buffer, 0, sockets.server.get(), 0);
    const Chain::Outcome& outcome = run(test, recorder);
    CHECK(outcome.stopped_at == 1);
    CHECK(outcome.results[1] == -ECONNRESET);
    CHECK(test.handled == 1);
  }

  TEST_CASE("read_and_send larger than the socket's buffer goes on as the peer reads, and completes once") {
    TestRing test;
    const std::string content = patterned_bytes(8 << 20);
    const TemporaryFile file(content);
    const SocketPair sockets;
    ChainRecorder recorder;
    std::vector<char> buffer(content.size());
    test.ring.read_and_send(recorder.chain, file.fd.get(), buffer, 0, sockets.server.get(), 0);
    std::string arrived;
    REQUIRE(test.run_until([&] {
      arrived += receive_available(sockets.client.get());
      return !recorder.chain.pending();
    }));
    REQUIRE(recorder.outcomes.size() == 1);
    CHECK(recorder.outcomes[0].complete());
    CHECK(test.handled == 1);
    arrived += receive_exactly(sockets.client.get(), content.size() - arrived.size());
    CHECK(arrived == content);
  }

  TEST_CASE("a chain that waits in its send is cancelled there, and completes once") {
    TestRing test;
    const TemporaryFile file(patterned_bytes(8 << 20));
    const SocketPair sockets;
    ChainRecorder recorder;
    std::vector<char> buffer(8 << 20);
    test.ring.read_and_send(recorder.chain, file.fd.get(), buffer, 0, sockets.server.get(), 0);
    test.settle();
    REQUIRE(recorder.chain.pending());
    const unsigned before = test.handled;
    test.ring.cancel(recorder.chain);
    const Chain::Outcome& outcome = run(test, recorder);
    CHECK(outcome.stopped_at == 1);
    // What was sent before it had to wait, or -ECANCELED when that was nothing.
    CHECK(outcome.results[1] < (8 << 20));
    // The chain's own, and that of the cancel which found no read under way.
    CHECK(test.handled - before == 2);
  }

  TEST_CASE("a chain for which the submission queue has no room left goes whole into the next submission") {
    TestRing test(4);
    const TemporaryFile file(std::string(300, 'f'));
    const SocketPair sockets;
    const OwnedFd always_ready(open("/dev/null", O_WRONLY | O_CLOEXEC));
    for (int filled = 0; filled <= 4; ++filled) {
      CAPTURE(filled);
      Recorder fillers[4];
      for (int i = 0; i < filled; ++i)
        test.ring.write(fillers[i].operation, always_ready.get(), std::string_view("x"));
      ChainRecorder recorder;
      std::vector<char> buffer(300, 's');
      test.ring.read_and_send(recorder.chain, file.fd.get(), buffer, 0, sockets.server.get(), 0);
      REQUIRE(test.run_until([&] { return test.ring.in_flight() == 0; }));
      REQUIRE(recorder.outcomes.size() == 1);
      CHECK(recorder.outcomes[0].complete());
      CHECK(receive_exactly(sockets.client.get(), 300) == std::string(300, 'f'));
    }
  }

  TEST_CASE("an outcome's handler may start the same chain again") {
    TestRing test;
    const TemporaryFile file(patterned_bytes(3000));
    const SocketPair sockets;
    struct Sender {
      void on_outcome(const Chain::Outcome& outcome) {
        REQUIRE(outcome.complete());
        sent += static_cast<std::size_t>(outcome.results[1]);
        if (sent < 3000) go_on();
      }
      void go_on() { test.ring.read_and_send(chain, file.fd.get(), buffer, sent, socket_fd, 0); }

      TestRing& test;
      const TemporaryFile& file;
      int socket_fd;
      std::size_t sent = 0;
      std::vector<char> buffer = std::vector<char>(1000);
      Chain chain{this, Chain::calls<&Sender::on_outcome>};
    };
    Sender sender{test, file, sockets.server.get()};
    sender.go_on();
    REQUIRE(test.run_until([&] { return sender.sent == 3000; }));
    CHECK(receive_exactly(sockets.client.get(), 3000) == patterned_bytes(3000));
  }
}

}  // namespace uringx
