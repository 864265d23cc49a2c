#include <doctest/doctest.h>

#include "fixture.h"
#include "modules/access.h"

using namespace uringx;

namespace {

using Bytes4or16 = std::vector<std::uint8_t>;

// Whether the client may ask, with rules like "deny 10.0.0.0/8".
bool allowed(std::vector<std::pair<std::string, std::string>> rules, Bytes4or16 client, std::string* log = nullptr) {
  FakeBuild build;
  for (const auto& [name, word] : rules) REQUIRE(build.apply(name, {word}) == "");
  REQUIRE(build.finish() == "");
  TestRequest test(build);
  test.connection.peer.bytes = client;
  HandlerState state;
  const HandlerResult result = handle_access(test.request, state, {});
  if (log != nullptr) *log = test.collected.lines["error.log"];
  if (std::holds_alternative<Declined>(result) || std::holds_alternative<Allowed>(result)) return true;
  CHECK(std::get<Finish>(result).status == 403);
  return false;
}

const Bytes4or16 kLocal = {127, 0, 0, 1};
const Bytes4or16 kTen = {10, 1, 2, 3};
const Bytes4or16 kSix = {0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
const Bytes4or16 kMappedTen = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 1, 2, 3};
const Bytes4or16 kUnix = {};

}  // namespace

TEST_CASE("the first rule that matches decides, none lets through") {
  CHECK(allowed({}, kTen));
  CHECK_FALSE(allowed({{"deny", "all"}}, kTen));
  CHECK(allowed({{"allow", "10.0.0.0/8"}, {"deny", "all"}}, kTen));
  CHECK_FALSE(allowed({{"allow", "10.0.0.0/8"}, {"deny", "all"}}, kLocal));
  CHECK_FALSE(allowed({{"deny", "10.1.2.3"}, {"allow", "all"}}, kTen));
  CHECK(allowed({{"deny", "10.1.2.4"}}, kTen));
  CHECK_FALSE(allowed({{"deny", "0.0.0.0/0"}}, kTen));
}

TEST_CASE("rules of one family say nothing about another") {
  CHECK(allowed({{"deny", "0.0.0.0/0"}}, kSix));
  CHECK_FALSE(allowed({{"deny", "2001:db8::/32"}}, kSix));
  CHECK(allowed({{"deny", "2001:db9::/32"}}, kSix));
  CHECK_FALSE(allowed({{"deny", "all"}}, kSix));
  CHECK_FALSE(allowed({{"deny", "all"}}, kUnix));
  CHECK_FALSE(allowed({{"deny", "unix:"}}, kUnix));
  CHECK(allowed({{"deny", "unix:"}}, kTen));
  CHECK(allowed({{"deny", "10.0.0.0/8"}}, kUnix));
}

TEST_CASE("an IPv4 address inside an IPv6 one is judged by the IPv4 rules when there are some") {
  CHECK_FALSE(allowed({{"deny", "10.0.0.0/8"}}, kMappedTen));
  CHECK_FALSE(allowed({{"deny", "::/0"}}, kMappedTen));
  CHECK(allowed({{"deny", "::/0"}, {"allow", "10.0.0.0/8"}}, kMappedTen));
}

TEST_CASE("a refusal is logged") {
  std::string log;
  CHECK_FALSE(allowed({{"deny", "all"}}, kLocal, &log));
  CHECK(log.find("*7 access forbidden by rule, client: 127.0.0.1, server: ex.test, request: \"GET /a.html?x=1 HTTP/1.1\"\n") !=
        std::string::npos);
}

TEST_CASE("rules of an inner level replace the outer ones") {
  FakeBuild build;
  REQUIRE(build.apply("deny", {"all"}) == "");
  build.enter_location();
  REQUIRE(build.apply("deny", {"10.0.0.1"}) == "");
  REQUIRE(build.finish() == "");
  CHECK(build.location_set.get<AccessSettings>().rules->size() == 1);
}

TEST_CASE("addresses are accepted and refused as nginx does") {
  for (const char* good : {"1.2.3.4", "01.002.3.4", "10.0.0.0/8", "0.0.0.0/0", "::1", "2001:db8::/32", "::ffff:1.2.3.4", "::/0"}) {
    CAPTURE(good);
    CHECK(parse_address_range(good));
  }
  for (const char* bad : {"", "1.2.3", "1.2.3.4.5", "1.2.3.256", "1.2.3.4/", "1.2.3.4/33", "1.2.3.4/-1", "/8", "a", "::1/129", ":::",
                          "255.255.255.255", "1.2..4", "1.2.3.4/8/8", "localhost"}) {
    CAPTURE(bad);
    CHECK_FALSE(parse_address_range(bad));
  }
  FakeBuild build;
  CHECK(build.apply("allow", {"localhost"}) == "invalid parameter \"localhost\"");
}

TEST_CASE("bits outside the mask are dropped with a warning") {
  FakeBuild build;
  REQUIRE(build.apply("deny", {"10.1.2.3/8"}) == "");
  REQUIRE(build.apply("deny", {"2001:db8::1/32"}) == "");
  REQUIRE(build.apply("deny", {"10.0.0.0/8"}) == "");
  CHECK(build.warnings == std::vector<std::string>{"low address bits of 10.1.2.3/8 are meaningless",
                                                   "low address bits of 2001:db8::1/32 are meaningless"});
  CHECK_FALSE(allowed({{"deny", "10.1.2.3/8"}}, {10, 9, 9, 9}));
}
