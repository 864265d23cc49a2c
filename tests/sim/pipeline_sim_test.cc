// Requests in a row on one connection: what leaves together, what waits for nobody, and what is left when the client goes.
#include <chrono>

#include "simulated_site.h"

#include "sim_fixture.h"

namespace uringx {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t kSmallBytes = 1000;
constexpr std::size_t kLargeBytes = 100 * 1024;

// An answer that is there at once: the simulated kernel's files are opened on the ring.
constexpr std::string_view kText = "location = /text { return 200 text; }";

std::string many(std::string_view request, int count) {
  std::string requests;
  for (int i = 0; i < count; ++i) requests += request;
  return requests;
}

void create_files(SimulatedSite& site) {
  site.kernel().files().create_file("/srv/small", patterned_bytes(kSmallBytes, 1));
  site.kernel().files().create_file("/srv/large", patterned_bytes(kLargeBytes, 2));
}

// Turns until `count` answers have arrived or nothing more will: those that came whole, in order.
std::vector<SimulatedAnswer> await_whole_answers(SimulatedSite& site, SimulatedClient& client, std::size_t count) {
  std::vector<SimulatedAnswer> answers;
  std::string received;
  for (int turn = 0; turn < 5000 && answers.size() < count; ++turn) {
    received += client.receive();
    while (const auto answer = take_answer(received)) answers.push_back(*answer);
    if (client.over()) break;
    site.turn();
  }
  return answers;
}

// Their statuses.
std::vector<int> await_answers(SimulatedSite& site, SimulatedClient& client, std::size_t count) {
  std::vector<int> statuses;
  for (const SimulatedAnswer& answer : await_whole_answers(site, client, count)) statuses.push_back(answer.status);
  return statuses;
}

}  // namespace

