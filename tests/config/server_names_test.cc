#include <doctest/doctest.h>

#include "config/server_names.h"
#include "tests/config/config_fixture.h"

namespace uringx {
namespace {

using Added = ServerNames::Added;

TEST_CASE("exact names win over wildcards, the longest wildcard over shorter ones, leading over trailing") {
  ServerNames names;
  ServerBlock exact, net, sub, tail, long_tail;
  CHECK(names.add("www.a.net", exact) == Added::yes);
  CHECK(names.add("*.a.net", net) == Added::yes);
  CHECK(names.add("*.b.a.net", sub) == Added::yes);
  CHECK(names.add("www.*", tail) == Added::yes);
  CHECK(names.add("www.c.*", long_tail) == Added::yes);
  CHECK(names.find_without_regex("www.a.net") == &exact);
  CHECK(names.find_without_regex("x.a.net") == &net);
  CHECK(names.find_without_regex("x.y.a.net") == &net);
  CHECK(names.find_without_regex("x.b.a.net") == &sub);
  CHECK(names.find_without_regex("b.a.net") == &net);
  CHECK(names.find_without_regex("a.net") == nullptr);
  CHECK(names.find_without_regex("www.x.a.net") == &net);
  CHECK(names.find_without_regex("www.org") == &tail);
  CHECK(names.find_without_regex("www.c.org") == &long_tail);
  CHECK(names.find_without_regex("www.c.co.uk") == &long_tail);
  CHECK(names.find_without_regex("www") == nullptr);
  CHECK(names.find_without_regex("") == nullptr);
}

TEST_CASE("a leading dot is the name and all names below it") {
  ServerNames names;
  ServerBlock server;
  CHECK(names.add(".a.net", server) == Added::yes);
  CHECK(names.find_without_regex("a.net") == &server);
  CHECK(names.find_without_regex("x.y.a.net") == &server);
  CHECK(names.find_without_regex("ba.net") == nullptr);
}

TEST_CASE("the first server of a name keeps it") {
  ServerNames names;
  ServerBlock first, second;
  CHECK(names.add("a", first) == Added::yes);
  CHECK(names.add("a", second) == Added::conflicting);
  CHECK(names.add("*.b", first) == Added::yes);
  CHECK(names.add("*.b", second) == Added::conflicting);
  CHECK(names.add(".b", second) == Added::conflicting);
  CHECK(names.find_without_regex("b") == &second);
  CHECK(names.find_without_regex("x.b") == &first);
  CHECK(names.add(".a", second) == Added::conflicting);
  CHECK(names.find_without_regex("x.a") == nullptr);
}

TEST_CASE("asterisks inside a name, several of them and empty labels are invalid") {
  ServerNames names;
  ServerBlock server;
  for (const char* name : {"www.*.com", "*.a.*", "a*", "*a", "a..b", "*"}) {
    CAPTURE(name);
    CHECK(names.add(name, server) == Added::invalid);
  }
}

TEST_CASE("regexes come last, in order of writing, and leave their captures") {
  const TestConfig config(R"(events {} http {
    server { listen 8080; server_name fallback; }
    server { listen 8080; server_name ~^(?<user>.+)\.users\.net$ one; }
    server { listen 8080; server_name ~users exact.users.net; }
  })");
  RoutedRequest captured(config, "/", "joe.users.net");
  CHECK(captured.server().server_name == R"(~^(?<user>.+)\.users\.net$)");
  REQUIRE(captured.request.captures.size() == 2);
  CHECK(captured.request.captures[1] == "joe");
  CHECK(RoutedRequest(config, "/", "exact.users.net").server().names.size() == 2);
  CHECK(RoutedRequest(config, "/", "exact.users.net").server().names[1].text == "exact.users.net");
  CHECK(RoutedRequest(config, "/", "users.org").server().server_name == "~users");
  CHECK(RoutedRequest(config, "/", "other.net").server().server_name == "fallback");
  CHECK(RoutedRequest(config, "/", "").server().server_name == "fallback");
}

TEST_CASE("a regex name alone on its address still captures") {
  const TestConfig config("events {} http { server { listen 8080; server_name ~^(.+)\\.net$; } }");
  RoutedRequest captured(config, "/", "joe.net");
  REQUIRE(captured.request.captures.size() == 2);
  CHECK(captured.request.captures[1] == "joe");
}

TEST_CASE("names in the configuration count without case") {
  const TestConfig config(
      "events {} http { server { listen 8080; } server { listen 8080; server_name ExAmple.NET; } }");
  CHECK(RoutedRequest(config, "/", "example.net").server().server_name == "example.net");
}

}  // namespace
}  // namespace uringx
