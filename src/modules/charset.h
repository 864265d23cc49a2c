// charset: the name of the character set that goes into Content-Type, and bodies recoded into it with a charset_map
// (ngx_http_charset_filter_module).
// Settings are built with the configuration, const afterwards; the filter runs on the request's worker's thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "modules/charset_map.h"
#include "modules/handler.h"
#include "modules/module.h"
#include "modules/type_list.h"
#include "modules/variables.h"

namespace uringx {

// The charsets that a configuration names, and the maps between them.
struct CharsetMain : Settings {
  static constexpr ModuleId kModule = ModuleId::charset;

  struct Map {
    std::string first;
    std::string second;
    CharsetMap table;
  };

  // The name as it was written first: later ones in another case are the same (ngx_http_add_charset).
  std::string name_of(std::string_view name);
  // From `source` to `destination` in either direction, else null.
  const Map* find(std::string_view source, std::string_view destination) const;

  std::vector<std::string> names;
  std::vector<std::unique_ptr<const Map>> maps;
};

// A name, or a variable whose value is one.
struct CharsetName {
  std::string text;
  std::optional<std::uint16_t> variable;
};

struct CharsetSettings : Settings {
  static constexpr ModuleId kModule = ModuleId::charset;

  CharsetSettings();

  Setting<std::optional<CharsetName>> charset;         // nullopt: off
  Setting<std::optional<CharsetName>> source_charset;  // of the files; nullopt: the same
  Setting<bool> override_charset{false};
  Setting<TypeList> types;
  const CharsetMain* main = nullptr;
};

extern const Module kCharsetModule;

// A HeaderFilter.
void filter_charset(Request& request);

// What filter_charset() will put into Content-Type: autoindex needs the name before it makes its page.
std::string_view charset_to_be(Request& request);

}  // namespace uringx
