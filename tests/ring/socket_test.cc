// Sockets on the real kernel: multishot accept and receive, provided buffers, cancel, close, shutdown.
#include "ring_fixture.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>

namespace uringx {

namespace {

// Kernel threads that work for this process's rings.
unsigned kernel_worker_count() {
  unsigned count = 0;
  for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
    std::string name;
    std::getline(std::ifstream(task.path() / "comm"), name);
    if (name.starts_with("iou-wrk")) ++count;
  }
  return count;
}

// Receives into `buffers`, keeps the bytes and gives every buffer back at once.
struct Receiver {
  explicit Receiver(BufferRing& from) : buffers(from) {}

  void on_received(Completion completion) {
    last = completion;
    if (!completion.has_buffer()) return;
    const auto bytes = buffers.buffer(completion.buffer_id());
    text.append(bytes.data(), static_cast<std::size_t>(completion.result));
    buffers.give_back(completion.buffer_id());
  }

  BufferRing& buffers;
  std::string text;
  Completion last;
  Operation operation{this, Operation::calls<&Receiver::on_received>};
};

}  // namespace

TEST_SUITE("ring") {
  TEST_CASE("one multishot accept takes connection after connection until it is cancelled") {
    TestRing test;
    const Listener listener;
    Recorder accept;
    test.ring.accept_multishot(accept.operation, listener.fd.get());
    for (std::size_t i = 1; i <= 3; ++i) {
      const OwnedFd client = listener.connect();
      REQUIRE(test.run_until([&] { return accept.completions.size() == i; }));
      const OwnedFd accepted(accept.last_result());
      REQUIRE(accepted);
      CHECK(accept.completions.back().more());
      CHECK((fcntl(accepted.get(), F_GETFD) & FD_CLOEXEC) != 0);
      CHECK((fcntl(accepted.get(), F_GETFL) & O_NONBLOCK) == 0);
    }
    CHECK(test.ring.in_flight() == 1);
    test.ring.cancel(accept.operation);
    REQUIRE(test.run_until([&] { return accept.ended(); }));
    CHECK(accept.last_result() == -ECANCELED);
    CHECK(test.ring.in_flight() == 0);
  }

  TEST_CASE(
      "a multishot accept ends with EMFILE without descriptors and takes the waiting connection when "
      "re-armed") {
    TestRing test;
    const Listener listener;
    Recorder accept;
    const OwnedFd client = listener.connect();
    rlimit before{};
    getrlimit(RLIMIT_NOFILE, &before);
    const OwnedFd lowest_free(dup(listener.fd.get()));
    const rlimit none{.rlim_cur = static_cast<rlim_t>(lowest_free.get()), .rlim_max = before.rlim_max};
    setrlimit(RLIMIT_NOFILE, &none);
    test.ring.accept_multishot(accept.operation, listener.fd.get());
    const bool ended = test.run_until([&] { return accept.ended(); });
    setrlimit(RLIMIT_NOFILE, &before);
    REQUIRE(ended);
    CHECK(accept.last_result() == -EMFILE);

    test.ring.accept_multishot(accept.operation, listener.fd.get());
    REQUIRE(test.run_until([&] { return accept.completions.size() == 2; }));
    const OwnedFd accepted(accept.last_result());
    CHECK(accepted);
    test.ring.cancel(accept.operation);
    REQUIRE(test.run_until([&] { return accept.ended(); }));
  }

  TEST_CASE(
      "one multishot receive delivers every arrival in a provided buffer and ends with 0 at the stream's "
      "end") {
    TestRing test;
    BufferRing buffers(test.ring.backend(), 0, 4, 512);
    SocketPair sockets;
    Receiver receiver(buffers);
    test.ring.receive_multishot(receiver.operation, sockets.server.get(), buffers);
    std::string expected;
    for (const char* part : {"one ", "two ", "three ", "four ", "five ", "six"}) {
      expected += part;
      send_all(sockets.client.get(), part);
      REQUIRE(test.run_until([&] { return receiver.text == expected; }));
      CHECK(receiver.last.more());
    }
    sockets.client.reset();
    REQUIRE(test.run_until([&] { return !receiver.operation.pending(); }));
    CHECK(receiver.last.result == 0);
    CHECK_FALSE(receiver.last.has_buffer());
    CHECK(receiver.text == expected);
  }

  TEST_CASE("a ring of buffers begins with few and gets more, up to its size, as they are wanted") {
    TestRing test;
    BufferRing buffers(test.ring.backend(), 0, 4, 16, 1);
    CHECK(buffers.provided() == 1);
    SocketPair sockets;
    send_all(sockets.client.get(), patterned_bytes((1 + 2 + 3 + 4 + 1) * 16));
    for (unsigned provided = 1; provided <= 4; ++provided) {
      Recorder receive;
      test.ring.receive_multishot(receive.operation, sockets.server.get(), buffers);
      REQUIRE(test.run_until([&] { return receive.ended(); }));
      CHECK(receive.last_result() == -ENOBUFS);
      REQUIRE(receive.completions.size() == provided + 1);
      for (const Completion& completion : receive.completions) {
        if (completion.has_buffer()) buffers.give_back(completion.buffer_id());
      }
      buffers.add_one();
      CHECK(buffers.provided() == std::min(provided + 1, 4u));
    }
  }

  TEST_CASE(
      "a multishot receive ends with ENOBUFS when no buffer is left and loses nothing: re-armed, it goes "
      "on") {
    TestRing test;
    BufferRing buffers(test.ring.backend(), 0, 2, 16);
    SocketPair sockets;
    Recorder receive;
    const std::string sent = patterned_bytes(100);
    send_all(sockets.client.get(), sent);
    std::string text;
    for (int round = 0; round < 20 && text.size() < sent.size(); ++round) {
      receive.completions.clear();
      test.ring.receive_multishot(receive.operation, sockets.server.get(), buffers);
      const auto bytes_in_hand = [&] {
        std::size_t bytes = text.size();
        for (const Completion& completion : receive.completions) {
          if (completion.result > 0) bytes += static_cast<std::size_t>(completion.result);
        }
        return bytes;
      };
      REQUIRE(test.run_until([&] { return receive.ended() || bytes_in_hand() == sent.size(); }));
      if (receive.operation.pending()) {
        test.ring.cancel(receive.operation);
        REQUIRE(test.run_until([&] { return receive.ended(); }));
        CHECK(receive.last_result() == -ECANCELED);
      } else {
        CHECK(receive.last_result() == -ENOBUFS);
      }
      for (const Completion& completion : receive.completions) {
        if (!completion.has_buffer()) continue;
        text.append(buffers.buffer(completion.buffer_id()).data(),
                    static_cast<std::size_t>(completion.result));
        buffers.give_back(completion.buffer_id());
      }
    }
    CHECK(text == sent);
  }

  TEST_CASE("a peer's reset ends a multishot receive with ECONNRESET") {
    TestRing test;
    BufferRing buffers(test.ring.backend(), 0, 2, 64);
    SocketPair sockets;
    Receiver receiver(buffers);
    test.ring.receive_multishot(receiver.operation, sockets.server.get(), buffers);
    test.settle();
    const linger reset{.l_onoff = 1, .l_linger = 0};
    setsockopt(sockets.client.get(), SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
    sockets.client.reset();
    REQUIRE(test.run_until([&] { return !receiver.operation.pending(); }));
    CHECK(receiver.last.result == -ECONNRESET);
  }

  TEST_CASE("a receive that was waiting is cancelled; cancelling what is not pending does nothing") {
    TestRing test;
    SocketPair sockets;
    Recorder receive;
    char memory[16];
    test.ring.cancel(receive.operation);
    test.ring.receive(receive.operation, sockets.server.get(), memory);
    test.settle();
    CHECK(receive.completions.empty());
    test.ring.cancel(receive.operation);
    REQUIRE(test.run_until([&] { return receive.ended(); }));
    CHECK(receive.last_result() == -ECANCELED);
    CHECK(receive.completions.size() == 1);
  }

  TEST_CASE("a cancel that comes too late leaves the result as it is") {
    TestRing test;
    SocketPair sockets;
    Recorder receive;
    char memory[16];
    send_all(sockets.client.get(), "here");
    test.ring.receive(receive.operation, sockets.server.get(), memory);
    test.ring.cancel(receive.operation);
    REQUIRE(test.run_until([&] { return receive.ended(); }));
    CHECK(receive.last_result() == 4);
    test.settle();
    CHECK(receive.completions.size() == 1);
  }

  TEST_CASE("closing a descriptor does not end the receive that waits on it") {
    TestRing test;
    SocketPair sockets;
    Recorder receive;
    char memory[16];
    test.ring.receive(receive.operation, sockets.server.get(), memory);
    test.settle();
    sockets.server.reset();
    test.settle();
    CHECK(receive.operation.pending());
    send_all(sockets.client.get(), "still");
    REQUIRE(test.run_until([&] { return receive.ended(); }));
    CHECK(receive.last_result() == 5);
  }

  TEST_CASE("shutdown ends a waiting multishot receive with 0") {
    TestRing test;
    BufferRing buffers(test.ring.backend(), 0, 2, 64);
    SocketPair sockets;
    Receiver receiver(buffers);
    Recorder shutdown;
    test.ring.receive_multishot(receiver.operation, sockets.server.get(), buffers);
    test.settle();
    test.ring.shutdown(shutdown.operation, sockets.server.get(), SHUT_RDWR);
    REQUIRE(test.run_until([&] { return shutdown.ended() && !receiver.operation.pending(); }));
    CHECK(shutdown.last_result() == 0);
    CHECK(receiver.last.result == 0);
  }

  TEST_CASE("close on the ring closes, without a completion") {
    TestRing test;
    SocketPair sockets;
    const int fd = sockets.server.release();
    test.ring.close(fd);
    test.settle();
    CHECK(test.handled == 0);
    CHECK(fcntl(fd, F_GETFD) == -1);
    char byte;
    CHECK(recv(sockets.client.get(), &byte, 1, 0) == 0);
  }

  TEST_CASE("closes asked for in the last turn happen when the ring goes") {
    SocketPair sockets;
    const int fd = sockets.server.release();
    {
      TestRing test;
      test.ring.close(fd);
    }
    CHECK(fcntl(fd, F_GETFD) == -1);
  }

  TEST_CASE("a send to a reader that does not read waits without a kernel thread") {
    TestRing test;
    SocketPair sockets;
    Recorder send;
    const std::string bytes = patterned_bytes(16 << 20);
    const unsigned workers_before = kernel_worker_count();
    test.ring.send(send.operation, sockets.server.get(), bytes, MSG_WAITALL);
    test.settle();
    CHECK(send.operation.pending());
    CHECK(kernel_worker_count() == workers_before);
    std::string arrived;
    REQUIRE(test.run_until([&] {
      arrived += receive_available(sockets.client.get());
      return send.ended();
    }));
    CHECK(send.last_result() == static_cast<int>(bytes.size()));
    arrived += receive_exactly(sockets.client.get(), bytes.size() - arrived.size());
    CHECK(arrived == bytes);
  }

  TEST_CASE("sendmsg gathers a head and a body") {
    TestRing test;
    SocketPair sockets;
    Recorder send;
    std::string head = "head ", body = "body";
    iovec parts[] = {{head.data(), head.size()}, {body.data(), body.size()}};
    msghdr message{};
    message.msg_iov = parts;
    message.msg_iovlen = 2;
    test.ring.send_message(send.operation, sockets.server.get(), &message, MSG_WAITALL);
    REQUIRE(test.run_until([&] { return send.ended(); }));
    CHECK(send.last_result() == 9);
    CHECK(receive_exactly(sockets.client.get(), 9) == "head body");
  }

  TEST_CASE("sending to a peer that is gone is EPIPE or ECONNRESET, and no signal") {
    TestRing test;
    SocketPair sockets;
    const linger reset{.l_onoff = 1, .l_linger = 0};
    setsockopt(sockets.client.get(), SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
    sockets.client.reset();
    for (const int expected : {-ECONNRESET, -EPIPE}) {
      Recorder send;
      test.ring.send(send.operation, sockets.server.get(), std::string_view("x"), 0);
      REQUIRE(test.run_until([&] { return send.ended(); }));
      CHECK(send.last_result() == expected);
    }
  }

  TEST_CASE("poll tells that a socket became readable; multishot tells again and again") {
    TestRing test;
    SocketPair sockets;
    Recorder once, repeated;
    test.ring.poll(once.operation, sockets.server.get(), POLLIN);
    test.ring.poll_multishot(repeated.operation, sockets.server.get(), POLLIN);
    test.settle();
    CHECK(test.handled == 0);
    for (std::size_t i = 1; i <= 2; ++i) {
      send_all(sockets.client.get(), "x");
      REQUIRE(test.run_until([&] { return repeated.completions.size() >= i; }));
      CHECK((repeated.last_result() & POLLIN) != 0);
      receive_exactly(sockets.server.get(), 1);
    }
    CHECK(once.ended());
    CHECK(once.completions.size() == 1);
    CHECK((once.last_result() & POLLIN) != 0);
    test.ring.cancel(repeated.operation);
    REQUIRE(test.run_until([&] { return repeated.ended(); }));
  }
}

}  // namespace uringx
