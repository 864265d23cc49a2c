// load_config reads a configuration from its files to a RouteTable, or gives the first error in nginx's
// words. Called on the master's main thread, at start, for -t and for every reload; it opens no log files and
// no sockets.
#pragma once

#include <expected>
#include <memory>
#include <string>
#include <vector>

#include "config/route_table.h"
#include "parser/config_tree.h"

namespace uringx {

struct LoadOptions {
  std::string prefix;            // -p, ends in '/'
  std::string conf_file;         // -c, made absolute against the prefix
  std::string global_directives; // -g
  std::string error_log_path;    // -e, made absolute: the default error log ("stderr" allowed)
};

// A message the build printed, to be logged as "uringx: [LEVEL] MESSAGE".
struct ConfigMessage {
  LogLevel level;
  std::string text;   // complete with " in FILE:LINE"
  bool after_reading = false;  // found when all files were read and their syntax is out of question
};

struct LoadedConfig {
  std::shared_ptr<const RouteTable> routes;  // nullptr when refused
  std::vector<ConfigMessage> messages;       // warnings; last one an emerg when refused
  std::vector<ConfigFile> files;             // read so far
};

LoadedConfig load_config(const LoadOptions& options);

}  // namespace uringx
