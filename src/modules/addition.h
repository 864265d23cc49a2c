// add_before_body, add_after_body: the bodies of other requests round that of an answer (ngx_http_addition_filter_module).
// Settings are const after the build.
#pragma once

#include <string>

#include "modules/module.h"
#include "modules/type_list.h"

namespace uringx {

struct AdditionSettings : Settings {
  static constexpr ModuleId kModule = ModuleId::addition;
  Setting<std::string> before;  // URIs; empty: nothing
  Setting<std::string> after;
  Setting<TypeList> types{TypeList::text_html()};
};

extern const Module kAdditionModule;

}  // namespace uringx
