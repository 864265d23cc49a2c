// Operations that may each hold a kernel thread: only so many at a time, the others in order, and nobody else waits for them.
#include "ring/slow_operations.h"

#include <array>
#include <chrono>

#include "simulated_site.h"

#include "sim_fixture.h"

namespace uringx {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t kMany = 100;

struct ManyStats {
  explicit ManyStats(SimulatedRing& on) : sim(on) {
    sim.kernel.faults.delay = 1000;
    for (std::size_t i = 0; i < kMany; ++i) sim.ring.stat(stats[i].operation, AT_FDCWD, "/", 0, &attributes[i]);
  }
  std::size_t done() const {
    return static_cast<std::size_t>(std::count_if(stats.begin(), stats.end(), [](const Recorder& r) { return !r.operation.pending(); }));
  }

  SimulatedRing& sim;
  std::array<Recorder, kMany> stats;
  std::array<struct statx, kMany> attributes{};
};

}  // namespace

TEST_SUITE("sim") {
  TEST_CASE("a write does not wait for a hundred slow operations, and all of them come to their end") {
    SimulatedRing sim;
    ManyStats many(sim);
    sim.kernel.adopt(7, "/var/log/access.log");
    Recorder write;
    sim.ring.write(write.operation, 7, std::string_view("line\n"));
    while (write.operation.pending()) sim.ring.run_once(1s);
    CHECK(many.done() < kMany / 2);
    sim.settle();
    CHECK(many.done() == kMany);
    for (const Recorder& stat : many.stats) CHECK(stat.last_result() == 0);
    CHECK(sim.ring.in_flight() == 0);
  }

  TEST_CASE("those that wait begin in order, when others have ended") {
    SimulatedRing sim;
    ManyStats many(sim);
    sim.ring.run_once(0s);
    for (std::size_t last = SlowOperations::kUnderWayMax; last < kMany; last += 7) {
      const std::size_t beginning = last - SlowOperations::kUnderWayMax + 1;
      while (many.stats[last].operation.pending()) sim.ring.run_once(1s);
      CHECK(many.done() >= beginning);  // no more than the greatest number were under way
    }
    sim.settle();
    CHECK(many.done() == kMany);
  }

  TEST_CASE("one that waits can be cancelled, and its end is told like any other") {
    SimulatedRing sim;
    ManyStats many(sim);
    ChainRecorder chain;
    struct statx attributes {};
    sim.ring.open_and_stat(chain.chain, "/", &kReadOnly, &attributes);
    sim.ring.cancel(chain.chain);
    for (std::size_t i = 1; i < kMany; i += 2) sim.ring.cancel(many.stats[i].operation);
    sim.ring.cancel(many.stats[kMany - 1].operation);  // once more
    sim.settle();
    REQUIRE(chain.outcomes.size() == 1);
    CHECK(chain.outcomes[0].stopped_at == 0);
    CHECK(chain.outcomes[0].results[0] == -ECANCELED);
    CHECK(many.stats[kMany - 1].completions.size() == 1);
    CHECK(many.stats[kMany - 1].last_result() == -ECANCELED);
    CHECK(many.done() == kMany);
    for (std::size_t i = 0; i < kMany; i += 2) CHECK(many.stats[i].last_result() == 0);
    for (std::size_t i = 1; i < kMany; i += 2) {
      const std::int32_t result = many.stats[i].last_result();
      CHECK((result == 0 || result == -ECANCELED));
    }
    CHECK(sim.ring.in_flight() == 0);
  }

  TEST_CASE("closing a remote file waits its turn") {
    SimulatedRing sim;
    sim.kernel.files().create_file("/srv/file", "text");
    const int file = open_now(sim, "/srv/file");
    ManyStats many(sim);
    sim.ring.close(file, Medium::remote);
    sim.ring.run_once(0s);
    CHECK(open_count(sim) == 1);
    sim.settle();
    CHECK(open_count(sim) == 0);
  }

  TEST_CASE("a client is answered and logged while others wait for the disk") {
    constexpr std::size_t kWaiting = 50;  // the site has 64 connections
    SimulatedSite site(1, "location = /text { return 200 text; }");
    site.kernel().faults.delay = 1000;
    std::vector<SimulatedClient> waiting;
    for (std::size_t i = 0; i < kWaiting; ++i) {
      site.kernel().files().create_file("/srv/" + std::to_string(i), "cold");
      waiting.push_back(site.connect());
      waiting.back().send(get("/" + std::to_string(i)));
    }
    site.turn();
    SimulatedClient quick = site.connect();
    std::string received;
    for (int asked = 0; asked < 3; ++asked) {
      quick.send(get("/text"));
      while (!take_answer(received)) {
        site.turn();
        received += quick.receive();
      }
    }
    const std::size_t answered = static_cast<std::size_t>(
        std::count_if(waiting.begin(), waiting.end(), [](SimulatedClient& client) { return !client.receive().empty(); }));
    CHECK(answered < kWaiting);
    site.settle();
    CHECK(site.access_log_lines() == kWaiting + 3);
    CHECK(site.shut_down() == "");
  }
}

}  // namespace uringx
