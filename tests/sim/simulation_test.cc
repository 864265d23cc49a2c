// The simulated kernel keeps the real one's rules (tests/ring shows them on the real one), and finds out
// misuse.
#include <fcntl.h>
#include <linux/openat2.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <cerrno>

#include "sim_fixture.h"

namespace uringx {

namespace {

using namespace std::chrono_literals;

constexpr open_how kReadOnly{.flags = O_RDONLY | O_CLOEXEC, .mode = 0, .resolve = 0};

// Receives into provided buffers and re-arms when the multishot ended, as a server does.
struct Receiver {
  Receiver(Ring& on, int from, BufferRing& into) : ring(on), fd(from), buffers(into) { arm(); }

  void arm() { ring.receive_multishot(operation, fd, buffers); }
  void on_received(Completion completion) {
    last = completion;
    ++completions;
    if (completion.has_buffer()) {
      text.append(buffers.buffer(completion.buffer_id()).data(), static_cast<std::size_t>(completion.result));
      buffers.give_back(completion.buffer_id());
    }
    const bool over = !completion.has_buffer() && completion.result != -ENOBUFS;
    if (!operation.pending() && !over) arm();
  }

  Ring& ring;
  int fd;
  BufferRing& buffers;
  std::string text;
  Completion last;
  unsigned completions = 0;
  Operation operation{this, Operation::calls<&Receiver::on_received>};
};

int open_now(SimulatedRing& sim, const char* path) { return sim.ring.backend().open_cached(path, kReadOnly); }

bool any_misuse_contains(const SimulatedKernel& kernel, const char* text) {
  for (const std::string& misuse : kernel.misuses()) {
    if (misuse.find(text) != std::string::npos) return true;
  }
  return false;
}

// The ring's own descriptor is open as long as the ring is.
std::size_t open_count(const SimulatedRing& sim) { return sim.kernel.open_descriptors().size() - 1; }

}  // namespace

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

  TEST_CASE("open_and_stat: all results of a chain that goes through, and of one that stops at each member") {
    SimulatedRing sim;
    sim.kernel.files().create_file("/srv/index.html", "12345");
    ChainRecorder recorder;
    struct statx stat {};
    sim.ring.open_and_stat(recorder.chain, "/srv/index.html", &kReadOnly, &stat);
    sim.settle();
    REQUIRE(recorder.outcomes.size() == 1);
    CHECK(recorder.outcomes[0].complete());
    CHECK(stat.stx_size == 5);
    CHECK(S_ISREG(stat.stx_mode));
    sim.ring.backend().close_now(recorder.outcomes[0].results[0]);

    sim.ring.open_and_stat(recorder.chain, "/srv/missing", &kReadOnly, &stat);
    sim.settle();
    CHECK(recorder.outcomes[1].stopped_at == 0);
    CHECK(recorder.outcomes[1].results[0] == -ENOENT);
    CHECK(recorder.outcomes[1].results[1] == -ECANCELED);

    const std::string long_path(5000, 'x');
    sim.ring.open_and_stat(recorder.chain, long_path.c_str(), &kReadOnly, &stat);
    sim.settle();
    CHECK(recorder.outcomes[2].stopped_at == 0);
    CHECK(recorder.outcomes[2].results[0] == -ENAMETOOLONG);

    sim.kernel.faults.failing_completion = sim.kernel.completion_count() + 1;
    sim.ring.open_and_stat(recorder.chain, "/srv/index.html", &kReadOnly, &stat);
    sim.settle();
    CHECK(recorder.outcomes[3].stopped_at == 1);
    CHECK(recorder.outcomes[3].results[1] == -EIO);
    sim.ring.backend().close_now(recorder.outcomes[3].results[0]);
    CHECK(open_count(sim) == 0);
  }

