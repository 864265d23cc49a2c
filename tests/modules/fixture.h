// What the tests of modules share: a build in miniature that applies directives of one level, and a request over its
// settings. Owned by a test case.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "modules/build_context.h"
#include "modules/handler.h"
#include "modules/http_core.h"
#include "modules/log.h"
#include "modules/types.h"

namespace uringx {

// Applies rows to one set of settings of each level, as config/'s builder does for a block.
class FakeBuild : public BuildContext {
 public:
  FakeBuild();

  // `name` with `words`, in `where`; the message of the refusal, or "".
  std::string apply(const std::string& name, std::vector<std::string> words, std::vector<Directive> block = {});
  // The level below: what was applied so far is inherited from.
  void enter_location();
  // Inherits nothing more: finishes, resolves the variables; the message of the refusal, or "".
  std::string finish();

  Context context() const override { return kHttp; }
  LocationFacts location() const override { return {}; }
  void at(const Directive& directive) override { line = directive.line; }
  bool blocks_begun() const override { return true; }
  std::string full_path(std::string_view path) override;
  std::string full_conf_path(std::string_view path) override { return full_path(path); }
  VariableTable& variables() override { return table; }
  std::expected<Template, Refusal> compile_template(std::string_view text) override;
  std::expected<Regex, Refusal> compile_regex(std::string_view pattern, bool caseless) override;
  std::uint32_t log_file(const std::string& full_path) override;
  const LogFile& secret_log_file(const std::string&) override { return secret_log; }
  void warn(std::string message) override { warnings.push_back(std::move(message)); }
  void warn_without_place(std::string message) override { warnings.push_back(std::move(message)); }
  SharedZones& shared_zones() override { return zones; }
  SettingsSet& main_settings() override { return main; }
  SettingsSet& server_settings() override { return server; }
  SettingsSet& location_settings() override { return location_set; }

  VariableTable table;
  SettingsSet main;
  SettingsSet server;
  SettingsSet parent_set;
  SettingsSet location_set;
  bool has_parent = false;
  unsigned line = 0;
  std::vector<std::string> warnings;
  SharedZones zones;
  std::vector<std::string> log_files;
  LogFile secret_log;
};

// Files that error lines are read back from: a pipe's worth of text in memory, for this thread.
class CollectedLines : public LineWriter {
 public:
  CollectedLines() { install(this); }
  ~CollectedLines() override { install(nullptr); }
  void append(const LogFile& file, std::string_view line) override { lines[file.path] += line; }

  std::map<std::string, std::string> lines;
};

// "GET /a.html?x=1 HTTP/1.1" of 127.0.0.1, answered with 200, over a build's settings.
class TestRequest {
 public:
  explicit TestRequest(FakeBuild& build);

  TestRequest& field(std::string_view name, std::string_view value);
  // The value of $name, "<none>" when not found.
  std::string variable(const std::string& name);
  std::string text(const std::string& source);  // of a template

  ChunkPool pool{64};
  Arena arena{pool};
  std::vector<std::uint8_t> address{127, 0, 0, 1};
  ConnectionInfo connection;
  WallClock clock;
  HostInfo host{"box", 4711};
  LogFile log_file{"error.log", -1, 0};
  ErrorLog error_log;
  FakeBuild& build;
  Request request{arena, connection, clock, host};
  CollectedLines collected;
};

}  // namespace uringx
