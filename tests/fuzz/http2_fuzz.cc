// Fuzz target of HTTP/2: the whole server over the simulated kernel, one connection, whatever bytes behind the preface. The
// first byte says in what pieces they come, the second what the client does at the end. Its promises: the server takes it,
// stops when it is told to, and gives back every descriptor and buffer.
#include <cstdint>
#include <string>
#include <string_view>

#include "tests/fuzz/fuzz_fixture.h"
#include "tests/sim/simulated_site.h"

namespace uringx {
namespace {

constexpr std::string_view kPreface("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 24);
constexpr std::size_t kPieceBytesMax = 64;  // more: all at once
constexpr std::size_t kLargeBytes = 40'000;

constexpr std::string_view kDirectives =
    "http2 on; http2_max_concurrent_streams 8; keepalive_requests 20; lingering_timeout 1s; send_timeout 2s;\n"
    "location /t { add_trailer X-End $uri; add_header X-Uri $uri; }\n"
    "location /no { return 444; }\n"
    "location /go { return 301 /elsewhere; }\n";

void turn_some(SimulatedSite& site, SimulatedClient& client) {
  for (int turn = 0; turn < 4; ++turn) site.turn();
  client.receive();
}

void play(std::string_view input) {
  if (input.size() < 2) return;
  const std::size_t piece = static_cast<unsigned char>(input[0]);
  const unsigned end = static_cast<unsigned char>(input[1]) % 4;
  input.remove_prefix(2);

  SimulatedSite site(1, kDirectives);
  site.kernel().files().create_file("/srv/a", "the first file");
  site.kernel().files().create_file("/srv/t/a", std::string(kLargeBytes, 't'));
  site.kernel().socket_bytes_max = 10'000;
  if (end % 2 == 1) site.kernel().files().evict_all();
  SimulatedClient client = site.connect();
  client.send(kPreface);
  while (!input.empty() && !client.over()) {
    const std::string_view now = input.substr(0, piece == 0 || piece > kPieceBytesMax ? input.size() : piece);
    client.send(now);
    input.remove_prefix(now.size());
    turn_some(site, client);
  }
  turn_some(site, client);
  if (end == 1) client.close();
  if (end == 2) client.reset();
  if (end == 3) site.let_pass(std::chrono::seconds(3));
  site.settle();
  client.receive();
  const std::string wrong = site.shut_down();
  expect(wrong.empty() || wrong.starts_with("alerts in the error log"), wrong.c_str());
  expect(wrong.find("[emerg]") == std::string::npos, wrong.c_str());
}

}  // namespace
}  // namespace uringx

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  uringx::play({reinterpret_cast<const char*>(data), size});
  return 0;
}
