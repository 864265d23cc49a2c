#include <doctest/doctest.h>

#include "modules/http_core.h"
#include "tests/config/config_fixture.h"

namespace uringx {
namespace {

std::string chosen(const TestConfig& config, std::string_view uri) {
  return RoutedRequest(config, uri).location();
}

TEST_CASE("exact, then the longest prefix, then the first regex unless ^~ stands before it") {
  const TestConfig config(server_text(R"(
    location = / { }
    location / { }
    location /documents/ { }
    location ^~ /images/ { }
    location ~* \.(gif|jpg|jpeg)$ { }
    location ~ \.jpg$ { }
  )"));
  CHECK(chosen(config, "/") == "= /");
  CHECK(chosen(config, "/index.html") == "/");
  CHECK(chosen(config, "/documents/document.html") == "/documents/");
  CHECK(chosen(config, "/documents") == "/");
  CHECK(chosen(config, "/images/1.gif") == "/images/");
  CHECK(chosen(config, "/documents/1.JPG") == R"(~ \.(gif|jpg|jpeg)$)");
  CHECK(chosen(config, "/documents/1.jpg") == R"(~ \.(gif|jpg|jpeg)$)");
}

TEST_CASE("without a match the server itself answers") {
  const TestConfig config(server_text("location /a { } location = /b { }"));
  CHECK(chosen(config, "/") == "");
  CHECK(chosen(config, "/b/") == "");
  CHECK(chosen(config, "/ab") == "/a");
}

TEST_CASE("of prefixes that begin with each other the longest that fits is found, whatever sorts between") {
  const TestConfig config(server_text(R"(
    location /a { } location /a/b { } location /a/b/c { } location /a/bb { } location /a/c { } location = /a/b/x { }
    location /b { }
  )"));
  CHECK(chosen(config, "/a/b/x") == "= /a/b/x");
  CHECK(chosen(config, "/a/b/xx") == "/a/b");
  CHECK(chosen(config, "/a/b/z") == "/a/b");
  CHECK(chosen(config, "/a/ba") == "/a/b");
  CHECK(chosen(config, "/a/bbb") == "/a/bb");
  CHECK(chosen(config, "/a/d") == "/a");
  CHECK(chosen(config, "/a/b/c/d") == "/a/b/c");
  CHECK(chosen(config, "/") == "");
  CHECK(chosen(config, "/c") == "");
}

TEST_CASE("an exact location and a prefix of one name share the URI") {
  const TestConfig config(server_text("location = /a { } location /a { }"));
  CHECK(chosen(config, "/a") == "= /a");
  CHECK(chosen(config, "/a/") == "/a");
}

TEST_CASE("the search goes down into nested locations, and their regexes come before the outer ones") {
  const TestConfig config(server_text(R"(
    location /a/ {
      location /a/deep/ { location = /a/deep/x { } }
      location ~ \.txt$ { }
    }
    location ~ ^/a/ { location ~ \.php$ { } }
  )"));
  CHECK(chosen(config, "/a/1.txt") == R"(~ \.txt$)");
  CHECK(chosen(config, "/a/deep/x") == "= /a/deep/x");
  CHECK(chosen(config, "/a/deep/1.txt") == R"(~ \.txt$)");
  CHECK(chosen(config, "/a/deep/1.gif") == "~ ^/a/");
  CHECK(chosen(config, "/a/1.php") == R"(~ \.php$)");
}

TEST_CASE("^~ in a nested prefix stops its own level's regexes but not the outer ones") {
  const TestConfig config(server_text(R"(
    location /a/ {
      location ^~ /a/b/ { }
      location ~ \.x$ { }
    }
    location ~ \.y$ { }
  )"));
  CHECK(chosen(config, "/a/b/1.x") == "/a/b/");
  CHECK(chosen(config, "/a/b/1.y") == R"(~ \.y$)");
}

TEST_CASE("a regex location leaves its captures, the next one without groups takes them away") {
  const TestConfig config(server_text(R"(location ~ ^/u/(\w+)/(?<rest>.*)$ { location ~ ^/u/joe/ { } })"));
  RoutedRequest captured(config, "/u/ann/a/b");
  REQUIRE(captured.request.captures.size() == 3);
  CHECK(captured.request.captures[1] == "ann");
  CHECK(captured.request.captures[2] == "a/b");
  RoutedRequest replaced(config, "/u/joe/a");
  CHECK(replaced.location() == "~ ^/u/joe/");
  CHECK(replaced.request.captures.size() == 1);
}

TEST_CASE("named locations are found by name only") {
  const TestConfig config(server_text("location @back { internal; } location / { }"));
  RoutedRequest routed(config, "@back");
  CHECK(routed.location() == "");
  const Location* named = config.routes().find_named(routed.request, "@back");
  REQUIRE(named != nullptr);
  RouteTable::enter(routed.request, *named);
  CHECK(routed.request.location_is_named);
  CHECK(*routed.request.settings<HttpCoreLocation>().internal);
  CHECK(config.routes().find_named(routed.request, "@other") == nullptr);
}

TEST_CASE("limit_except gives its own settings to the methods it does not name, and HEAD goes with GET") {
  const TestConfig config(server_text("location / { limit_except GET { deny all; } }"));
  RoutedRequest routed(config, "/");
  const Location& location = *config.routes().servers.front()->root.nested.front();
  const auto settings_for = [&](Method method) {
    routed.request.method = method;
    RouteTable::enter(routed.request, location);
    return routed.request.location;
  };
  CHECK(settings_for(Method::get) == &location.settings);
  CHECK(settings_for(Method::head) == &location.settings);
  CHECK(settings_for(Method::post) == location.limit_except_settings.get());
  CHECK(settings_for(Method::unknown) == location.limit_except_settings.get());
}

}  // namespace
}  // namespace uringx
