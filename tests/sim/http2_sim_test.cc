// The whole server over HTTP/2 and the simulated kernel: frames cut anywhere, many streams at once, cold disks, narrow windows,
// clients that vanish, and requests in which every completion fails once.
#include <chrono>
#include <vector>

#include "http2_caller.h"
#include "simulated_site.h"

#include "sim_fixture.h"

namespace uringx {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t kSmallBytes = 1000;
constexpr std::size_t kLargeBytes = 300 * 1024;

struct Http2Site : SimulatedSite {
  explicit Http2Site(std::uint64_t seed = 1, std::string_view more = {}) : SimulatedSite(seed, "http2 on; " + std::string(more)) {
    kernel().files().create_file("/srv/small", patterned_bytes(kSmallBytes, 1));
    kernel().files().create_file("/srv/large", patterned_bytes(kLargeBytes, 2));
    kernel().files().create_file("/srv/empty", "");
  }

  // Until every one of the streams has ended, or the connection.
  void await(Http2Caller& caller, const std::vector<std::int32_t>& streams, std::size_t piece_bytes = SIZE_MAX) {
    for (int round = 0; round < 20000; ++round) {
      REQUIRE(caller.exchange(piece_bytes));
      turn();
      bool all = true;
      for (const std::int32_t stream : streams) all &= caller.answer(stream).closed;
      if (all || caller.client().over()) return;
    }
  }
};

bool is_right(Http2Answer& answer, std::string_view body) { return answer.complete && answer.status == 200 && answer.body == body; }

}  // namespace

