// charset: the name of the character set that goes into Content-Type (ngx_http_charset_filter_module, without recoding).
// Settings are built with the configuration, const afterwards; the filter runs on the request's worker's thread.
#pragma once

#include <optional>
#include <string_view>

#include "modules/handler.h"
#include "modules/module.h"
#include "modules/type_list.h"
#include "modules/variables.h"

namespace uringx {

struct CharsetSettings : Settings {
  static constexpr ModuleId kModule = ModuleId::charset;

  CharsetSettings();

  Setting<std::optional<Template>> charset;         // nullopt: off
  Setting<std::optional<Template>> source_charset;  // of the files; another one than `charset` would need recoding
  Setting<bool> override_charset{false};
  Setting<TypeList> types;
};

extern const Module kCharsetModule;

// A HeaderFilter. Running it twice changes nothing: autoindex needs the name before it makes its page.
void filter_charset(Request& request);

}  // namespace uringx
