// The simulated kernel keeps the real one's rules (tests/ring shows them on the real one): files, paths, chains of file
// operations, the disk's time.
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <cerrno>

#include "sim_fixture.h"

namespace uringx {

namespace {

using namespace std::chrono_literals;

}  // namespace

TEST_SUITE("sim") {
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
    CHECK_FALSE(sim.ring.backend().pages_cached(fd, {}, 0, 4096));
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
}

}  // namespace uringx
