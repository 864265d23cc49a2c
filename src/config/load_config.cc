#include "config/load_config.h"

#include <utility>

#include "config/builder.h"
#include "parser/config_parser.h"

namespace uringx {
namespace {

// The directory part of the file's name with its '/', as nginx finds conf_prefix.
std::string directory_of(const std::string& path) { return path.substr(0, path.rfind('/') + 1); }

void add_files(std::vector<ConfigFile>& files, std::vector<ConfigFile> more) {
  for (ConfigFile& file : more) files.push_back(std::move(file));
}

}  // namespace

LoadedConfig load_config(const LoadOptions& options) {
  const IncludeOptions includes{.conf_prefix = directory_of(options.conf_file),
                                .blocks_without_include = {"split_clients", "charset_map"}};
  ConfigTree globals = parse_config_text(options.global_directives, includes);
  ConfigTree file;
  // nginx does not open the file when -g is refused.
  if (!globals.error) file = parse_config_file(options.conf_file, includes);

  LoadedConfig loaded;
  auto routes = std::make_shared<RouteTable>();
  const std::string& error_log = options.error_log_path;
  Builder builder(*routes,
                  {options.prefix, includes.conf_prefix, error_log == "stderr" ? std::string() : error_log},
                  loaded.messages);
  const auto built = builder.build(globals, file);
  add_files(loaded.files, std::move(globals.files));
  add_files(loaded.files, std::move(file.files));
  if (!built) {
    const LogLevel level = built.error().level == "crit" ? LogLevel::crit : LogLevel::emerg;
    loaded.messages.push_back({level, config_error_text(built.error()), builder.has_read()});
    return loaded;
  }
  routes->files = loaded.files;
  loaded.routes = std::move(routes);
  return loaded;
}

}  // namespace uringx
