#include "tests/golden/model_dump.h"

#include <fmt/format.h>

#include <vector>

#include "modules/core_main.h"
#include "modules/http_core.h"
#include "modules/index.h"
#include "modules/types.h"

namespace uringx {
namespace {

struct Line {
  std::string_view name;
  std::string value;
};

std::string on_off(bool value) { return value ? "on" : "off"; }

std::string error_log_text(const HttpCoreLocation& core, const RouteTable& routes) {
  const auto& in_main = routes.main.get<CoreMainSettings>().error_log;
  std::string text;
  for (const ErrorLogTarget& target : core.error_log.is_set() ? *core.error_log : *in_main) {
    const std::string& path = routes.log_files[target.log_file]->path;
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", path.empty() ? "stderr" : path,
                        log_level_name(target.level));
  }
  return text;
}

std::string root_text(const RootPath& root) {
  std::string text = fmt::format("{} {}", root.alias ? "alias" : "root", root.path.source());
  if (!root.path.constant()) text += " (variables)";
  if (root.alias && root.alias_of_regex) text += " (whole name)";
  if (root.alias && !root.alias_of_regex) text += fmt::format(" for {} bytes", root.alias_bytes);
  return text;
}

std::string names_of(const IndexSettings& settings) {
  std::string text;
  for (const Template& name : *settings.names) text += (text.empty() ? "" : " ") + name.source();
  return text;
}

std::vector<Line> location_lines(const SettingsSet& set, const RouteTable& routes) {
  const auto& core = set.get<HttpCoreLocation>();
  const OpenFileCacheSettings& cache = *core.open_file_cache;
  return {
      {"root", root_text(*core.root)},
      {"internal", on_off(*core.internal)},
      {"error_log", error_log_text(core, routes)},
      {"index", names_of(set.get<IndexSettings>())},
      {"default_type", *set.get<TypesSettings>().default_type},
      {"sendfile", on_off(*core.sendfile)},
      {"tcp_nopush", on_off(*core.tcp_nopush)},
      {"client_max_body_size", std::to_string(core.client_max_body_size->count)},
      {"keepalive_timeout", fmt::format("{} ms, header {} s", core.keepalive_timeout->timeout.count,
                                        core.keepalive_timeout->header.count)},
      {"keepalive_requests", std::to_string(core.keepalive_requests->count)},
      {"send_timeout", std::to_string(core.send_timeout->count)},
      {"lingering_close", std::to_string(static_cast<int>(*core.lingering_close))},
      {"server_tokens", std::to_string(static_cast<int>(*core.server_tokens))},
      {"etag", on_off(*core.etag)},
      {"max_ranges", std::to_string(core.max_ranges->count)},
      {"satisfy", std::to_string(static_cast<int>(*core.satisfy))},
      {"open_file_cache", fmt::format("{} for {} s", cache.entries_max, cache.inactive.count)},
  };
}

std::vector<Line> server_lines(const SettingsSet& set) {
  const auto& core = set.get<HttpCoreServer>();
  return {
      {"client_header_timeout", std::to_string(core.client_header_timeout->count)},
      {"client_header_buffer_size", std::to_string(core.client_header_buffer_size->count)},
      {"large_client_header_buffers", fmt::format("{} of {}", core.large_client_header_buffers->count,
                                                  core.large_client_header_buffers->bytes_each)},
      {"merge_slashes", on_off(*core.merge_slashes)},
      {"underscores_in_headers", on_off(*core.underscores_in_headers)},
  };
}

std::string_view kind_name(Location::Kind kind) {
  switch (kind) {
    case Location::Kind::server: return "server";
    case Location::Kind::prefix: return "prefix";
    case Location::Kind::exact: return "exact";
    case Location::Kind::no_regex: return "no_regex";
    case Location::Kind::regex: return "regex";
    case Location::Kind::named: return "named";
    case Location::Kind::unnamed: return "if";
  }
  return "";
}

class Dump {
 public:
  explicit Dump(const RouteTable& routes) : routes_(routes) {}

