// Builder turns a ConfigTree into a RouteTable: it walks the directives in the order of writing and acts on
// each as nginx does while it reads (ngx_conf_handler). Made for one configuration, on the main thread; gone
// when the table stands.
#pragma once

#include <expected>
#include <string>
#include <vector>

#include "config/directive_table.h"
#include "config/inheritance.h"
#include "config/listen_builder.h"
#include "config/load_config.h"
#include "config/route_table.h"
#include "modules/build_context.h"
#include "parser/config_tree.h"

namespace uringx {

struct BuildPaths {
  std::string prefix;          // ends in '/'
  std::string conf_directory;  // of the main configuration file, ends in '/'
  std::string error_log;       // where errors go when no error_log says otherwise
};

class Builder final : public BuildContext {
 public:
  Builder(RouteTable& routes, BuildPaths paths, std::vector<ConfigMessage>& messages);

  using Step = std::expected<void, ConfigError>;

  // The directives of -g first, then the file's.
  Step build(const ConfigTree& globals, const ConfigTree& file);

  // All files were read to their end: what is wrong from there on is no matter of syntax.
  bool has_read() const { return has_read_; }

  // --- BuildContext ---
  Context context() const override { return scope_.context; }
  LocationFacts location() const override;
  void at(const Directive& directive) override { place_ = {*directive.file, directive.line}; }
  bool blocks_begun() const override { return events_seen_ || http_seen_; }
  std::string full_path(std::string_view path) override;
  std::string full_conf_path(std::string_view path) override;
  VariableTable& variables() override { return routes_.variables; }
  std::expected<Template, Refusal> compile_template(std::string_view text) override;
  std::expected<Regex, Refusal> compile_regex(std::string_view pattern, bool caseless) override;
  std::uint32_t log_file(const std::string& full_path) override;
  const LogFile& secret_log_file(const std::string& full_path) override;
  void warn(std::string message) override;
  void warn_without_place(std::string text) override { message(LogLevel::warn, std::move(text)); }
  SharedZones& shared_zones() override { return routes_.shared_zones; }
  SettingsSet& main_settings() override { return routes_.main; }
  SettingsSet& server_settings() override { return *scope_.server; }
  SettingsSet& location_settings() override { return *scope_.location; }

 private:
  struct Place {
    std::string file;
    unsigned line = 0;
  };
  // The block whose directives are being read.
  struct Scope {
    Context context = kMain;
    SettingsSet* server = nullptr;
    SettingsSet* location = nullptr;
    ServerBlock* server_block = nullptr;
    Location* location_block = nullptr;
  };

  Step build_tree(const ConfigTree& tree);
  Step walk(const std::vector<Directive>& block);
  Step handle(const Directive& directive);
  Step apply(const TableEntry& entry, const Directive& directive);
  Step shape(Structure structure, const Directive& directive);
  // Reads a block in a scope of its own; when its text ends too early, the tree's error.
  Step read_block(const Directive& directive, const Scope& scope);

  Step begin_events(const Directive& directive);
  Step begin_http(const Directive& directive);
  Step begin_server(const Directive& directive);
  Step begin_location(const Directive& directive);
  Step begin_if(const Directive& directive);
  Step begin_limit_except(const Directive& directive);
  Step add_listen(const Directive& directive);
  Step add_server_names(const Directive& directive);
  Step add_address(ServerBlock& server, const SocketAddress& address, const ListenOptions& options);

  void note_use(ModuleId module) { routes_.used_modules.set(static_cast<std::size_t>(module)); }

  Applied name_location(Location& location, const Directive& directive);
  Applied check_nesting(const Location& location) const;
  Applied add_server_name(ServerBlock& server, const std::string& word);

  Step end_http();
  Step index_all_locations();
  Step make_listens();
  Step finish_main();
  void warn_of_affinity();
  Step check_connections() const;
  Step check_thread_pools() const;
  void resolve_error_logs();

  // A refusal at the current place, or of a directive as a whole.
  std::unexpected<ConfigError> refuse(Refusal refusal, std::string_view directive_name = {}) const;
  std::unexpected<ConfigError> refuse(std::string message) const {
    return refuse(Refusal{std::move(message)});
  }
  void message(LogLevel level, std::string text) { messages_.push_back({level, std::move(text), has_read_}); }
  std::string with_place(std::string text) const;

  RouteTable& routes_;
  const BuildPaths paths_;
  std::vector<ConfigMessage>& messages_;
  ListenBuilder listens_;
  SettingsSet http_server_;  // server settings of http{} itself
  Scope scope_;
  Place place_;
  const ConfigTree* tree_ = nullptr;
  bool events_seen_ = false;
  bool http_seen_ = false;
  bool has_read_ = false;
};

}  // namespace uringx
