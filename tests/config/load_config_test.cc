#include <doctest/doctest.h>
#include <unistd.h>

#include "modules/core_main.h"
#include "modules/http_core.h"
#include "tests/config/config_fixture.h"

namespace uringx {
namespace {

TEST_CASE("a server without listen gets port 80, or 8000 without root's rights") {
  const TestConfig config("events {} http { server { } }");
  REQUIRE(config.accepted());
  CHECK(config.routes().listens.front().address.text() == (getuid() == 0 ? "0.0.0.0:80" : "0.0.0.0:8000"));
}

TEST_CASE("directives of -g count, and their errors stand in the command line") {
  const TestConfig config("events {}", "daemon off; pid x.pid;");
  REQUIRE(config.accepted());
  CHECK_FALSE(*config.routes().main.get<CoreMainSettings>().daemon);
  CHECK(*config.routes().main.get<CoreMainSettings>().pid == config.folder + "x.pid");
  CHECK(TestConfig("events {}", "nope on;").refusal() == R"(unknown directive "nope" in command line)");
  CHECK(TestConfig("daemon on; events {}", "daemon off;").refusal() ==
        R"("daemon" directive is duplicate in nginx.conf:1)");
}

TEST_CASE("the same log path is one file, in whatever way it is written") {
  const TestConfig config(
      "error_log logs/e.log; events {} http { server { listen 8080; error_log logs/e.log info;\n"
      "location / { error_log stderr; } } }");
  REQUIRE(config.accepted());
  std::size_t same = 0;
  std::size_t on_stderr = 0;
  for (const auto& file : config.routes().log_files) {
    same += file->path == config.folder + "logs/e.log";
    on_stderr += file->path.empty();
    CHECK(config.routes().log_files[file->index].get() == file.get());
  }
  CHECK(same == 1);
  CHECK(on_stderr == 1);
}

TEST_CASE("error logs replace those of the level above") {
  const TestConfig config("error_log logs/main.log warn; events {} http { server { listen 8080;\n"
                          "location /loud { error_log logs/loud.log debug; } } }");
  const RoutedRequest quiet(config, "/");
  CHECK(quiet.request.error_log->wants(LogLevel::warn));
  CHECK_FALSE(quiet.request.error_log->wants(LogLevel::info));
  CHECK(RoutedRequest(config, "/loud").request.error_log->wants(LogLevel::debug));
  CHECK(config.routes().error_log.wants(LogLevel::warn));
}

TEST_CASE("without an error_log the errors of all levels go to the file of -e") {
  const TestConfig config("events {} http { server { listen 8080; } }");
  const RoutedRequest request(config, "/");
  CHECK(request.request.error_log->wants(LogLevel::error));
  CHECK_FALSE(request.request.error_log->wants(LogLevel::warn));
}

TEST_CASE("a connection's own address finds the servers that share a wildcard's socket") {
  const TestConfig config("events {} http { server { listen 8080; server_name any; }\n"
                          "server { listen 127.0.0.1:8080; server_name local; } }");
  REQUIRE(config.accepted());
  REQUIRE(config.routes().listens.size() == 1);
  const ListenSocket& socket = config.routes().listens.front();
  REQUIRE(socket.specific.size() == 1);
  CHECK(socket.servers_for(socket.specific.front().address).default_server().server_name == "local");
  CHECK(socket.servers_for(socket.address).default_server().server_name == "any");
}

TEST_CASE("settings given at the end of http still reach the servers before it") {
  const TestConfig config("events {} http { server { listen 8080; location /a { etag on; } } etag off; }");
  CHECK_FALSE(*RoutedRequest(config, "/").request.settings<HttpCoreLocation>().etag);
  CHECK(*RoutedRequest(config, "/a").request.settings<HttpCoreLocation>().etag);
}

TEST_CASE("limit_except inherits from its location") {
  const TestConfig config(server_text("location / { etag off; limit_except GET { deny all; } }"));
  REQUIRE(config.accepted());
  const Location& location = *config.routes().servers.front()->root.nested.front();
  CHECK_FALSE(*location.limit_except_settings->get<HttpCoreLocation>().etag);
}

TEST_CASE("an empty pid is the built-in one, and an error_log without a name is stderr") {
  const TestConfig config("pid \"\"; error_log \"\"; events {}");
  REQUIRE(config.accepted());
  CHECK(config.routes().main.get<CoreMainSettings>().pid->empty());
  REQUIRE(config.routes().log_files.size() == 1);
  CHECK(config.routes().log_files.front()->path.empty());
  CHECK(TestConfig("pid \"\"; pid x; events {}").refusal() == R"("pid" directive is duplicate in nginx.conf:1)");
}

TEST_CASE("a message tells whether it was found while the files were read") {
  const auto last_is_later = [](const std::string& text) {
    const TestConfig config(text);
    REQUIRE_FALSE(config.loaded.messages.empty());
    return config.loaded.messages.back().after_reading;
  };
  CHECK_FALSE(last_is_later("events {} nope;"));
  CHECK_FALSE(last_is_later("events {} http { keepalive_disable none none; }"));
  CHECK_FALSE(last_is_later("events {} http { variables_hash_max_size 0; }"));
  CHECK(last_is_later("worker_processes 1;"));
  CHECK(last_is_later("events { worker_connections 0; }"));
  CHECK(last_is_later("events {} http { aio threads=none; }"));
  CHECK(last_is_later("events {} worker_processes 3; worker_cpu_affinity 01 10;"));
}

TEST_CASE("all files read are kept for -T, also when the configuration is refused") {
  const TestConfig config("events {}\nnope;\n");
  REQUIRE(config.loaded.files.size() == 1);
  CHECK(config.loaded.files.front().text == "events {}\nnope;\n");
  CHECK(config.loaded.messages.back().level == LogLevel::emerg);
}

TEST_CASE("worker_processes auto is the number of processors, a mask reads from its right end") {
  const TestConfig config("worker_processes auto; worker_cpu_affinity \"01 10\"; events {}");
  REQUIRE(config.accepted());
  const auto& core = config.routes().main.get<CoreMainSettings>();
  CHECK(core.worker_processes->count == sysconf(_SC_NPROCESSORS_ONLN));
  CHECK(*core.worker_cpu_affinity == std::vector<std::vector<bool>>{{false, true, true, false}});
}

TEST_CASE("ten thousand locations are indexed and found") {
  std::string lines;
  for (int i = 0; i < 10'000; ++i) lines += "location /" + std::to_string(i) + "/ { }\n";
  const TestConfig config(server_text(lines));
  CHECK(RoutedRequest(config, "/9999/x").location() == "/9999/");
  CHECK(RoutedRequest(config, "/10000/x").location() == "");
}

}  // namespace
}  // namespace uringx
