// index: for a URI that ends in '/', the first of the named files that exists (ngx_http_index_module.c).
// Settings are const after the build; the handler is pure and runs in the content phase.
#pragma once

#include <string>
#include <vector>

#include "modules/handler.h"
#include "modules/variables.h"

namespace uringx {

struct IndexSettings : Settings {
  static constexpr ModuleId kModule = ModuleId::index;

  Setting<std::vector<Template>> names{{}};  // empty: "index.html"
};

extern const Module kIndexModule;

// Probes each name in turn and redirects internally to the first that is there.
HandlerResult handle_index(Request& request, HandlerState& state, const HandlerInput& input);

}  // namespace uringx