  TEST_CASE("read_and_send completes once, whichever member stops it, and a short read sends nothing") {
    SimulatedRing sim;
    const std::string content = patterned_bytes(5000);
    sim.kernel.files().create_file("/srv/file", content);
    sim.kernel.socket_bytes_max = 3000;
    const int file = open_now(sim, "/srv/file");
    REQUIRE(file >= 0);
    std::vector<char> buffer(5000, 's');
    ChainRecorder recorder;

    SUBCASE("all goes through") {
      auto [fd, client] = sim.kernel.connected_socket();
      sim.ring.read_and_send(recorder.chain, file, buffer, 0, fd, 0);
      sim.settle();
      CHECK(recorder.chain.pending());
      CHECK(client.receive() == content.substr(0, 3000));
      CHECK(sim.ring.run_once(0s) == 1);
      CHECK(recorder.outcomes[0].complete());
      CHECK(client.receive() == content.substr(3000));
      sim.ring.backend().close_now(fd);
    }
    SUBCASE("the file shrank") {
      auto [fd, client] = sim.kernel.connected_socket();
      sim.kernel.files().truncate("/srv/file", 10);
      sim.ring.read_and_send(recorder.chain, file, buffer, 0, fd, 0);
      CHECK(sim.ring.run_once(0s) == 1);
      CHECK(recorder.outcomes[0].stopped_at == 0);
      CHECK(recorder.outcomes[0].results[0] == 10);
      CHECK(client.unread_bytes() == 0);
      sim.ring.backend().close_now(fd);
    }
    SUBCASE("the peer went while the send waited") {
      auto [fd, client] = sim.kernel.connected_socket();
      sim.ring.read_and_send(recorder.chain, file, buffer, 0, fd, 0);
      sim.settle();
      client.reset();
      CHECK(sim.ring.run_once(0s) == 1);
      CHECK(recorder.outcomes[0].stopped_at == 1);
      CHECK(recorder.outcomes[0].results[1] == 3000);
      sim.ring.backend().close_now(fd);
    }
    SUBCASE("it was cancelled while the send waited") {
      auto [fd, client] = sim.kernel.connected_socket();
      sim.ring.read_and_send(recorder.chain, file, buffer, 0, fd, 0);
      sim.settle();
      sim.ring.cancel(recorder.chain);
      sim.settle();
      REQUIRE(recorder.outcomes.size() == 1);
      CHECK(recorder.outcomes[0].stopped_at == 1);
      CHECK(recorder.outcomes[0].results[1] == 3000);
      sim.ring.backend().close_now(fd);
    }
    sim.ring.backend().close_now(file);
    CHECK(open_count(sim) == 0);
    CHECK(sim.kernel.misuses().empty());
  }

  TEST_CASE("a full submission queue does not cut a chain in two") {
    SimulatedRing sim(1, 4);
    sim.kernel.files().create_file("/srv/file", std::string(100, 'f'));
    const int file = open_now(sim, "/srv/file");
    auto [fd, client] = sim.kernel.connected_socket();
    std::vector<char> buffer(100);
    struct statx stat {};
    Recorder fillers[3];
    for (Recorder& filler : fillers) sim.ring.stat(filler.operation, AT_FDCWD, "/srv/file", 0, &stat);
    ChainRecorder recorder;
    sim.ring.read_and_send(recorder.chain, file, buffer, 0, fd, 0);
    for (const Recorder& filler : fillers) CHECK(filler.completions.empty());
    sim.settle();
    CHECK(recorder.outcomes[0].complete());
    CHECK(sim.kernel.misuses().empty());
    sim.ring.backend().close_now(file);
    sim.ring.backend().close_now(fd);
  }

  TEST_CASE("names and pages that are not in memory take the disk's time, on the ring only") {
    SimulatedRing sim;
    sim.kernel.files().create_file("/srv/file", patterned_bytes(10000));
    sim.kernel.files().evict_all();
    sim.kernel.disk_time = 20ms;
    CHECK(open_now(sim, "/srv/file") == -EAGAIN);
    const auto start = sim.kernel.now();
    Recorder open, read;
    sim.ring.open(open.operation, "/srv/file", &kReadOnly);
    CHECK(sim.ring.run_once(0s) == 0);
    CHECK(sim.ring.run_once(10ms) == 0);
    CHECK(sim.kernel.now() == start);
    CHECK(sim.ring.run_once(1s) == 1);
    CHECK(sim.kernel.now() == start + 20ms);
    const int fd = open.last_result();
    REQUIRE(fd >= 0);

    char buffer[4096];
    CHECK(sim.ring.backend().read_cached(fd, buffer, 0) == -EAGAIN);
    CHECK_FALSE(sim.ring.backend().pages_cached(fd, 0, 4096));
    sim.ring.read(read.operation, fd, buffer, 0);
    CHECK(sim.ring.run_once(1s) == 1);
    CHECK(sim.kernel.now() == start + 40ms);
    CHECK(sim.ring.backend().read_cached(fd, buffer, 0) == 4096);
    CHECK(sim.ring.backend().read_cached(fd, buffer, 4000) == 96);
    CHECK(sim.ring.backend().read_cached(fd, buffer, 10000) == 0);
    sim.ring.backend().close_now(fd);
  }

  TEST_CASE("sendfile of pages that are not in memory is misuse") {
    SimulatedRing sim;
    sim.kernel.files().create_file("/srv/file", patterned_bytes(10000));
    const int file = open_now(sim, "/srv/file");
    auto [fd, client] = sim.kernel.connected_socket();
    CHECK(sim.ring.backend().send_file_now(fd, file, 5000, 9000, false) == 5000);
    CHECK(client.receive() == patterned_bytes(10000).substr(5000));
    CHECK(sim.kernel.misuses().empty());
    sim.kernel.files().evict_all();
    sim.ring.backend().send_file_now(fd, file, 0, 100, false);
    CHECK(any_misuse_contains(sim.kernel, "waited for the disk"));
    sim.ring.backend().close_now(file);
    sim.ring.backend().close_now(fd);
  }

