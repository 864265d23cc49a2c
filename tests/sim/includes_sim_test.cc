// Requests inside requests over the simulated kernel: pages whose parts are not in memory, and clients that go at any moment.
#include <string>

#include "simulated_site.h"

#include "sim_fixture.h"

namespace uringx {

namespace {

constexpr std::size_t kLargeBytes = 100 * 1024;
constexpr std::string_view kDirectives = "ssi on; default_type text/html; add_after_body /after;";

// A page of parts, some with parts of their own.
void create_pages(SimulatedSite& site) {
  SimulatedFiles& files = site.kernel().files();
  files.create_file("/srv/page", "<!--#include file=\"large\" -->-<!--#include file=\"nested\" -->-<!--#include virtual=\"/kept\" set=\"v\" -->"
                                 "<!--#echo var=\"v\" -->");
  files.create_file("/srv/nested", "[<!--#include file=\"large\" --><!--#include file=\"missing\" -->]");
  files.create_file("/srv/large", patterned_bytes(kLargeBytes, 1));
  files.create_file("/srv/kept", "kept");
  files.create_file("/srv/after", "after");
}

std::string head_of(std::string_view version) { return "GET /page " + std::string(version) + "\r\nHost: localhost\r\n\r\n"; }

}  // namespace

TEST_SUITE("sim") {
  TEST_CASE("what is included comes whole and in order, in memory or not, and holds no kernel thread") {
    for (const bool cold : {false, true}) {
      CAPTURE(cold);
      SimulatedSite site(1, kDirectives);
      create_pages(site);
      site.kernel().socket_bytes_max = 5000;
      SimulatedClient client = site.connect();
      client.send(head_of("HTTP/1.0"));
      std::string received;
      for (int turn = 0; turn < 20000 && !client.at_end(); ++turn) {
        if (cold && turn % 20 == 0) site.kernel().files().evict_all();
        site.turn();
        received += client.receive(3000);
      }
      const std::string large = patterned_bytes(kLargeBytes, 1);
      const std::size_t body = received.find("\r\n\r\n") + 4;
      const std::string_view text = std::string_view(received).substr(body);
      CHECK(text.starts_with(large + "-[" + large + "<html>"));
      CHECK(text.ends_with("</html>\r\n]-keptafter"));
      CHECK(site.backend().kernel_threads_held() == 0);
      CHECK(site.shut_down() == "");
    }
  }

  TEST_CASE("a client that goes while something is included leaves nothing behind") {
    for (const bool reset : {false, true}) {
      CAPTURE(reset);
      SimulatedSite site(1, kDirectives);
      create_pages(site);
      site.kernel().socket_bytes_max = 10000;
      for (int turns = 0; turns < 60; ++turns) {
        site.kernel().files().evict_all();
        SimulatedClient client = site.connect();
        client.send(head_of("HTTP/1.1"));
        for (int turn = 0; turn < turns; ++turn) {
          site.turn();
          client.receive(turns % 2 == 0 ? 30000 : 0);
        }
        if (reset) {
          client.reset();
        } else {
          client.close();
        }
      }
      site.settle();
      CHECK(site.worker().load() == 0);
      CHECK(site.shut_down() == "");
    }
  }
}

}  // namespace uringx
