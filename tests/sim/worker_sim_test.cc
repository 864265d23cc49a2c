// The whole server, from bytes to bytes, over the simulated kernel: keep-alive, pipelining, slow and
// vanishing clients, files that change, random faults from a seed, and one GET in which every completion
// fails once.
#include <algorithm>
#include <chrono>

#include "simulated_site.h"

#include "sim_fixture.h"

namespace uringx {

namespace {

using namespace std::chrono_literals;

// Turns until a whole answer has arrived; what the client has and was not asked for stays in `received`.
std::optional<SimulatedAnswer> await_answer(SimulatedSite& site, SimulatedClient& client,
                                            std::string& received) {
  for (int turn = 0; turn < 5000; ++turn) {
    received += client.receive();
    if (auto answer = take_answer(received)) return answer;
    if (client.over()) return std::nullopt;
    site.turn();
  }
  return std::nullopt;
}

SimulatedAnswer fetch(SimulatedSite& site, SimulatedClient& client, std::string_view path) {
  client.send(get(path));
  std::string received;
  const auto answer = await_answer(site, client, received);
  REQUIRE(answer.has_value());
  CHECK(received.empty());
  return *answer;
}

// Small enough to be copied, and large enough for sendfile.
constexpr std::size_t kSmallBytes = 1000;
constexpr std::size_t kLargeBytes = 300 * 1024;

void create_files(SimulatedSite& site) {
  site.kernel().files().create_file("/srv/small", patterned_bytes(kSmallBytes, 1));
  site.kernel().files().create_file("/srv/large", patterned_bytes(kLargeBytes, 2));
  site.kernel().files().create_file("/srv/empty", "");
  site.kernel().files().create_file("/srv/index.html", "the index");
}

}  // namespace

TEST_SUITE("sim") {
  TEST_CASE("requests on one connection are answered one after another, each logged") {
    SimulatedSite site(1);
    create_files(site);
    SimulatedClient client = site.connect();
    for (int round = 0; round < 3; ++round) {
      CHECK(fetch(site, client, "/small").body == patterned_bytes(kSmallBytes, 1));
      CHECK(fetch(site, client, "/large").body == patterned_bytes(kLargeBytes, 2));
      CHECK(fetch(site, client, "/").body == "the index");
      CHECK(fetch(site, client, "/empty").body.empty());
      CHECK(fetch(site, client, "/missing").status == 404);
    }
    CHECK_FALSE(client.over());
    site.settle();
    CHECK(site.access_log_lines() == 15);
    CHECK_FALSE(client.held_back());
    CHECK(site.shut_down() == "");
  }

  TEST_CASE("the head of a large file leaves at once with sendfile and without tcp_nopush only") {
    const auto pushes = [](const char* directives) {
      SimulatedSite site(1, directives);
      create_files(site);
      SimulatedClient client = site.connect();
      CHECK(fetch(site, client, "/small").body == patterned_bytes(kSmallBytes, 1));
      CHECK(client.pushes() == 1);
      CHECK(fetch(site, client, "/large").body == patterned_bytes(kLargeBytes, 2));
      CHECK_FALSE(client.held_back());
      CHECK(site.shut_down() == "");
      return client.pushes();
    };
    const unsigned head_with_file = pushes("sendfile on; tcp_nopush on;");
    CHECK(pushes("sendfile off;") == head_with_file);
    CHECK(pushes("sendfile on;") == head_with_file + 1);
  }

  TEST_CASE("pipelined requests are answered in order, however their bytes are cut") {
    SimulatedSite site(1);
    create_files(site);
    std::string requests;
    for (int i = 0; i < 10; ++i) requests += get("/small") + get("/missing") + get("/large");
    for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, std::size_t{100}, requests.size()}) {
      CAPTURE(piece);
      SimulatedClient client = site.connect();
      std::string received;
      for (std::size_t at = 0; at < requests.size(); at += piece) {
        client.send(std::string_view(requests).substr(at, piece));
        if (piece < 100 && at % 5 != 0) continue;
        site.turn();
        received += client.receive();
      }
      for (int i = 0; i < 10; ++i) {
        for (const int status : {200, 404, 200}) {
          const auto answer = await_answer(site, client, received);
          REQUIRE(answer.has_value());
          CHECK(answer->status == status);
        }
      }
      CHECK(received.empty());
      client.close();
    }
    CHECK(site.shut_down() == "");
  }

  TEST_CASE("slow readers hold no kernel thread, and others are served meanwhile") {
    SimulatedSite site(1);
    create_files(site);
    site.kernel().socket_bytes_max = 20000;
    std::vector<SimulatedClient> slow;
    std::vector<std::string> received(20);
    for (std::size_t i = 0; i < received.size(); ++i) {
      slow.push_back(site.connect());
      slow.back().send(get("/large"));
    }
    site.settle();
    CHECK(site.backend().kernel_threads_held() == 0);
    SimulatedClient quick = site.connect();
    CHECK(fetch(site, quick, "/small").body == patterned_bytes(kSmallBytes, 1));
    for (int round = 0; round < 400; ++round) {
      for (std::size_t i = 0; i < slow.size(); ++i) received[i] += slow[i].receive(1000 + 17 * i);
      site.turn();
    }
    for (std::size_t i = 0; i < slow.size(); ++i) {
      const auto answer = await_answer(site, slow[i], received[i]);
      REQUIRE(answer.has_value());
      CHECK(answer->body == patterned_bytes(kLargeBytes, 2));
    }
    CHECK(site.shut_down() == "");
  }

  TEST_CASE("slow readers of files that are not in memory get them whole too") {
    SimulatedSite site(1);
    create_files(site);
    site.kernel().socket_bytes_max = 5000;
    site.kernel().files().evict_all();
    SimulatedClient client = site.connect();
    client.send(get("/large"));
    std::string received;
    std::optional<SimulatedAnswer> answer;
    for (int turn = 0; turn < 5000 && !answer; ++turn) {
      if (turn % 50 == 0) site.kernel().files().evict_all();
      site.turn();
      received += client.receive(3000);
      answer = take_answer(received);
    }
    REQUIRE(answer.has_value());
    CHECK(answer->body == patterned_bytes(kLargeBytes, 2));
    CHECK(site.backend().kernel_threads_held() == 0);
    CHECK(site.shut_down() == "");
  }

  TEST_CASE("clients that vanish at any moment cost no more than a timeout") {
    SimulatedSite site(1);
    create_files(site);
    site.kernel().socket_bytes_max = 10000;
    const std::string request = get("/large");
    std::vector<SimulatedClient> vanished;
    for (std::size_t cut = 0; cut <= request.size(); cut += 9) {
      vanished.push_back(site.connect());
      vanished.back().send(std::string_view(request).substr(0, cut));
    }
    vanished.push_back(site.connect());
    vanished.back().send(request);  // and never reads
    site.settle();
    CHECK(site.worker().load() == vanished.size());
    site.let_pass(200s);
    CHECK(site.worker().load() == 0);
    CHECK(site.shut_down() == "");
  }

  TEST_CASE("clients that close or reset at any moment leave nothing behind") {
    for (const bool reset : {false, true}) {
      CAPTURE(reset);
      SimulatedSite site(1);
      create_files(site);
      site.kernel().socket_bytes_max = 10000;
      for (int turns = 0; turns < 12; ++turns) {
        for (const char* path : {"/small", "/large", "/missing"}) {
          SimulatedClient client = site.connect();
          client.send(get(path));
          for (int turn = 0; turn < turns; ++turn) {
            site.turn();
            client.receive(turns % 2 == 0 ? 3000 : 0);
          }
          if (reset) {
            client.reset();
          } else {
            client.close();
          }
        }
      }
      site.settle();
      CHECK(site.worker().load() == 0);
      CHECK(site.shut_down() == "");
    }
  }

  TEST_CASE("an answer with a rate comes whole, in its time, and leaves nothing behind wherever its client goes") {
    for (const bool cold : {false, true}) {
      CAPTURE(cold);
      SimulatedSite site(1, "limit_rate 50k; send_timeout 1s;");
      create_files(site);
      if (cold) site.kernel().files().evict_all();
      SimulatedClient whole = site.connect();
      whole.send(get("/large"));
      const auto began = site.kernel().now();
      std::string received;
      std::optional<SimulatedAnswer> answer;
      for (int turn = 0; turn < 1000 && !answer; ++turn) {
        site.kernel().advance(50ms);
        site.settle();
        received += whole.receive();
        answer = take_answer(received);
      }
      REQUIRE(answer.has_value());
      CHECK(answer->body == patterned_bytes(kLargeBytes, 2));
      const double seconds = std::chrono::duration<double>(site.kernel().now() - began).count();
      CHECK(seconds > static_cast<double>(kLargeBytes) / 51200 - 1.5);
      CHECK(seconds < static_cast<double>(kLargeBytes) / 51200 + 1.5);
      for (int turns = 0; turns < 40; ++turns) {
        SimulatedClient client = site.connect();
        client.send(get("/large"));
        for (int turn = 0; turn < turns; ++turn) {
          site.kernel().advance(200ms);
          site.turn();
          client.receive();
        }
        if (turns % 2 == 0) {
          client.reset();
        } else {
          client.close();
        }
      }
      whole.close();
      site.let_pass(20s);
      CHECK(site.worker().load() == 0);
      CHECK(site.shut_down() == "");
    }
  }

  TEST_CASE("a client that finishes sending still gets its answer") {
    SimulatedSite site(1);
    create_files(site);
    SimulatedClient client = site.connect();
    client.send(get("/large"));
    client.finish_sending();
    std::string received;
    const auto answer = await_answer(site, client, received);
    REQUIRE(answer.has_value());
    CHECK(answer->body == patterned_bytes(kLargeBytes, 2));
    site.settle();
    CHECK(client.at_end());
    CHECK(site.shut_down() == "");
  }

  TEST_CASE("a changed, replaced or removed file is seen by the next request") {
    SimulatedSite site(1);
    SimulatedFiles& files = site.kernel().files();
    files.create_file("/srv/page", "first");
    SimulatedClient client = site.connect();
    CHECK(fetch(site, client, "/page").body == "first");
    files.overwrite("/srv/page", "second, longer");
    CHECK(fetch(site, client, "/page").body == "second, longer");
    files.replace("/srv/page", "third");
    CHECK(fetch(site, client, "/page").body == "third");
    files.remove("/srv/page");
    CHECK(fetch(site, client, "/page").status == 404);
    CHECK(site.shut_down() == "");
  }

  TEST_CASE("a file that shrinks while it is sent ends the connection, and no byte is made up") {
    for (const bool cold : {false, true}) {
      CAPTURE(cold);
      SimulatedSite site(1);
      create_files(site);
      site.kernel().socket_bytes_max = 20000;
      SimulatedClient client = site.connect();
      client.send(get("/large"));
      site.settle();
      if (cold) site.kernel().files().evict_all();
      site.kernel().files().truncate("/srv/large", 50000);
      std::string received;
      for (int turn = 0; turn < 100; ++turn) {
        received += client.receive();
        site.turn();
      }
      CHECK(client.over());
      CHECK_FALSE(take_answer(received).has_value());
      const std::string body = received.substr(received.find("\r\n\r\n") + 4);
      CHECK(body.size() <= 50000);
      CHECK(patterned_bytes(kLargeBytes, 2).starts_with(body));
      CHECK(site.shut_down().find("file was truncated") != std::string::npos);  // nginx's [alert]
    }
  }

  TEST_CASE("idle connections end at keepalive_timeout, requests in progress at QUIT are finished") {
    SimulatedSite site(1, "keepalive_timeout 10s;");
    create_files(site);
    SimulatedClient idle = site.connect();
    fetch(site, idle, "/small");
    site.let_pass(9s);
    CHECK_FALSE(idle.over());
    site.let_pass(2s);
    CHECK(idle.at_end());

    site.kernel().socket_bytes_max = 10000;
    SimulatedClient busy = site.connect();
    busy.send(get("/large"));
    site.settle();
    SimulatedClient waiting = site.connect();
    fetch(site, waiting, "/small");
    site.worker().stop_gracefully();
    site.settle();
    CHECK(waiting.at_end());
    CHECK_FALSE(busy.over());
    std::string received;
    const auto answer = await_answer(site, busy, received);
    REQUIRE(answer.has_value());
    CHECK(answer->body == patterned_bytes(kLargeBytes, 2));
    site.settle();
    CHECK(busy.at_end());
    CHECK(site.worker().finished());
    CHECK(site.shut_down() == "");
  }

  TEST_CASE("one GET, its every completion failing once: a right answer, an error page or a clean end") {
    struct Scenario {
      const char* path;
      bool cold;
      std::string expected;
    };
    const Scenario scenarios[] = {{"/small", false, patterned_bytes(kSmallBytes, 1)},
                                  {"/small", true, patterned_bytes(kSmallBytes, 1)},
                                  {"/large", false, patterned_bytes(kLargeBytes, 2)},
                                  {"/large", true, patterned_bytes(kLargeBytes, 2)},
                                  {"/", true, "the index"}};
    for (const Scenario& scenario : scenarios) {
      bool all_tried = false;
      for (std::uint64_t failing = 0; !all_tried; ++failing) {
        REQUIRE(failing < 1000);
        CAPTURE(std::string(scenario.path));
        CAPTURE(scenario.cold);
        CAPTURE(failing);
        SimulatedSite site(1);
        create_files(site);
        site.kernel().socket_bytes_max = 50000;
        if (scenario.cold) site.kernel().files().evict_all();
        site.kernel().faults.failing_completion = failing;
        SimulatedClient client = site.connect();
        client.send(get(scenario.path, "Connection: close\r\n"));
        std::string received;
        const auto answer = await_answer(site, client, received);
        site.settle();
        all_tried = site.kernel().completion_count() <= failing;
        if (answer) {
          CAPTURE(answer->head);
          const bool right = answer->status == 200 && answer->body == scenario.expected;
          CHECK((right || answer->status == 500 || answer->status == 503));
          if (all_tried) CHECK(right);
        } else {
          CHECK_FALSE(all_tried);
          CHECK(client.over());
          CHECK(may_begin_answer(received));
        }
        CHECK(client.over());
        const std::string wrong = site.shut_down();
        // An input/output error in the middle of a body, or of the access log, is an [alert], as in nginx.
        const bool of_the_log = wrong.find(": write() to \"") != std::string::npos;
        CHECK((wrong == "" || (wrong.starts_with("alerts") && (!answer || of_the_log))));
      }
    }
  }

  TEST_CASE(
      "random clients, files and faults: every whole answer is right, every connection ends, nothing is "
      "left") {
    const auto deadline = std::chrono::steady_clock::now() + 6s;
    unsigned whole_answers = 0;
    for (std::uint64_t round = 0; round < 60 && std::chrono::steady_clock::now() < deadline; ++round) {
      const std::uint64_t seed = simulation_seed() + round;
      CAPTURE(seed);
      SimulatedSite site(seed);
      create_files(site);
      SimulatedRandom random(seed ^ 0x5eed);
      FaultPlan& faults = site.kernel().faults;
      faults.delay = static_cast<unsigned>(random.below(200));
      faults.reorder = static_cast<unsigned>(random.below(1000));
      faults.short_send = static_cast<unsigned>(random.below(300));
      faults.multishot_end = static_cast<unsigned>(random.below(200));
      faults.no_buffers = static_cast<unsigned>(random.below(100));
      faults.refuse_now = static_cast<unsigned>(random.below(300));
      faults.submit_refused = static_cast<unsigned>(random.below(100));
      if (round % 3 == 0) {
        faults.short_read = static_cast<unsigned>(random.below(50));
        faults.connection_reset = static_cast<unsigned>(random.below(20));
        faults.too_many_files = static_cast<unsigned>(random.below(50));
        faults.io_error = static_cast<unsigned>(random.below(50));
      }
      const bool hard = round % 3 == 0;
      site.kernel().socket_bytes_max = 1000 + random.below(100000);

      struct Caller {
        SimulatedClient client;
        std::vector<std::string> asked;  // paths whose answers are to come
        std::string received;
        bool gone = false;
      };
      std::vector<Caller> callers;
      std::map<std::string, std::set<std::string>> allowed;
      allowed["/small"].insert(patterned_bytes(kSmallBytes, 1));
      allowed["/large"].insert(patterned_bytes(kLargeBytes, 2));
      allowed["/"].insert("the index");
      allowed["/changing"] = {};
      const char* const kPaths[] = {"/small", "/large", "/", "/missing", "/changing"};
      for (int step = 0; step < 300; ++step) {
        if (callers.size() < 30 && random.occurs(200)) callers.push_back({site.connect(), {}, {}, false});
        if (random.occurs(50)) {
          const std::string content = patterned_bytes(1 + random.below(60000), random.next());
          allowed["/changing"].insert(content);
          site.kernel().files().replace("/srv/changing", content);
        }
        if (random.occurs(30)) site.kernel().files().evict_all();
        for (Caller& caller : callers) {
          if (caller.gone) continue;
          if (caller.asked.size() < 4 && random.occurs(150)) {
            caller.asked.push_back(kPaths[random.below(std::size(kPaths))]);
            caller.client.send(get(caller.asked.back()));
          }
          if (random.occurs(600)) caller.received += caller.client.receive(random.below(50000));
          if (random.occurs(3)) {
            caller.gone = true;  // without a word
          } else if (random.occurs(3)) {
            caller.client.reset();
            caller.gone = true;
          } else if (random.occurs(3)) {
            caller.client.close();
            caller.gone = true;
          }
        }
        site.turn();
        if (random.occurs(20)) site.kernel().advance(std::chrono::milliseconds(random.below(3000)));
      }

      faults = {};
      for (int idle_turns = 0, turns = 0; idle_turns < 120 && turns < 20000; ++turns, ++idle_turns) {
        for (Caller& caller : callers) {
          if (caller.gone || caller.client.unread_bytes() == 0) continue;
          caller.received += caller.client.receive();
          idle_turns = 0;
        }
        site.turn();
        site.kernel().advance(50ms);  // a full disk is tried again, lingering_timeout (5 s) passes
      }
      for (Caller& caller : callers) {
        if (caller.gone) continue;
        std::size_t answered = 0;
        while (auto answer = take_answer(caller.received)) {
          REQUIRE(answered < caller.asked.size());
          const std::string& path = caller.asked[answered++];
          ++whole_answers;
          CAPTURE(path);
          CAPTURE(answer->head);
          if (answer->status == 200) {
            CHECK(allowed[path].contains(answer->body));
          } else if (answer->status == 404) {
            CHECK((path == "/missing" || path == "/changing"));
          } else {
            CHECK(hard);
            CHECK((answer->status == 500 || answer->status == 503));
          }
        }
        // What is left belongs to an answer that was cut, and then nothing more comes.
        if (!caller.received.empty() || answered < caller.asked.size()) CHECK(caller.client.over());
        CHECK(may_begin_answer(caller.received));
        CHECK_FALSE(caller.client.held_back());
      }
      const std::string wrong = site.shut_down();
      CHECK((wrong == "" || (hard && wrong.starts_with("alerts"))));
      if (wrong != "" && !(hard && wrong.starts_with("alerts"))) MESSAGE(wrong);
    }
    CHECK(whole_answers > 100);
  }
}

}  // namespace uringx