TEST_SUITE("sim") {
  TEST_CASE("HTTP/2: streams at once are all answered, however the bytes are cut, each logged") {
    for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, std::size_t{100}, SIZE_MAX}) {
      CAPTURE(piece);
      Http2Site site;
      Http2Caller caller(site.connect());
      const std::vector<std::int32_t> streams = {caller.ask("/small"), caller.ask("/large"), caller.ask("/empty"),
                                                 caller.ask("/missing"), caller.ask("/small", "HEAD"), caller.ask("/large")};
      site.await(caller, streams, piece);
      CHECK(is_right(caller.answer(streams[0]), patterned_bytes(kSmallBytes, 1)));
      CHECK(is_right(caller.answer(streams[1]), patterned_bytes(kLargeBytes, 2)));
      CHECK(is_right(caller.answer(streams[2]), ""));
      CHECK(caller.answer(streams[3]).status == 404);
      CHECK(is_right(caller.answer(streams[4]), ""));
      CHECK(is_right(caller.answer(streams[5]), patterned_bytes(kLargeBytes, 2)));
      site.settle();
      CHECK(site.access_log_lines() == 6);
      CHECK(site.shut_down() == "");
    }
  }

  TEST_CASE("HTTP/2: files that are not in memory arrive whole, through narrow windows and slow sockets too") {
    for (const std::uint32_t window : {20000u, 1u << 30}) {
      CAPTURE(window);
      Http2Site site;
      site.kernel().socket_bytes_max = 3000;
      site.kernel().files().evict_all();
      Http2Caller caller(site.connect(), window);
      std::vector<std::int32_t> streams;
      for (int n = 0; n < 8; ++n) streams.push_back(caller.ask("/large"));
      site.await(caller, streams);
      for (const std::int32_t stream : streams) CHECK(is_right(caller.answer(stream), patterned_bytes(kLargeBytes, 2)));
      CHECK(site.shut_down() == "");
    }
  }

  TEST_CASE("HTTP/2: a short body is read before the answer, a long one is thrown away after it") {
    Http2Site site;
    Http2Caller caller(site.connect());
    const std::vector<std::int32_t> streams = {caller.ask("/small", "POST", "abc"),
                                               caller.ask("/small", "POST", std::string(900'000, 'x'))};
    site.await(caller, streams);
    CHECK(caller.answer(streams[0]).status == 405);
    CHECK(caller.answer(streams[0]).error == 0);
    CHECK(caller.answer(streams[1]).status == 405);
    CHECK(caller.answer(streams[1]).error == 0);
    CHECK(site.shut_down() == "");
  }

  TEST_CASE("HTTP/2: clients that give up, close or reset at any moment leave nothing behind") {
    for (int way = 0; way < 3; ++way) {
      for (int moment = 0; moment < 60; ++moment) {
        CAPTURE(way);
        CAPTURE(moment);
        Http2Site site(static_cast<std::uint64_t>(moment + 1));
        site.kernel().socket_bytes_max = 20000;
        if (moment % 2 == 0) site.kernel().files().evict_all();
        Http2Caller caller(site.connect());
        const std::vector<std::int32_t> streams = {caller.ask("/large"), caller.ask("/small"), caller.ask("/large")};
        for (int n = 0; n < moment; ++n) {
          REQUIRE(caller.exchange(50));
          site.turn();
        }
        if (way == 0) {
          for (const std::int32_t stream : streams) caller.give_up(stream);
          caller.exchange();
        } else if (way == 1) {
          caller.client().close();
        } else {
          caller.client().reset();
        }
        site.settle();
        CHECK(site.shut_down() == "");
      }
    }
  }

  TEST_CASE("HTTP/2: a file that shrinks while it is sent ends its stream, and no byte is made up") {
    Http2Site site;
    site.kernel().socket_bytes_max = 20000;
    Http2Caller caller(site.connect(), 30000);
    const std::int32_t large = caller.ask("/large");
    const std::int32_t small = caller.ask("/small");
    for (int n = 0; n < 6; ++n) {
      REQUIRE(caller.exchange());
      site.turn();
    }
    site.kernel().files().truncate("/srv/large", 40000);
    site.await(caller, {large, small});
    CHECK_FALSE(caller.answer(large).complete);
    CHECK(caller.answer(large).error == 2);
    CHECK(patterned_bytes(kLargeBytes, 2).starts_with(caller.answer(large).body));
    CHECK(is_right(caller.answer(small), patterned_bytes(kSmallBytes, 1)));
    CHECK(site.shut_down().find("file was truncated") != std::string::npos);  // nginx's [alert]
  }

  TEST_CASE("HTTP/2: idle connections are told and end; requests in progress at QUIT are finished") {
    Http2Site site(1, "keepalive_timeout 10s;");
    Http2Caller idle(site.connect());
    site.await(idle, {idle.ask("/small")});
    site.let_pass(11s);
    REQUIRE(idle.exchange());
    CHECK(idle.told_to_go());
    site.kernel().socket_bytes_max = 20000;
    Http2Caller busy(site.connect());
    const std::int32_t stream = busy.ask("/large");
    for (int n = 0; n < 4; ++n) {
      REQUIRE(busy.exchange());
      site.turn();
    }
    site.worker().stop_gracefully();
    site.await(busy, {stream});
    CHECK(busy.told_to_go());
    CHECK(is_right(busy.answer(stream), patterned_bytes(kLargeBytes, 2)));
    CHECK(site.shut_down() == "");
  }

  TEST_CASE("HTTP/2: two GETs, their every completion failing once: right answers, errors or a clean end") {
    for (const bool cold : {false, true}) {
      bool all_tried = false;
      for (std::uint64_t failing = 0; !all_tried; ++failing) {
        REQUIRE(failing < 1000);
        CAPTURE(cold);
        CAPTURE(failing);
        Http2Site site;
        site.kernel().socket_bytes_max = 50000;
        if (cold) site.kernel().files().evict_all();
        site.kernel().faults.failing_completion = failing;
        Http2Caller caller(site.connect());
        const std::int32_t small = caller.ask("/small");
        const std::int32_t large = caller.ask("/large");
        site.await(caller, {small, large});
        site.settle();
        all_tried = site.kernel().completion_count() <= failing;
        for (const auto& [stream, expected] : {std::pair{small, patterned_bytes(kSmallBytes, 1)}, {large, patterned_bytes(kLargeBytes, 2)}}) {
          Http2Answer& answer = caller.answer(stream);
          const bool right = is_right(answer, expected);
          CHECK((right || answer.status == 500 || answer.status == 503 || !answer.complete));
        }
        caller.client().close();
        const std::string wrong = site.shut_down();
        const bool of_the_log = wrong.find(": write() to \"") != std::string::npos;  // as in nginx
        CHECK((wrong == "" || (wrong.starts_with("alerts") && of_the_log)));
      }
    }
  }
}

}  // namespace uringx
