#include "config/handler_lists.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "modules/access.h"
#include "modules/auth_basic.h"
#include "modules/autoindex.h"
#include "modules/charset.h"
#include "modules/headers.h"
#include "modules/index.h"
#include "modules/random_index.h"
#include "modules/realip.h"
#include "modules/realpath_root.h"
#include "modules/rewrite.h"
#include "modules/static_files.h"
#include "modules/try_files.h"
#include "modules/userid.h"
#include "tests/config/config_fixture.h"

namespace uringx {
namespace {

std::vector<Handler> handlers(const std::string& lines, Phase phase) {
  const TestConfig config(server_text(lines));
  CAPTURE(config.refusal());
  REQUIRE(config.accepted());
  const std::span<const Handler> list = config.routes().handlers.of(phase);
  return {list.begin(), list.end()};
}

std::vector<HeaderFilter> filters(const std::string& lines) {
  const TestConfig config(server_text(lines));
  REQUIRE(config.accepted());
  const std::span<const HeaderFilter> list = config.routes().handlers.header_filters();
  return {list.begin(), list.end()};
}

using List = std::vector<Handler>;

constexpr Phase kAllPhases[] = {Phase::post_read,    Phase::server_rewrite, Phase::find_location, Phase::rewrite, Phase::post_rewrite,
                                Phase::preaccess,    Phase::access,         Phase::precontent,    Phase::content};
static_assert(std::size(kAllPhases) == kPhases);

TEST_CASE("where nothing is configured, files and their index are served and nobody else is asked") {
  for (const Phase phase : kAllPhases) {
    const List expected = phase == Phase::content ? List{handle_index, handle_static_file} : List{};
    CHECK(handlers("", phase) == expected);
  }
  CHECK(filters("").empty());
}

TEST_CASE("where everything is configured, handlers and filters are called in nginx's order") {
  const std::string all = R"(
    set_real_ip_from 10.0.0.0/8; if ($host) { } allow all; auth_basic realm; auth_basic_user_file users;
    try_files $uri =404; autoindex on; add_header Where $realpath_root; userid on; charset utf-8;
    location /any/ { random_index on; }
  )";
  CHECK(handlers(all, Phase::post_read) == List{handle_realip});
  CHECK(handlers(all, Phase::server_rewrite) == List{handle_realpath_root, handle_rewrite});
  CHECK(handlers(all, Phase::rewrite) == List{handle_realpath_root, handle_location_rewrite});
  CHECK(handlers(all, Phase::preaccess) == List{handle_realpath_root, handle_realip});
  CHECK(handlers(all, Phase::access) == List{handle_access, handle_auth_basic});
  CHECK(handlers(all, Phase::precontent) == List{handle_try_files});
  CHECK(handlers(all, Phase::content) == List{handle_random_index, handle_index, handle_autoindex, handle_static_file});
  CHECK(filters(all) == std::vector<HeaderFilter>{filter_headers, filter_userid, filter_charset});
}

TEST_CASE("one use is enough, however deep it stands") {
  struct Case {
    const char* directive;
    Phase phase;
    Handler handler;
  };
  const Case cases[] = {
      {"set_real_ip_from 10.0.0.1;", Phase::post_read, handle_realip},
      {"set_real_ip_from 10.0.0.1;", Phase::preaccess, handle_realip},
      {"return 204;", Phase::server_rewrite, handle_rewrite},
      {"set $a b;", Phase::rewrite, handle_location_rewrite},
      {"if ($host) { }", Phase::rewrite, handle_location_rewrite},
      {"if ($host) { add_header A $realpath_root; }", Phase::rewrite, handle_realpath_root},
      {"limit_except GET { deny all; }", Phase::access, handle_access},
      {"limit_except GET { auth_basic a; }", Phase::access, handle_auth_basic},
      {"try_files $uri =404;", Phase::precontent, handle_try_files},
      {"autoindex on;", Phase::content, handle_autoindex},
      {"random_index on;", Phase::content, handle_random_index},
      {"error_page 404 /$realpath_root;", Phase::server_rewrite, handle_realpath_root},
  };
  for (const Case& one : cases) {
    CAPTURE(one.directive);
    const std::string nested = "location / { location /a/ { location ~ b { " + std::string(one.directive) + " } } }";
    CHECK(std::ranges::count(handlers(nested, one.phase), one.handler) == 1);
    CHECK(std::ranges::count(handlers("", one.phase), one.handler) == 0);
  }
  CHECK(filters("location / { if ($host) { expires 1h; } }") == std::vector<HeaderFilter>{filter_headers});
  CHECK(filters("location / { if ($host) { charset utf-8; } }") == std::vector<HeaderFilter>{filter_charset});
  CHECK(filters("location / { location /a { userid log; } }") == std::vector<HeaderFilter>{filter_userid});
}

TEST_CASE("what is used in one server or for all of them has its handler") {
  const TestConfig http("events {}\nhttp { autoindex on; server { listen 8080; } }\n");
  const TestConfig second("events {}\nhttp { server { listen 8080; } server { listen 8081; location /a { autoindex on; } } }\n");
  for (const TestConfig* config : {&http, &second}) {
    REQUIRE(config->accepted());
    CHECK(std::ranges::count(config->routes().handlers.of(Phase::content), &handle_autoindex) == 1);
    CHECK(config->routes().handlers.of(Phase::access).empty());
  }
}

}  // namespace
}  // namespace uringx
