#include "modules/realip.h"

#include <doctest/doctest.h>

#include "fixture.h"
#include "http/proxy_protocol.h"
#include "modules/forwarded_address.h"

using namespace uringx;

namespace {

struct Asked {
  std::vector<std::pair<std::string, std::string>> directives;
  std::vector<std::pair<std::string, std::string>> fields;
};

// "ADDRESS PORT" of the client, after set_real_ip_from and the like, for a peer 127.0.0.1:40000.
std::string client(const Asked& asked, const ProxyProtocolHeader* header = nullptr) {
  FakeBuild build;
  for (const auto& [name, word] : asked.directives) REQUIRE(build.apply(name, {word}) == "");
  REQUIRE(build.finish() == "");
  TestRequest test(build);
  test.connection.proxy_protocol = header;
  for (const auto& [name, value] : asked.fields) test.field(name, value);
  HandlerState state;
  CHECK(std::holds_alternative<Declined>(handle_realip(test.request, state, {})));
  CHECK(test.connection.peer.text == "127.0.0.1");
  return std::string(test.request.client->text) + " " + std::to_string(test.request.client->port);
}

const std::pair<std::string, std::string> kTrustLocal{"set_real_ip_from", "127.0.0.1"};
const std::pair<std::string, std::string> kTrustTen{"set_real_ip_from", "10.0.0.0/8"};
const std::pair<std::string, std::string> kForwarded{"real_ip_header", "X-Forwarded-For"};
const std::pair<std::string, std::string> kRecursive{"real_ip_recursive", "on"};

std::string parsed(std::string_view text) {
  const auto found = parse_address_and_port(text);
  if (!found) return "none";
  ChunkPool pool{4};
  Arena arena{pool};
  const ClientAddress* address = make_client_address(*found, arena);
  return std::string(address->text) + " " + std::to_string(address->port);
}

}  // namespace

TEST_CASE("only a trusted sender is believed") {
  CHECK(client({{}, {{"X-Real-IP", "192.0.2.1"}}}) == "127.0.0.1 40000");
  CHECK(client({{kTrustTen}, {{"X-Real-IP", "192.0.2.1"}}}) == "127.0.0.1 40000");
  CHECK(client({{kTrustLocal}, {{"X-Real-IP", "192.0.2.1"}}}) == "192.0.2.1 0");
  CHECK(client({{kTrustLocal}, {{"X-Real-IP", "192.0.2.1:80"}}}) == "192.0.2.1 80");
  CHECK(client({{kTrustLocal}, {{"X-Real-IP", "junk"}}}) == "127.0.0.1 40000");
  CHECK(client({{kTrustLocal}, {}}) == "127.0.0.1 40000");
}

TEST_CASE("of X-Forwarded-For the last address counts, with real_ip_recursive the last untrusted one") {
  const auto once = [](std::string value) { return client({{kTrustLocal, kTrustTen, kForwarded}, {{"X-Forwarded-For", value}}}); };
  const auto deep = [](std::string value) {
    return client({{kTrustLocal, kTrustTen, kForwarded, kRecursive}, {{"X-Forwarded-For", value}}});
  };
  CHECK(once("192.0.2.1, 10.0.0.1") == "10.0.0.1 0");
  CHECK(deep("192.0.2.1, 10.0.0.1") == "192.0.2.1 0");
  CHECK(deep("192.0.2.9,192.0.2.1 10.0.0.2 , 10.0.0.1,") == "192.0.2.1 0");
  CHECK(deep("10.0.0.2, 10.0.0.1") == "10.0.0.2 0");
  CHECK(deep("junk, 10.0.0.1") == "10.0.0.1 0");
  CHECK(deep("192.0.2.1, junk") == "127.0.0.1 40000");
  CHECK(deep("") == "127.0.0.1 40000");
}

TEST_CASE("several X-Forwarded-For lines are one list") {
  const auto deep = [](std::string first, std::string second) {
    return client({{kTrustLocal, kTrustTen, kForwarded, kRecursive}, {{"X-Forwarded-For", first}, {"x-forwarded-for", second}}});
  };
  CHECK(deep("192.0.2.1", "10.0.0.1") == "192.0.2.1 0");
  CHECK(deep("192.0.2.1", "192.0.2.2") == "192.0.2.2 0");
  CHECK(deep("junk", "10.0.0.1") == "10.0.0.1 0");
}

TEST_CASE("the PROXY protocol's header tells address and port") {
  const ProxyProtocolHeader header{.source_addr = "192.0.2.1", .destination_addr = "::1", .source_port = 1111, .tlvs = {}};
  CHECK(client({{kTrustLocal, {"real_ip_header", "proxy_protocol"}}, {}}, &header) == "192.0.2.1 1111");
  CHECK(client({{kTrustLocal, {"real_ip_header", "proxy_protocol"}}, {}}) == "127.0.0.1 40000");
  CHECK(client({{kTrustTen, {"real_ip_header", "proxy_protocol"}}, {}}, &header) == "127.0.0.1 40000");
}

TEST_CASE("any field can hold the address") {
  CHECK(client({{kTrustLocal, {"real_ip_header", "X-Client"}}, {{"x-client", "2001:db8::1"}}}) == "2001:db8::1 0");
}

TEST_CASE("addresses with and without a port") {
  CHECK(parsed("1.2.3.4") == "1.2.3.4 0");
  CHECK(parsed("001.2.3.4:080") == "1.2.3.4 80");
  CHECK(parsed("2001:DB8::1") == "2001:db8::1 0");
  CHECK(parsed("[::1]:65535") == "::1 65535");
  for (const char* text : {"", "1.2.3", "1.2.3.4:", "1.2.3.4:0", "1.2.3.4:65536", "1.2.3.4:8x", "1.2.3.4/8", "[::1]", "[::1]:", "[::1",
                           "[::1]80", "unix:", "255.255.255.255"}) {
    CAPTURE(text);
    CHECK(parsed(text) == "none");
  }
}