TEST_SUITE("sim") {
  TEST_CASE("small answers to pipelined requests leave in one send") {
    SimulatedSite site(1, kText);
    SimulatedClient client = site.connect();
    client.send(get("/text"));
    CHECK(await_answers(site, client, 1) == std::vector<int>{200});
    site.settle();
    const auto before = site.kernel().completion_count();
    client.send(many(get("/text"), 16));
    CHECK(await_answers(site, client, 16) == std::vector<int>(16, 200));
    site.settle();
    // What came, the lines of the first fifteen, the send, the last line.
    CHECK(site.kernel().completion_count() - before == 4);
    CHECK(site.access_log_lines() == 17);
    CHECK(site.shut_down() == "");
  }

  TEST_CASE("what was collected does not wait for a file on a disk") {
    SimulatedSite site(1, kText);
    create_files(site);
    site.kernel().files().evict_all();
    site.kernel().faults.delay = 1000;
    SimulatedClient client = site.connect();
    client.send(get("/text") + get("/text") + get("/large"));
    std::string received;
    std::size_t collected = 0;
    for (int turn = 0; turn < 5000 && received.size() < kLargeBytes; ++turn) {
      site.turn();
      received += client.receive();
      if (received.size() < 1000) collected = received.size();
    }
    CHECK(take_answer(received)->status == 200);
    CHECK(take_answer(received)->status == 200);
    CHECK(collected > 0);  // they arrived before the third began
    CHECK(site.shut_down() == "");
  }

  TEST_CASE("an answer that ends the connection follows those before it, and so does an end without one") {
    SimulatedSite site(1, std::string(kText) + "location /gone { return 444; }");
    create_files(site);
    SimulatedClient polite = site.connect();
    polite.send(many(get("/text"), 3) + get("/text", "Connection: close\r\n") + get("/text"));
    CHECK(await_answers(site, polite, 5) == std::vector<int>(4, 200));
    SimulatedClient gone = site.connect();
    gone.send(many(get("/text"), 3) + get("/gone") + get("/text"));
    CHECK(await_answers(site, gone, 5) == std::vector<int>(3, 200));
    SimulatedClient bad = site.connect();
    bad.send(many(get("/text"), 3) + "nonsense\r\n\r\n");
    CHECK(await_answers(site, bad, 5) == std::vector<int>{200, 200, 200, 400});
    SimulatedClient half = site.connect();
    half.send(many(get("/text"), 3) + get("/text").substr(0, 20));
    CHECK(await_answers(site, half, 3) == std::vector<int>(3, 200));
    half.close();
    site.let_pass(100s);
    CHECK(site.worker().load() == 0);
    CHECK(site.shut_down() == "");
  }

  TEST_CASE("a client that asks in a row and reads nothing is let go after send_timeout; one that reads slowly gets all") {
    SimulatedSite site(1, std::string(kText) + "send_timeout 5s;");
    create_files(site);
    site.kernel().socket_bytes_max = 3000;
    SimulatedClient silent = site.connect(), slow = site.connect();
    silent.send(many(get("/text"), 1000));
    slow.send(many(get("/text"), 100) + get("/small") + get("/large") + many(get("/text"), 100));
    std::string received;
    std::size_t answers = 0;
    for (int turn = 0; turn < 20000 && answers < 202; ++turn) {
      received += slow.receive(500);
      while (take_answer(received)) ++answers;
      site.turn();
    }
    CHECK(answers == 202);
    slow.close();
    site.let_pass(10s);
    CHECK(site.worker().load() == 0);
    CHECK(site.shut_down() == "");
  }

  TEST_CASE("send_timeout is the time between two reads of the client, and its end is the end, whatever the send says") {
    for (const bool reads : {true, false}) {
      CAPTURE(reads);
      SimulatedSite site(1, std::string(kText) + "send_timeout 5s;");
      site.kernel().faults.short_send = 1000;
      site.kernel().socket_bytes_max = 1000;
      SimulatedClient client = site.connect();
      client.send(many(get("/text"), 60));
      std::string received;
      std::size_t answers = 0;
      for (int second = 0; second < 40 && answers < 60; ++second) {
        site.let_pass(1s);
        if (reads) received += client.receive(500);
        while (take_answer(received)) ++answers;
      }
      CHECK(answers == (reads ? 60 : 0));
      CHECK(site.worker().load() == (reads ? 1 : 0));
      client.close();
      site.let_pass(1s);
      CHECK(site.worker().load() == 0);
      CHECK(site.shut_down() == "");
    }
  }

  TEST_CASE("a worker that is stopped at once while a batch leaves comes to its end") {
    for (int turns = 0; turns < 8; ++turns) {
      CAPTURE(turns);
      SimulatedSite site(1, kText);
      site.kernel().faults.short_send = 1000;
      site.kernel().socket_bytes_max = 1000;
      SimulatedClient client = site.connect();
      client.send(many(get("/text"), 100));
      for (int turn = 0; turn < turns; ++turn) {
        site.turn();
        client.receive(100);
      }
      CHECK(site.shut_down() == "");
    }
  }

  TEST_CASE("requests in a row, every completion failing once: answers in order up to some point, nothing left behind") {
    for (const bool cold : {false, true}) {
      bool all_tried = false;
      for (std::uint64_t failing = 0; !all_tried; ++failing) {
        CAPTURE(cold);
        CAPTURE(failing);
        REQUIRE(failing < 1000);
        SimulatedSite site(1, "location = /echo { return 200 $args; }");
        create_files(site);
        site.kernel().socket_bytes_max = 3000;
        if (cold) site.kernel().files().evict_all();
        site.kernel().faults.failing_completion = failing;
        SimulatedClient client = site.connect();
        const std::string large = patterned_bytes(kLargeBytes, 2), small = patterned_bytes(kSmallBytes, 1);
        const std::vector<std::string> bodies{"a", "b", "c", "d", large, small, "e", "f", "g"};
        std::string requests;
        for (const char* path : {"/echo?a", "/echo?b", "/echo?c", "/echo?d", "/large", "/small", "/echo?e", "/echo?f"}) requests += get(path);
        client.send(requests + get("/echo?g", "Connection: close\r\n"));
        const std::vector<SimulatedAnswer> answers = await_whole_answers(site, client, bodies.size());
        site.settle();
        all_tried = site.kernel().completion_count() <= failing;
        if (all_tried) CHECK(answers.size() == bodies.size());
        for (std::size_t i = 0; i < answers.size(); ++i) CHECK((answers[i].status >= 500 || answers[i].body == bodies[i]));
        client.close();
        site.let_pass(200s);
        CHECK(site.worker().load() == 0);
        site.shut_down();  // a failed read or write is an [alert]
      }
    }
  }
}

}  // namespace uringx
