// The simulated kernel finds misuse out, and makes the faults it is asked for.
#include <fcntl.h>
#include <sys/socket.h>

#include <cerrno>

#include "sim_fixture.h"

namespace uringx {

namespace {

using namespace std::chrono_literals;

}  // namespace

TEST_SUITE("sim") {
  TEST_CASE("messages pass between rings of one kernel") {
    SimulatedRing sim;
    Ring other(std::make_unique<SimulatedBackend>(sim.kernel));
    struct Inbox {
      static void on_message(void* owner, std::uint32_t tag, std::int32_t value) {
        *static_cast<Inbox*>(owner) = {tag, value};
      }
      std::uint32_t tag = 0;
      std::int32_t value = 0;
    };
    Inbox inbox;
    other.on_message(&inbox, &Inbox::on_message);
    Recorder message;
    sim.ring.message(message.operation, other.fd(), 9, -4);
    sim.settle();
    CHECK(message.last_result() == 0);
    CHECK(other.run_once(0s) == 1);
    CHECK(inbox.tag == 9);
    CHECK(inbox.value == -4);
  }

  TEST_CASE("misuse is found out: descriptors closed twice or used after, memory touched while lent") {
    SimulatedRing sim;
    sim.kernel.socket_bytes_max = 4;
    auto [fd, client] = sim.kernel.connected_socket();
    Recorder send;
    std::string bytes = "12345678";
    sim.ring.send(send.operation, fd, bytes, MSG_WAITALL);
    sim.settle();
    bytes[5] = 'X';
    client.receive();
    sim.settle();
    CHECK(any_misuse_contains(sim.kernel, "memory was touched while a send had it"));

    sim.ring.backend().close_now(fd);
    sim.ring.backend().close_now(fd);
    CHECK(any_misuse_contains(sim.kernel, "close on descriptor"));
    sim.ring.send(send.operation, fd, bytes, 0);
    sim.settle();
    CHECK(send.last_result() == -EBADF);
    CHECK(any_misuse_contains(sim.kernel, "send on descriptor"));
  }

  TEST_CASE("a ring that goes while an operation is pending is misuse, a descriptor left open is listed") {
    SimulatedKernel kernel;
    auto [fd, client] = kernel.connected_socket();
    {
      SimulatedBackend backend(kernel);
      backend.reserve(1);
      io_uring_sqe* const sqe = backend.next_sqe();
      char memory[4];
      io_uring_prep_recv(sqe, fd, memory, sizeof(memory), 0);
      sqe->user_data = 4096;
      backend.submit_and_wait(0s);
    }
    CHECK(any_misuse_contains(kernel, "a recv was pending"));
    REQUIRE(kernel.open_descriptors().size() == 1);
    CHECK(kernel.open_descriptors()[0].find("socket of connection 1") != std::string::npos);
  }

  TEST_CASE("an operation under way keeps a closed socket open, as in the kernel") {
    SimulatedRing sim;
    auto [fd, client] = sim.kernel.connected_socket();
    Recorder receive;
    char memory[8];
    sim.ring.receive(receive.operation, fd, memory);
    sim.settle();
    sim.ring.close(fd);
    sim.settle();
    CHECK(receive.operation.pending());
    CHECK_FALSE(client.over());
    client.send("late");
    sim.settle();
    CHECK(receive.last_result() == 4);
    CHECK(client.at_end());
  }

  TEST_CASE("the chosen completion fails, and only that") {
    for (std::uint64_t failing = 0; failing < 4; ++failing) {
      SimulatedRing sim;
      sim.kernel.faults.failing_completion = failing;
      auto [fd, client] = sim.kernel.connected_socket();
      std::vector<std::int32_t> results;
      for (int i = 0; i < 4; ++i) {
        Recorder stat;
        struct statx attributes {};
        sim.ring.stat(stat.operation, AT_FDCWD, "/", 0, &attributes);
        sim.settle();
        results.push_back(stat.last_result());
      }
      for (std::size_t i = 0; i < 4; ++i) CHECK(results[i] == (i == failing ? -EIO : 0));
      CHECK(sim.kernel.completion_count() == 4);
      sim.ring.backend().close_now(fd);
    }
  }

  TEST_CASE("under random faults bytes arrive whole and in order, or the connection breaks") {
    for (std::uint64_t round = 0; round < 200; ++round) {
      const std::uint64_t seed = simulation_seed() + round;
      CAPTURE(seed);
      SimulatedRing sim(seed);
      sim.kernel.faults.no_buffers = 100;
      sim.kernel.faults.multishot_end = 100;
      sim.kernel.faults.delay = 200;
      sim.kernel.faults.reorder = 500;
      sim.kernel.faults.submit_refused = 50;
      sim.kernel.faults.connection_reset = round % 2 == 0 ? 0 : 5;
      BufferRing buffers(sim.ring.backend(), 0, 4, 64);
      auto [fd, client] = sim.kernel.connected_socket();
      const std::string sent = patterned_bytes(2000, seed);
      std::size_t offered = 0;
      Receiver receiver(sim.ring, fd, buffers);
      for (int turn = 0; turn < 2000 && receiver.operation.pending(); ++turn) {
        const std::size_t bytes =
            std::min<std::size_t>(sim.kernel.random().below(200), sent.size() - offered);
        client.send(std::string_view(sent).substr(offered, bytes));
        offered += bytes;
        if (offered == sent.size()) client.finish_sending();
        sim.ring.run_once(100ms);
      }
      REQUIRE_FALSE(receiver.operation.pending());
      if (receiver.last.result == 0) {
        CHECK(receiver.text == sent);
      } else {
        CHECK(receiver.last.result == -ECONNRESET);
        CHECK(sent.starts_with(receiver.text));
      }
      CHECK(sim.backend->buffers_held(0) == 0);
      CHECK(sim.kernel.misuses().empty());
      sim.ring.backend().close_now(fd);
    }
  }

  TEST_CASE("the same seed gives the same run") {
    const auto run = [](std::uint64_t seed) {
      SimulatedRing sim(seed);
      sim.kernel.faults.multishot_end = 300;
      sim.kernel.faults.no_buffers = 300;
      BufferRing buffers(sim.ring.backend(), 0, 4, 16);
      auto [fd, client] = sim.kernel.connected_socket();
      client.send(patterned_bytes(500));
      Receiver receiver(sim.ring, fd, buffers);
      client.finish_sending();
      sim.settle();
      sim.ring.backend().close_now(fd);
      return receiver.completions;
    };
    CHECK(run(1) == run(1));
    CHECK(run(1) != run(2));
  }
}

}  // namespace uringx