  std::string run() {
    for (const ListenSocket& socket : routes_.listens) put_socket(socket);
    for (const std::unique_ptr<ServerBlock>& server : routes_.servers) put_server(*server);
    if (routes_.servers.empty())
      put_lines("main ", location_lines(routes_.http_location, routes_), location_defaults());
    return std::move(text_);
  }

 private:
  void put_socket(const ListenSocket& socket) {
    const ListenOptions& o = socket.options;
    text_ += "listen " + socket.address.text();
    if (o.backlog != 511) text_ += fmt::format(" backlog={}", o.backlog);
    if (o.receive_buffer_bytes != -1) text_ += fmt::format(" rcvbuf={}", o.receive_buffer_bytes);
    if (o.send_buffer_bytes != -1) text_ += fmt::format(" sndbuf={}", o.send_buffer_bytes);
    if (o.fastopen != -1) text_ += fmt::format(" fastopen={}", o.fastopen);
    if (o.deferred) text_ += " deferred";
    if (o.reuseport) text_ += " reuseport";
    if (!o.ipv6only) text_ += " ipv6only=off";
    if (o.so_keepalive) {
      text_ += fmt::format(" so_keepalive={}:{}:{}:{}", on_off(o.so_keepalive->on), o.so_keepalive->idle_s,
                           o.so_keepalive->interval_s, o.so_keepalive->count);
    }
    text_ += fmt::format(", default \"{}\"\n", socket.servers.default_server().server_name);
    for (const ListenSocket::Specific& one : socket.specific) {
      text_ += fmt::format("  on {}, default \"{}\"\n", one.address.text(),
                           one.servers.default_server().server_name);
    }
  }

  void put_server(const ServerBlock& server) {
    text_ += "server";
    for (const ServerBlock::Name& name : server.names) text_ += fmt::format(" \"{}\"", name.text);
    text_ += '\n';
    put_lines("  ", server_lines(server.settings), server_defaults());
    put_lines("  ", location_lines(server.root.settings, routes_), location_defaults());
    put_locations(server.root, "  ");
  }

  void put_locations(const Location& level, const std::string& indent) {
    const std::vector<Line> above = location_lines(level.settings, routes_);
    for (const std::unique_ptr<Location>& one : level.nested) {
      text_ += fmt::format("{}{} \"{}\"\n", indent, kind_name(one->kind), one->name);
      put_lines(indent + "  ", location_lines(one->settings, routes_), above);
      if (one->limit_except_settings != nullptr) {
        text_ += fmt::format("{}  limit_except {:#x}\n", indent, one->limit_except_allowed);
      }
      put_locations(*one, indent + "  ");
    }
  }

  // Only what differs.
  void put_lines(const std::string& indent, const std::vector<Line>& lines, const std::vector<Line>& above) {
    for (std::size_t i = 0; i < lines.size(); ++i) {
      if (lines[i].value == above[i].value) continue;
      text_ += fmt::format("{}{}: {}\n", indent, lines[i].name, lines[i].value);
    }
  }

  static std::vector<Line> server_defaults() {
    SettingsSet set;
    set.put(ModuleId::http_core, make_settings<HttpCoreServer>());
    return server_lines(set);
  }

  std::vector<Line> location_defaults() const {
    SettingsSet set;
    set.put(ModuleId::http_core, make_settings<HttpCoreLocation>());
    set.put(ModuleId::index, make_settings<IndexSettings>());
    set.put(ModuleId::types, make_settings<TypesSettings>());
    return location_lines(set, routes_);
  }

  const RouteTable& routes_;
  std::string text_;
};

}  // namespace

std::string dump_model(const LoadedConfig& loaded, const std::string& folder) {
  std::string text;
  for (const ConfigMessage& message : loaded.messages) {
    text += fmt::format("[{}] {}\n", log_level_name(message.level), message.text);
  }
  if (loaded.routes != nullptr) {
    for (const std::string& notice : loaded.routes->notices) text += fmt::format("[notice] {}\n", notice);
    text += Dump(*loaded.routes).run();
  }
  for (std::size_t at = text.find(folder); at != std::string::npos; at = text.find(folder, at)) {
    text.erase(at, folder.size());
  }
  return text;
}

}  // namespace uringx
