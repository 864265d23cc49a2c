// What the tests of config/ share: a configuration text loaded from a folder of its own, and a request routed
// by it. Owned by a test case.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/arena.h"
#include "config/load_config.h"
#include "modules/request.h"

namespace uringx {

// Writes the text to a folder that is removed at the end, and loads it.
class TestConfig {
 public:
  explicit TestConfig(const std::string& text, const std::string& globals = "");
  ~TestConfig();

  bool accepted() const { return loaded.routes != nullptr; }
  // The last message, with the folder cut from its paths.
  std::string refusal() const;
  std::string cut(std::string text) const;
  const RouteTable& routes() const { return *loaded.routes; }

  std::string folder;
  LoadedConfig loaded;
};

// events{} and one server on port 8080 with these lines.
std::string server_text(const std::string& lines);

// A GET of a path that arrived on the first socket.
class RoutedRequest {
 public:
  RoutedRequest(const TestConfig& config, std::string_view uri, std::string_view host = "");

  const ServerBlock& server() const { return *request.server_block; }
  // Its kind's sign and its name: "= /a", "~ \.php$", "" for the server itself.
  std::string location() const;

  ChunkPool pool{64};
  Arena arena{pool};
  ConnectionInfo connection;
  WallClock clock;
  HostInfo host_info;
  Request request{arena, connection, clock, host_info};
};

}  // namespace uringx