  TEST_CASE("files change under those who have them open as on a real file system") {
    SimulatedRing sim;
    SimulatedFiles& files = sim.kernel.files();
    files.create_file("/srv/file", "old");
    const int fd = open_now(sim, "/srv/file");
    struct statx before {}, after {};
    CHECK(sim.ring.backend().stat_open_file(fd, &before) == 0);
    char buffer[16];
    files.overwrite("/srv/file", "newer");
    CHECK(sim.ring.backend().stat_open_file(fd, &after) == 0);
    CHECK(after.stx_size == 5);
    CHECK(after.stx_mtime.tv_sec > before.stx_mtime.tv_sec);
    files.replace("/srv/file", "another");
    CHECK(sim.ring.backend().read_cached(fd, buffer, 0) == 5);
    const int other = open_now(sim, "/srv/file");
    CHECK(sim.ring.backend().read_cached(other, buffer, 0) == 7);
    files.remove("/srv/file");
    CHECK(sim.ring.backend().read_cached(other, buffer, 0) == 7);
    CHECK(open_now(sim, "/srv/file") == -ENOENT);
    sim.ring.backend().close_now(fd);
    sim.ring.backend().close_now(other);
  }

  TEST_CASE("paths are resolved as the kernel does") {
    SimulatedRing sim;
    SimulatedFiles& files = sim.kernel.files();
    files.create_file("/srv/www/index.html", "index");
    files.create_file("/srv/secret/key", "key");
    files.forbid("/srv/secret");
    files.make_symlink("/srv/link", "www/index.html");
    files.make_symlink("/srv/loop", "/srv/loop");
    const auto result_of = [&](const char* path) -> int {
      const auto inode = files.look_up(path, true);
      return inode ? static_cast<int>((*inode)->content.size()) : inode.error();
    };
    CHECK(result_of("/srv/www/index.html") == 5);
    CHECK(result_of("/srv/./www//x/../index.html") == 5);
    CHECK(result_of("/srv/link") == 5);
    CHECK(result_of("/srv/loop") == -ELOOP);
    CHECK(result_of("/srv/missing/index.html") == -ENOENT);
    CHECK(result_of("/srv/www/index.html/more") == -ENOTDIR);
    CHECK(result_of("/srv/www/index.html/") == -ENOTDIR);
    CHECK(result_of("/srv/secret/key") == -EACCES);
    const open_how no_follow{.flags = O_RDONLY | O_NOFOLLOW, .mode = 0, .resolve = 0};
    CHECK(sim.ring.backend().open_cached("/srv/link", no_follow) == -ELOOP);
    const open_how directory{.flags = O_RDONLY | O_DIRECTORY, .mode = 0, .resolve = 0};
    CHECK(sim.ring.backend().open_cached("/srv/www/index.html", directory) == -ENOTDIR);
  }

  TEST_CASE("writes go to the end of an adopted log") {
    SimulatedRing sim;
    sim.kernel.adopt(7, "/var/log/access.log");
    Recorder write;
    for (const char* line : {"one\n", "two\n"}) {
      sim.ring.write(write.operation, 7, std::string_view(line));
      sim.settle();
      CHECK(write.last_result() == 4);
    }
    CHECK(sim.kernel.files().content("/var/log/access.log") == "one\ntwo\n");
    CHECK(open_count(sim) == 0);
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

  TEST_CASE("a splice to a full socket holds a kernel thread") {
    SimulatedRing sim;
    sim.kernel.socket_bytes_max = 100;
    sim.kernel.files().create_file("/srv/file", patterned_bytes(1000));
    const int file = open_now(sim, "/srv/file");
    const auto [read_end, write_end] = sim.kernel.make_pipe();
    auto [fd, client] = sim.kernel.connected_socket();
    Recorder in, out;
    sim.ring.splice(in.operation, file, 0, write_end, -1, 150, 0);
    sim.ring.splice(out.operation, read_end, -1, fd, -1, 150, 0);
    sim.settle();
    CHECK(in.last_result() == 150);
    CHECK(out.last_result() == 100);
    sim.ring.splice(out.operation, read_end, -1, fd, -1, 50, 0);
    sim.settle();
    CHECK(sim.backend->kernel_threads_held() == 1);
    CHECK(client.receive() == patterned_bytes(1000).substr(0, 100));
    sim.settle();
    CHECK(out.last_result() == 50);
    CHECK(sim.backend->kernel_threads_held() == 0);
    for (const int open : {file, read_end, write_end, fd}) sim.ring.backend().close_now(open);
  }

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
