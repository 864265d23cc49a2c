// The simulated kernel keeps the real one's rules (tests/ring shows them on the real one): connections, receives into
// provided buffers, sends, polls.
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>

#include "sim_fixture.h"

namespace uringx {

TEST_SUITE("sim") {
  TEST_CASE("a connection is accepted, spoken to in both directions and ended") {
    SimulatedRing sim;
    const int listener = sim.kernel.make_listener();
    Recorder accept, receive, send;
    sim.ring.accept_multishot(accept.operation, listener);
    sim.settle();
    CHECK(accept.completions.empty());
    SimulatedClient client = sim.kernel.connect(listener);
    sim.settle();
    REQUIRE(accept.completions.size() == 1);
    CHECK(accept.completions[0].more());
    const int fd = accept.last_result();

    char memory[16];
    sim.ring.receive(receive.operation, fd, memory);
    sim.settle();
    CHECK(receive.operation.pending());
    client.send("hello");
    sim.settle();
    CHECK(receive.last_result() == 5);
    CHECK(std::string(memory, 5) == "hello");

    sim.ring.send(send.operation, fd, std::string_view("world"), 0);
    sim.settle();
    CHECK(client.receive() == "world");
    CHECK_FALSE(client.over());
    client.finish_sending();
    sim.ring.receive(receive.operation, fd, memory);
    sim.settle();
    CHECK(receive.last_result() == 0);
    sim.ring.close(fd);
    sim.settle();
    CHECK(client.at_end());
    CHECK_FALSE(client.was_reset());

    sim.ring.cancel(accept.operation);
    sim.settle();
    CHECK(accept.last_result() == -ECANCELED);
    sim.ring.close(listener);
    sim.settle();
    CHECK(open_count(sim) == 0);
    CHECK(sim.kernel.misuses().empty());
  }

  TEST_CASE("closing a socket with unread bytes resets the connection") {
    SimulatedRing sim;
    auto [fd, client] = sim.kernel.connected_socket();
    client.send("unread");
    sim.ring.close(fd);
    sim.settle();
    CHECK(client.was_reset());
  }

  TEST_CASE("a reset is told once, then reads are 0 and sends are EPIPE") {
    SimulatedRing sim;
    auto [fd, client] = sim.kernel.connected_socket();
    client.reset();
    Recorder receive, send;
    char memory[4];
    sim.ring.receive(receive.operation, fd, memory);
    sim.settle();
    CHECK(receive.last_result() == -ECONNRESET);
    sim.ring.receive(receive.operation, fd, memory);
    sim.ring.send(send.operation, fd, std::string_view("x"), 0);
    sim.settle();
    CHECK(receive.last_result() == 0);
    CHECK(send.last_result() == -EPIPE);
    sim.ring.backend().close_now(fd);
  }

  TEST_CASE("what is sent to a closed client is answered with a reset") {
    SimulatedRing sim;
    auto [fd, client] = sim.kernel.connected_socket();
    client.close();
    CHECK(sim.ring.backend().send_now(fd, std::string_view("first")) == 5);
    CHECK(sim.ring.backend().send_now(fd, std::string_view("second")) == -ECONNRESET);
    CHECK(sim.ring.backend().send_now(fd, std::string_view("third")) == -EPIPE);
    sim.ring.backend().close_now(fd);
  }

  TEST_CASE("a multishot receive takes provided buffers in order, ends without them and loses nothing") {
    SimulatedRing sim;
    BufferRing buffers(sim.ring.backend(), 3, 2, 8);
    auto [fd, client] = sim.kernel.connected_socket();
    const std::string sent = patterned_bytes(100);
    client.send(sent);
    {
      Receiver receiver(sim.ring, fd, buffers);
      sim.settle();
      CHECK(receiver.text == sent);
      CHECK(receiver.completions > 13);  // ENOBUFS after every two buffers
      client.finish_sending();
      sim.settle();
      CHECK(receiver.last.result == 0);
    }
    CHECK(sim.backend->buffers_held(3) == 0);
    sim.ring.backend().close_now(fd);
    CHECK(sim.kernel.misuses().empty());
  }

  TEST_CASE("a buffer given back twice and one never given back are found out") {
    SimulatedRing sim;
    BufferRing buffers(sim.ring.backend(), 0, 4, 8);
    auto [fd, client] = sim.kernel.connected_socket();
    Recorder receive;
    client.send("12345678");
    sim.ring.receive_multishot(receive.operation, fd, buffers);
    sim.settle();
    CHECK(sim.backend->buffers_held(0) == 1);
    buffers.give_back(receive.completions[0].buffer_id());
    CHECK(sim.backend->buffers_held(0) == 0);
    buffers.give_back(receive.completions[0].buffer_id());
    client.send("x");
    client.finish_sending();
    sim.settle();
    CHECK(any_misuse_contains(sim.kernel, "given back twice"));
    sim.ring.backend().close_now(fd);
  }

  TEST_CASE("a send waits for a slow reader: short without MSG_WAITALL, whole with it") {
    SimulatedRing sim;
    sim.kernel.socket_bytes_max = 1000;
    auto [fd, client] = sim.kernel.connected_socket();
    const std::string bytes = patterned_bytes(2500);
    Recorder send;
    sim.ring.send(send.operation, fd, bytes, 0);
    sim.settle();
    CHECK(send.last_result() == 1000);
    CHECK(client.receive() == bytes.substr(0, 1000));

    sim.ring.send(send.operation, fd, bytes, MSG_WAITALL);
    std::string arrived;
    for (int turn = 0; turn < 10 && send.operation.pending(); ++turn) {
      sim.settle();
      arrived += client.receive(700);
    }
    arrived += client.receive();
    CHECK(send.last_result() == 2500);
    CHECK(arrived == bytes);
    sim.ring.backend().close_now(fd);
  }

  TEST_CASE("poll tells of readiness; multishot of each arrival") {
    SimulatedRing sim;
    auto [fd, client] = sim.kernel.connected_socket();
    Recorder writable, readable;
    sim.ring.poll(writable.operation, fd, POLLOUT);
    sim.ring.poll_multishot(readable.operation, fd, POLLIN);
    sim.settle();
    CHECK(writable.last_result() == POLLOUT);
    CHECK(readable.completions.empty());
    for (std::size_t i = 1; i <= 2; ++i) {
      client.send("x");
      sim.settle();
      CHECK(readable.completions.size() == i);
    }
    sim.ring.cancel(readable.operation);
    sim.settle();
    CHECK(readable.ended());
    sim.ring.backend().close_now(fd);
  }
}

}  // namespace uringx
