// ssi: pages with server side includes (ngx_http_ssi_filter_module), the directives and the variables; ssi_filter.h has the
// commands. Settings are const after the build.
#pragma once

#include "modules/module.h"
#include "modules/type_list.h"

namespace uringx {

struct SsiSettings : Settings {
  static constexpr ModuleId kModule = ModuleId::ssi;
  Setting<bool> enabled{false};
  Setting<bool> silent_errors{false};
  Setting<bool> last_modified{false};
  Setting<Bytes> value_length{Bytes{255}};
  Setting<TypeList> types{TypeList::text_html()};
};

extern const Module kSsiModule;

}  // namespace uringx
