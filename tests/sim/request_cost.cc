// request-cost KIND REQUESTS: serves so many requests of a kind over the simulated kernel, for an instruction counter to run it
// (tools/bench instructions): what the server itself does for a request, without a kernel under it.
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "simulated_site.h"

namespace uringx {
namespace {

constexpr unsigned kClients = 32;  // their requests arrive in one turn

struct Kind {
  std::string_view name;
  std::string_view directives;
  std::string_view target;
  std::string_view fields;
  int status;
};

constexpr Kind kKinds[] = {
    {"file", "access_log off; open_file_cache max=100;", "/file", "", 200},
    {"logged", "open_file_cache max=100;", "/file", "", 200},
    {"not-modified", "access_log off; open_file_cache max=100;", "/file", "If-None-Match: *\r\n", 304},
    {"missing", "access_log off; log_not_found off;", "/missing", "", 404},
    {"return", "access_log off; location /text { return 200 text; }", "/text", "", 200},
};

// False: an answer was not the one of its kind.
bool serve(const Kind& kind, unsigned requests) {
  SimulatedSite site(1, std::string(kind.directives) + "keepalive_requests 1000000000;");
  site.kernel().files().create_file("/srv/file", std::string(1024, 'x'));
  std::vector<SimulatedClient> clients;
  for (unsigned i = 0; i < kClients; ++i) clients.push_back(site.connect());
  const std::string request = get(kind.target, "User-Agent: wrk\r\nAccept: */*\r\n" + std::string(kind.fields));
  for (unsigned served = 0; served < requests; served += kClients) {
    for (SimulatedClient& client : clients) client.send(request);
    for (SimulatedClient& client : clients) {
      std::string bytes = client.receive();
      for (int turns = 0; bytes.empty() && turns < 100; ++turns, bytes = client.receive()) site.turn();
      const auto answer = take_answer(bytes);
      if (!answer || answer->status != kind.status) return false;
    }
  }
  return site.shut_down().empty();
}

int run(std::string_view name, unsigned requests) {
  for (const Kind& kind : kKinds) {
    if (kind.name != name) continue;
    if (serve(kind, requests)) return 0;
    std::fprintf(stderr, "request-cost: an answer to %s is not as it should be\n", kind.name.data());
    return 1;
  }
  std::fputs("usage: request-cost KIND REQUESTS; kinds:", stderr);
  for (const Kind& kind : kKinds) std::fprintf(stderr, " %s", kind.name.data());
  std::fputc('\n', stderr);
  return 2;
}

}  // namespace
}  // namespace uringx

int main(int argc, char** argv) {
  return uringx::run(argc > 1 ? argv[1] : "", argc > 2 ? static_cast<unsigned>(std::atoi(argv[2])) : 1000);
}
