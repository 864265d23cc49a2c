#include "config/builder.h"

#include <fmt/format.h>

#include <algorithm>

#include "modules/core_main.h"
#include "modules/http_core.h"

namespace uringx {

Builder::Builder(RouteTable& routes, BuildPaths paths, std::vector<ConfigMessage>& messages)
    : routes_(routes), paths_(std::move(paths)), messages_(messages) {
  routes_.main = make_main_settings();
  routes_.http_location = make_location_settings();
  http_server_ = make_server_settings();
  scope_ = {kMain, &http_server_, &routes_.http_location, nullptr, nullptr};
}

Builder::Step Builder::build(const ConfigTree& globals, const ConfigTree& file) {
  if (auto done = build_tree(globals); !done) return done;
  if (auto done = build_tree(file); !done) return done;
  return finish_main();
}

Builder::Step Builder::build_tree(const ConfigTree& tree) {
  tree_ = &tree;
  if (auto done = walk(tree.directives); !done) return done;
  if (tree.error) return std::unexpected(*tree.error);
  return {};
}

Builder::Step Builder::walk(const std::vector<Directive>& block) {
  for (const Directive& directive : block) {
    if (auto done = handle(directive); !done) return done;
  }
  return {};
}

// The checks of ngx_conf_handler, in its order.
Builder::Step Builder::handle(const Directive& directive) {
  at(directive);
  const std::string& name = directive.name();
  const std::span<const TableEntry> entries = find_directive(name);
  if (entries.empty()) return refuse(fmt::format("unknown directive \"{}\"", until_nul(name)));
  const auto allowed = std::find_if(entries.begin(), entries.end(), [&](const TableEntry& entry) {
    return entry.row.contexts & scope_.context;
  });
  if (allowed == entries.end()) return refuse(fmt::format("\"{}\" directive is not allowed here", name));
  const bool wants_block = allowed->row.arity & kBlock;
  if (!wants_block && directive.has_block)
    return refuse(fmt::format("directive \"{}\" is not terminated by \";\"", name));
  if (wants_block && !directive.has_block)
    return refuse(fmt::format("directive \"{}\" has no opening \"{{\"", name));
  if (!arity_allows(allowed->row.arity, directive.words.size() - 1)) {
    return refuse(fmt::format("invalid number of arguments in \"{}\" directive", name));
  }
  if (allowed->structure != Structure::none) return shape(allowed->structure, directive);
  return apply(*allowed, directive);
}

Builder::Step Builder::apply(const TableEntry& entry, const Directive& directive) {
  switch (entry.row.standing) {
    case Standing::served:
    case Standing::no_meaning: break;
    case Standing::unserved:
      return refuse(fmt::format("the directive \"{}\" of {} is known to nginx but not served by uringx yet",
                                directive.name(), entry.unserved_module));
  }
  note_use(entry.module->id);
  SettingsSet* set = nullptr;
  switch (entry.row.level) {
    case Level::main: set = &routes_.main; break;
    case Level::server: set = scope_.server; break;
    case Level::location: set = scope_.location; break;
  }
  if (auto applied = entry.row.apply(*this, directive, *set->at(entry.module->id)); !applied) {
    return refuse(std::move(applied.error()), directive.name());
  }
  if (directive.has_block && !directive.closed) return std::unexpected(*tree_->error);
  return {};
}

Builder::Step Builder::shape(Structure structure, const Directive& directive) {
  switch (structure) {
    case Structure::none: break;
    case Structure::events: return begin_events(directive);
    case Structure::http: return begin_http(directive);
    case Structure::server: return begin_server(directive);
    case Structure::location: return begin_location(directive);
    case Structure::if_: return begin_if(directive);
    case Structure::limit_except: return begin_limit_except(directive);
    case Structure::listen: return add_listen(directive);
    case Structure::server_name: return add_server_names(directive);
  }
  return {};
}

Builder::Step Builder::read_block(const Directive& directive, const Scope& scope) {
  const Scope outer = scope_;
  scope_ = scope;
  if (auto done = walk(directive.block); !done) return done;
  scope_ = outer;
  if (!directive.closed) return std::unexpected(*tree_->error);
  place_ = {*directive.end_file, directive.end_line};
  return {};
}

Builder::Step Builder::begin_events(const Directive& directive) {
  if (events_seen_) return refuse("\"events\" directive is duplicate");
  events_seen_ = true;
  Scope scope = scope_;
  scope.context = kEvents;
  return read_block(directive, scope);
}

Builder::Step Builder::begin_http(const Directive& directive) {
  if (http_seen_) return refuse("\"http\" directive is duplicate");
  http_seen_ = true;
  Scope scope = scope_;
  scope.context = kHttp;
  if (auto done = read_block(directive, scope); !done) return done;
  return end_http();
}

Builder::Step Builder::end_http() {
  if (auto done = inherit_all(*this, routes_, http_server_); !done) return refuse(std::move(done.error()));
  if (auto done = index_all_locations(); !done) return done;
  if (auto checked = listens_.check_certificates(); !checked) return refuse(std::move(checked.error()));
  if (auto resolved = routes_.variables.resolve(); !resolved) {
    return refuse(Refusal{.message = std::move(resolved.error()), .without_place = true});
  }
  const auto& core = http_server_.get<HttpCoreServer>();
  auto sizes = check_hash_sizes("variables_hash", *core.variables_hash_max_size,
                                *core.variables_hash_bucket_size, HashKeys::some);
  if (!sizes) return refuse(std::move(sizes.error()));
  return make_listens();
}

Builder::Step Builder::make_listens() {
  std::vector<std::string> warnings;
  auto listens = listens_.finish(warnings);
  for (std::string& warning : warnings) message(LogLevel::warn, std::move(warning));
  if (!listens) return refuse(std::move(listens.error()));
  routes_.listens = std::move(*listens);
  return {};
}

// ----------------------------------------------------------------------------------- when all files are read

Builder::Step Builder::finish_main() {
  place_ = {};
  has_read_ = true;
  warn_of_affinity();
  if (!events_seen_) return refuse("no \"events\" section in configuration");
  auto& core = routes_.main.get<CoreMainSettings>();
  // ngx_log_open_default: there is always a file.
  const auto is_file = [](const ErrorLogTarget& target) { return target.log_file != ErrorLogTarget::kNoFile; };
  if (std::ranges::none_of(*core.error_log, is_file)) {
    core.error_log.amend().push_back({.log_file = log_file(paths_.error_log)});
  }
  if (!http_seen_) {
    if (auto done = inherit_all(*this, routes_, http_server_); !done) return refuse(std::move(done.error()));
  }
  if (routes_.variables.uses_realpath_root()) note_use(ModuleId::realpath_root);
  routes_.handlers = HandlerLists(routes_.used_modules);
  resolve_error_logs();
  if (auto opened = routes_.shared_zones.open(); !opened) {
    return refuse(Refusal{.message = std::move(opened.error()), .without_place = true});
  }
  if (auto enough = check_connections(); !enough) return enough;
  return check_thread_pools();
}

// ngx_event_init_conf.
Builder::Step Builder::check_connections() const {
  const std::int64_t connections = routes_.main.get<EventsSettings>().worker_connections->count;
  const std::size_t sockets = routes_.listens.size();
  if (connections >= static_cast<std::int64_t>(sockets) + 1) return {};
  return refuse(
      fmt::format("{} worker_connections are not enough for {} listening sockets", connections, sockets));
}

// ngx_thread_pool_init_conf: a pool may be used before it is defined, and "default" needs no definition.
Builder::Step Builder::check_thread_pools() const {
  for (const ThreadPool& pool : routes_.main.get<CoreMainSettings>().thread_pools) {
    if (pool.defined || pool.name == kDefaultThreadPool) continue;
    return refuse(fmt::format("unknown thread pool \"{}\" in {}", pool.name, pool.first_place));
  }
  return {};
}

// ngx_core_module_init_conf.
void Builder::warn_of_affinity() {
  const auto& core = routes_.main.get<CoreMainSettings>();
  const std::size_t masks = core.worker_cpu_affinity->size();
  const std::int64_t processes = core.worker_processes->count;
  if (!core.worker_cpu_affinity_auto && masks > 1 && static_cast<std::int64_t>(masks) != processes) {
    message(LogLevel::warn,
            "the number of \"worker_processes\" is not equal to the number of \"worker_cpu_affinity\" masks, "
            "using last mask for remaining worker processes");
  }
}

void Builder::resolve_error_logs() {
  const auto make = [this](const std::vector<ErrorLogTarget>& targets) {
    ErrorLog log;
    for (const ErrorLogTarget& target : targets) {
      LogFile* const file =
          target.log_file == ErrorLogTarget::kNoFile ? nullptr : routes_.log_files[target.log_file].get();
      log.add({file, target.level, target.syslog, target.memory});
    }
    return log;
  };
  const auto& main_targets = *routes_.main.get<CoreMainSettings>().error_log;
  routes_.error_log = make(main_targets);
  for_each_location_settings(routes_, [&](SettingsSet& set) {
    auto& core = set.get<HttpCoreLocation>();
    core.error_log_targets = make(core.error_log.is_set() ? *core.error_log : main_targets);
  });
}

// -------------------------------------------------------------------------------------- what modules ask for

LocationFacts Builder::location() const {
  const Location* block = scope_.location_block;
  if (block == nullptr) return {};
  return {block->name, block->kind == Location::Kind::named, block->kind == Location::Kind::regex};
}

// ngx_get_full_name.
std::string Builder::full_path(std::string_view path) {
  return path.starts_with('/') ? std::string(path) : paths_.prefix + std::string(path);
}

std::string Builder::full_conf_path(std::string_view path) {
  return path.starts_with('/') ? std::string(path) : paths_.conf_directory + std::string(path);
}

std::expected<Template, Refusal> Builder::compile_template(std::string_view text) {
  auto compiled = Template::compile(text, routes_.variables);
  if (!compiled) return std::unexpected(Refusal{std::move(compiled.error())});
  return std::move(*compiled);
}

std::expected<Regex, Refusal> Builder::compile_regex(std::string_view pattern, bool caseless) {
  auto compiled = Regex::compile(pattern, caseless, routes_.variables);
  if (!compiled) return std::unexpected(Refusal{std::move(compiled.error())});
  return std::move(*compiled);
}

std::uint32_t Builder::log_file(const std::string& full_path) {
  auto& files = routes_.log_files;
  for (const std::unique_ptr<LogFile>& file : files) {
    if (file->path == full_path) return file->index;
  }
  const auto index = static_cast<std::uint32_t>(files.size());
  files.push_back(std::make_unique<LogFile>(LogFile{.path = full_path, .fd = -1, .index = index}));
  return index;
}

const LogFile& Builder::secret_log_file(const std::string& full_path) {
  LogFile& file = *routes_.log_files[log_file(full_path)];
  file.secret = true;
  return file;
}

void Builder::warn(std::string text) { message(LogLevel::warn, with_place(std::move(text))); }

std::string Builder::with_place(std::string text) const {
  return config_error_text({.message = std::move(text), .file = place_.file, .line = place_.line});
}

std::unexpected<ConfigError> Builder::refuse(Refusal refusal, std::string_view directive_name) const {
  ConfigError error;
  error.message = refusal.about_directive
                      ? fmt::format("\"{}\" directive {}", directive_name, refusal.message)
                      : std::move(refusal.message);
  if (!refusal.without_place) {
    error.file = place_.file;
    error.line = place_.line;
  }
  return std::unexpected(std::move(error));
}

}  // namespace uringx
