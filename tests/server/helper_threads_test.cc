// HelperThreads on the real kernel: who is started when, who is answered, and that an end waits for what was started.
#include "server/helper_threads.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <optional>
#include <thread>

#include "config/load_config.h"
#include "server/worker.h"

#undef CHECK
#include <doctest/doctest.h>

namespace uringx {
namespace {

using namespace std::chrono_literals;

std::ptrdiff_t threads() {
  return std::distance(std::filesystem::directory_iterator("/proc/self/task"), std::filesystem::directory_iterator());
}

// Waits until `condition` holds; it had better.
template <typename Condition>
bool eventually(Condition condition) {
  for (int i = 0; i < 2000; ++i) {
    if (condition()) return true;
    std::this_thread::sleep_for(1ms);
  }
  return false;
}

// Work that lasts until the gate is opened.
class GatedJob final : public HelperJob {
 public:
  explicit GatedJob(const std::atomic<bool>& gate) : HelperJob(this, HelperJob::calls<&GatedJob::on_answer>), gate_(gate) {}

  bool answered() const { return answered_; }
  bool begun() const { return begun_; }

 private:
  void work() override {
    begun_ = true;
    gate_.wait(false);
  }
  void on_answer() { answered_ = true; }

  const std::atomic<bool>& gate_;
  std::atomic<bool> begun_{false};
  bool answered_ = false;
};

void open(std::atomic<bool>& gate) {
  gate = true;
  gate.notify_all();
}

struct AnswerRing {
  AnswerRing() {
    ring.on_message(this, [](void*, std::uint32_t tag, std::int32_t value) { HelperThreads::answered(tag, value); });
  }
  Ring ring{*make_kernel_backend({.entries = 8})};
};

}  // namespace

TEST_SUITE("helper threads") {
  TEST_CASE("one waits from the beginning, the others start with the first job, all are gone at the end") {
    const auto before = threads();
    std::atomic<bool> gate{false};
    {
      AnswerRing worker;
      HelperThreads helpers(3);
      CHECK(threads() == before + 1);
      GatedJob first(gate), second(gate), third(gate), fourth(gate);
      REQUIRE(helpers.start(first, worker.ring));
      CHECK(eventually([&] { return first.begun(); }));
      CHECK(threads() == before + 3);
      for (GatedJob* job : {&second, &third, &fourth}) REQUIRE(helpers.start(*job, worker.ring));
      CHECK(eventually([&] { return second.begun() && third.begun(); }));
      CHECK_FALSE(fourth.begun());
      open(gate);
      for (const GatedJob* job : {&first, &second, &third, &fourth}) {
        while (!job->answered()) worker.ring.run_once(100ms);
        CHECK_FALSE(job->pending());
      }
      CHECK(threads() == before + 3);
    }
    CHECK(eventually([&] { return threads() == before; }));
  }

  TEST_CASE("never asked, they end; where nobody will ask there are none") {
    const auto before = threads();
    AnswerRing worker;
    { const HelperThreads helpers(2); }
    HelperThreads none(0);
    CHECK(eventually([&] { return threads() == before; }));
    std::atomic<bool> gate{true};
    GatedJob job(gate);
    CHECK_FALSE(none.start(job, worker.ring));
    CHECK_FALSE(job.pending());
  }

  TEST_CASE("a configuration has threads for what it uses") {
    const auto before = threads();
    const auto with = [&](std::initializer_list<ModuleId> modules) {
      UsedModules used;
      for (const ModuleId module : modules) used.set(static_cast<std::size_t>(module));
      const Helpers helpers(used);
      return threads() - before;
    };
    const auto settled = [&] { return eventually([&] { return threads() == before; }); };
    CHECK(with({ModuleId::index, ModuleId::access}) == 0);
    for (const ModuleId one : {ModuleId::autoindex, ModuleId::random_index, ModuleId::auth_basic, ModuleId::realpath_root,
                               ModuleId::disable_symlinks}) {
      CHECK(with({one}) == 1);
      CHECK(settled());
    }
    CHECK(with({ModuleId::autoindex, ModuleId::auth_basic, ModuleId::realpath_root}) == 3);
    CHECK(settled());
  }

  TEST_CASE("more than a pipe holds is refused, what was taken is answered") {
    std::atomic<bool> gate{false};
    AnswerRing worker;
    HelperThreads helpers(1);
    std::vector<std::unique_ptr<GatedJob>> jobs;
    bool refused = false;
    while (!refused && jobs.size() < 100'000) {
      jobs.push_back(std::make_unique<GatedJob>(gate));
      refused = !helpers.start(*jobs.back(), worker.ring);
    }
    CHECK(refused);
    CHECK_FALSE(jobs.back()->pending());
    jobs.pop_back();
    CHECK(jobs.size() >= 4096 / sizeof(void*));
    open(gate);
    for (const auto& job : jobs) {
      while (!job->answered()) worker.ring.run_once(100ms);
    }
  }

  TEST_CASE("whose ring is gone is told nothing, and holds up no end") {
    std::atomic<bool> gate{false};
    std::optional<AnswerRing> worker(std::in_place);
    auto helpers = std::make_unique<HelperThreads>(1);
    auto* const job = new GatedJob(gate);  // stays pending: its worker would have had to wait for it
    REQUIRE(helpers->start(*job, worker->ring));
    worker.reset();
    open(gate);
    helpers.reset();
    CHECK(job->begun());
    CHECK_FALSE(job->answered());
    // Never destroyed; the answer that no one took is taken here so that it may be.
    const auto address = reinterpret_cast<std::uint64_t>(static_cast<HelperJob*>(job));
    HelperThreads::answered(kHelperAnswer | static_cast<std::uint32_t>(address >> 32),
                            static_cast<std::int32_t>(static_cast<std::uint32_t>(address)));
    delete job;
  }

  // A password whose check takes about a tenth of a second, and a worker that is stopped within it.
  TEST_CASE("a worker that stops waits for its jobs") {
    const std::filesystem::path folder = [] {
      std::string pattern = "/var/tmp/uringx-helpers-XXXXXX";
      return std::string(mkdtemp(pattern.data()));
    }();
    std::ofstream(folder / "users") << "joe:$6$rounds=200000$saltsaltsalt$nothingthatmatches\n";
    std::ofstream(folder / "nginx.conf") << "events { worker_connections 8; }\nhttp { access_log off; server { listen 127.0.0.1:8000;\n"
                                            "auth_basic closed; auth_basic_user_file users; } }\n";
    const LoadedConfig loaded = load_config({.prefix = folder.string() + "/",
                                             .conf_file = (folder / "nginx.conf").string(),
                                             .global_directives = {},
                                             .error_log_path = "stderr"});
    REQUIRE(loaded.routes != nullptr);
    for (const bool graceful : {false, true}) {
      CAPTURE(graceful);
      Helpers helpers(loaded.routes->used_modules);
      const ErrorLog no_log;
      Worker worker(*make_kernel_backend({.entries = 64}),
                    {.connections_max = 8, .routes = loaded.routes, .error_log = &no_log, .host_info = {}, .helpers = &helpers});
      int ends[2];
      REQUIRE(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
      const std::string request = "GET / HTTP/1.1\r\nHost: a\r\nAuthorization: Basic am9lOndyb25n\r\n\r\n";
      REQUIRE(write(ends[1], request.data(), request.size()) == static_cast<ssize_t>(request.size()));
      worker.adopt(ends[0], 0);
      for (int i = 0; i < 3; ++i) worker.run_turn(10ms);
      graceful ? worker.stop_gracefully() : worker.stop_now();
      CHECK_FALSE(worker.finished());
      for (int i = 0; i < 500 && !worker.finished(); ++i) worker.run_turn(20ms);
      CHECK(worker.finished());
      char answer[4096];
      const ssize_t bytes = recv(ends[1], answer, sizeof(answer), MSG_DONTWAIT);
      const std::string_view text(answer, bytes > 0 ? static_cast<std::size_t>(bytes) : 0);
      CHECK(text.substr(0, 12) == (graceful ? "HTTP/1.1 401" : ""));
      close(ends[1]);
    }
    std::filesystem::remove_all(folder);
  }
}

}  // namespace uringx
