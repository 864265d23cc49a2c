#include "tests/config/config_fixture.h"

#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace uringx {

TestConfig::TestConfig(const std::string& text, const std::string& globals) {
  folder = (std::filesystem::temp_directory_path() / "uringx-config-XXXXXX").string();
  REQUIRE(mkdtemp(folder.data()) != nullptr);
  folder += '/';
  std::ofstream(folder + "nginx.conf", std::ios::binary) << text;
  loaded = load_config({.prefix = folder,
                        .conf_file = folder + "nginx.conf",
                        .global_directives = globals,
                        .error_log_path = "stderr"});
}

TestConfig::~TestConfig() { std::filesystem::remove_all(folder); }

std::string TestConfig::refusal() const {
  return accepted() || loaded.messages.empty() ? "" : cut(loaded.messages.back().text);
}

std::string TestConfig::cut(std::string text) const {
  for (std::size_t at = text.find(folder); at != std::string::npos; at = text.find(folder, at)) {
    text.erase(at, folder.size());
  }
  return text;
}

std::string server_text(const std::string& lines) {
  return "events {}\nhttp { server { listen 8080;\n" + lines + "\n} }\n";
}

RoutedRequest::RoutedRequest(const TestConfig& config, std::string_view uri, std::string_view host) {
  REQUIRE(config.accepted());
  const RouteTable& routes = config.routes();
  const AddressServers& servers = routes.listens.front().servers;
  request.method = Method::get;
  request.uri = arena.copy(uri);
  request.host = arena.copy(host);
  routes.enter_server(request, servers.default_server());
  if (const ServerBlock* found = servers.find(request, request.host)) routes.enter_server(request, *found);
  routes.find_location(request);
}

std::string RoutedRequest::location() const {
  const std::string name(request.location_name);
  if (request.location_is_exact) return "= " + name;
  if (request.location_is_regex) return "~ " + name;
  return name;
}

}  // namespace uringx
