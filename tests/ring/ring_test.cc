// The loop itself: when handlers run, how much a turn does, what waiting means, messages between rings,
// writes.
#include "ring_fixture.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <fstream>
#include <sstream>
#include <thread>

namespace uringx {

namespace {

using namespace std::chrono_literals;

std::string content_of(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

}  // namespace

TEST_SUITE("ring") {
  TEST_CASE("handlers run from run_once only, also when starting an operation had to submit others") {
    TestRing test(4);
    const TemporaryFile file("");
    Recorder writes[32];
    for (Recorder& write : writes) test.ring.write(write.operation, file.fd.get(), std::string_view("x"));
    for (const Recorder& write : writes) CHECK(write.completions.empty());
    CHECK(test.ring.in_flight() == 32);
    REQUIRE(test.run_until([&] { return test.ring.in_flight() == 0; }));
    for (const Recorder& write : writes) CHECK(write.last_result() == 1);
  }

  TEST_CASE("a turn handles a bounded number of completions and leaves the rest for the next") {
    TestRing test(512);
    const OwnedFd always_ready(open("/dev/null", O_WRONLY | O_CLOEXEC));
    std::vector<std::unique_ptr<Recorder>> polls;
    for (int i = 0; i < 400; ++i) {
      polls.push_back(std::make_unique<Recorder>());
      test.ring.write(polls.back()->operation, always_ready.get(), std::string_view("x"));
    }
    const unsigned first = test.ring.run_once(1s);
    CHECK(first == 256);
    CHECK(test.ring.run_once(0s) == 400 - first);
    CHECK(test.ring.in_flight() == 0);
  }

  TEST_CASE("more completions than the completion queue holds are not lost") {
    TestRing test(4);  // 32 completions
    const OwnedFd always_ready(open("/dev/null", O_WRONLY | O_CLOEXEC));
    std::vector<std::unique_ptr<Recorder>> writes;
    for (int i = 0; i < 300; ++i) {
      writes.push_back(std::make_unique<Recorder>());
      test.ring.write(writes.back()->operation, always_ready.get(), std::string_view("x"));
    }
    REQUIRE(test.run_until([&] { return test.ring.in_flight() == 0; }));
    for (const auto& write : writes) CHECK(write->completions.size() == 1);
  }

  TEST_CASE("run_once waits as long as it is told when nothing happens, and not at all when told so") {
    TestRing test;
    const auto start = Clock::now();
    CHECK(test.ring.run_once(0s) == 0);
    CHECK(test.ring.run_once(-1s) == 0);
    CHECK(Clock::now() - start < 1s);
    const auto before_wait = Clock::now();
    CHECK(test.ring.run_once(20ms) == 0);
    CHECK(Clock::now() - before_wait >= 20ms);
    CHECK(test.ring.now() - before_wait >= 20ms);
  }

  TEST_CASE("a signal ends the wait of a turn") {
    struct sigaction action {};
    struct sigaction before {};
    action.sa_handler = [](int) {};
    sigaction(SIGALRM, &action, &before);
    TestRing test;
    const itimerval soon{.it_interval = {.tv_sec = 0, .tv_usec = 5000},
                         .it_value = {.tv_sec = 0, .tv_usec = 5000}};
    setitimer(ITIMER_REAL, &soon, nullptr);
    const auto start = Clock::now();
    CHECK(test.ring.run_once(30s) == 0);
    CHECK(Clock::now() - start < 20s);
    const itimerval never{};
    setitimer(ITIMER_REAL, &never, nullptr);
    sigaction(SIGALRM, &before, nullptr);
  }

  TEST_CASE("a handler may start its operation again") {
    TestRing test;
    const TemporaryFile file("");
    struct Repeater {
      void on_written(Completion) {
        if (++count < 5) go_on();
      }
      void go_on() { ring.write(operation, fd, std::string_view("x")); }
      Ring& ring;
      int fd;
      int count = 0;
      Operation operation{this, Operation::calls<&Repeater::on_written>};
    };
    Repeater repeater{test.ring, file.fd.get()};
    repeater.go_on();
    REQUIRE(test.run_until([&] { return repeater.count == 5; }));
    CHECK(test.ring.in_flight() == 0);
  }

  TEST_CASE("a handler may destroy its owner and other operations that are not pending") {
    TestRing test;
    const TemporaryFile file("");
    struct Owner {
      void on_written(Completion) {
        ++*destroyed;
        neighbour.reset();
        self.reset();
      }
      int* destroyed;
      std::unique_ptr<Owner> self;
      std::unique_ptr<Recorder> neighbour = std::make_unique<Recorder>();
      Operation operation{this, Operation::calls<&Owner::on_written>};
    };
    int destroyed = 0;
    for (int i = 0; i < 2; ++i) {
      auto owner = std::make_unique<Owner>(&destroyed);
      Owner& it = *owner;
      it.self = std::move(owner);
      test.ring.write(it.operation, file.fd.get(), std::string_view("x"));
    }
    REQUIRE(test.run_until([&] { return test.ring.in_flight() == 0; }));
    CHECK(destroyed == 2);
  }

  TEST_CASE("writes append when the file was opened so, whoever else writes") {
    TestRing test;
    const TemporaryFile file("first line\n");
    const OwnedFd log(open(file.path.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC));
    Recorder write;
    test.ring.write(write.operation, log.get(), std::string_view("second line\n"));
    REQUIRE(test.run_until([&] { return write.ended(); }));
    REQUIRE(pwrite(file.fd.get(), "third line\n", 11, 23) == 11);
    test.ring.write(write.operation, log.get(), std::string_view("fourth line\n"));
    REQUIRE(test.run_until([&] { return write.ended(); }));
    CHECK(write.last_result() == 12);
    CHECK(content_of(file.path) == "first line\nsecond line\nthird line\nfourth line\n");
  }

  TEST_CASE("a write goes to a pipe as to a file") {
    TestRing test;
    int ends[2];
    REQUIRE(pipe2(ends, O_CLOEXEC) == 0);
    const OwnedFd from(ends[0]), to(ends[1]);
    Recorder write;
    test.ring.write(write.operation, to.get(), std::string_view("line\n"));
    REQUIRE(test.run_until([&] { return write.ended(); }));
    char text[8];
    CHECK(::read(from.get(), text, sizeof(text)) == 5);
  }

  TEST_CASE("splice moves a file's bytes through a pipe to a socket") {
    TestRing test;
    const TemporaryFile file(patterned_bytes(5000));
    const SocketPair sockets;
    int ends[2];
    REQUIRE(pipe2(ends, O_CLOEXEC) == 0);
    const OwnedFd from(ends[0]), to(ends[1]);
    Recorder in, out;
    test.ring.splice(in.operation, file.fd.get(), 1000, to.get(), -1, 4000, 0);
    REQUIRE(test.run_until([&] { return in.ended(); }));
    CHECK(in.last_result() == 4000);
    test.ring.splice(out.operation, from.get(), -1, sockets.server.get(), -1, 4000, 0);
    REQUIRE(test.run_until([&] { return out.ended(); }));
    CHECK(receive_exactly(sockets.client.get(), 4000) == patterned_bytes(5000).substr(1000));
  }

  TEST_CASE("stat on the ring reads a file's metadata, by path and by descriptor") {
    TestRing test;
    const TemporaryFile file("12345");
    Recorder by_path, by_descriptor, missing;
    struct statx first {}, second {}, third {};
    test.ring.stat(by_path.operation, AT_FDCWD, file.path.c_str(), 0, &first);
    test.ring.stat(by_descriptor.operation, file.fd.get(), "", AT_EMPTY_PATH, &second);
    test.ring.stat(missing.operation, AT_FDCWD, "/var/tmp/uringx-there-is-no-such-file", 0, &third);
    REQUIRE(test.run_until([&] { return test.ring.in_flight() == 0; }));
    CHECK(by_path.last_result() == 0);
    CHECK(first.stx_size == 5);
    CHECK(second.stx_ino == first.stx_ino);
    CHECK(missing.last_result() == -ENOENT);
  }

  TEST_CASE("messages from another thread's ring arrive with tag and value") {
    struct Inbox {
      static void on_message(void* owner, std::uint32_t tag, std::int32_t value) {
        static_cast<Inbox*>(owner)->messages.emplace_back(tag, value);
      }
      std::vector<std::pair<std::uint32_t, std::int32_t>> messages;
    };
    std::atomic<int> inbox_fd = -1;
    Inbox inbox;
    bool all_came = false;
    std::thread receiver([&] {
      TestRing test;
      test.ring.on_message(&inbox, &Inbox::on_message);
      inbox_fd = test.ring.fd();
      inbox_fd.notify_one();
      all_came = test.run_until([&] { return inbox.messages.size() == 3; });
    });
    inbox_fd.wait(-1);
    bool sent = false;
    std::vector<std::int32_t> results;
    {
      TestRing test;
      Recorder first, second, third;
      test.ring.message(first.operation, inbox_fd, 7, 42);
      test.ring.message(second.operation, inbox_fd, 0xffffffff, -1);
      test.ring.message(third.operation, inbox_fd, 0, 0);
      sent = test.run_until([&] { return test.ring.in_flight() == 0; });
      for (const Recorder* recorder : {&first, &second, &third}) results.push_back(recorder->last_result());
    }
    receiver.join();
    CHECK(sent);
    CHECK(all_came);
    CHECK(results == std::vector<std::int32_t>{0, 0, 0});
    std::sort(inbox.messages.begin(), inbox.messages.end());
    const std::vector<std::pair<std::uint32_t, std::int32_t>> expected{{0, 0}, {7, 42}, {0xffffffff, -1}};
    CHECK((inbox.messages == expected));
  }

  TEST_CASE("a message to what is no ring fails") {
    TestRing test;
    const OwnedFd not_a_ring(open("/dev/null", O_RDONLY | O_CLOEXEC));
    Recorder message;
    test.ring.message(message.operation, not_a_ring.get(), 1, 1);
    REQUIRE(test.run_until([&] { return message.ended(); }));
    CHECK(message.last_result() == -EBADFD);
  }
}

}  // namespace uringx
