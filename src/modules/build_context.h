// BuildContext is what a directive's apply function may ask of the build in progress: paths, templates, regexes, files
// to open later, warnings. Owned by config/'s builder, on the main thread, gone when the RouteTable stands.
#pragma once

#include <expected>
#include <string>
#include <string_view>

#include "base/error_log.h"
#include "base/shared_zone.h"
#include "modules/module.h"
#include "modules/regex.h"
#include "modules/variables.h"

namespace uringx {

// The location block whose settings are being written; at other levels the name is empty.
struct LocationFacts {
  std::string_view name;  // as written
  bool named = false;     // "@name"
  bool regex = false;
};

class BuildContext {
 public:
  virtual ~BuildContext() = default;

  virtual Context context() const = 0;
  virtual LocationFacts location() const = 0;
  // Warnings and a refusal from here on stand at this directive: a line of a block such as types{}.
  virtual void at(const Directive& directive) = 0;
  // An events{} or http{} block was begun: too late for load_module.
  virtual bool blocks_begun() const = 0;
  // Absolute: relative names are joined to the prefix (ngx_conf_full_name with prefix), or to the directory of the
  // main configuration file.
  virtual std::string full_path(std::string_view path) = 0;
  virtual std::string full_conf_path(std::string_view path) = 0;
  virtual VariableTable& variables() = 0;
  // Compiles and words the error as nginx does.
  virtual std::expected<Template, Refusal> compile_template(std::string_view text) = 0;
  // PCRE2 with nginx's error text; named captures are registered as variables.
  virtual std::expected<Regex, Refusal> compile_regex(std::string_view pattern, bool caseless) = 0;
  // The log file of that path ("" for stderr), opened by the master after the build; the same path gives the same index.
  virtual std::uint32_t log_file(const std::string& full_path) = 0;
  // The same for lines that nobody but its owner may read.
  virtual const LogFile& secret_log_file(const std::string& full_path) = 0;
  // A configuration warning in nginx's form, with the place of the current directive.
  virtual void warn(std::string message) = 0;
  // The same where nginx names no place.
  virtual void warn_without_place(std::string message) = 0;
  // The zones of memory that all workers share, mapped when the whole configuration was read.
  virtual SharedZones& shared_zones() = 0;
  // Settings at the same level as the current directive, of another module.
  virtual SettingsSet& main_settings() = 0;
  virtual SettingsSet& server_settings() = 0;
  virtual SettingsSet& location_settings() = 0;
};

// The name in a directive's "$name" that defines a variable (map, geo, set), without its "$"; refused as nginx does:
// `invalid variable name "name"`, `the duplicate "name" variable`.
std::expected<std::string_view, Refusal> defined_variable(BuildContext& context, std::string_view word);

}  // namespace uringx
