// random_index: a file of the directory, chosen by chance, in the place of an index (ngx_http_random_index_module.c).
// Settings are const after the build; the handler is pure, the choice is made on the thread that reads the directory.
#pragma once

#include "modules/handler.h"
#include "modules/module.h"

namespace uringx {

struct RandomIndexSettings : Settings {
  static constexpr ModuleId kModule = ModuleId::random_index;

  Setting<bool> random_index{false};
};

extern const Module kRandomIndexModule;

HandlerResult handle_random_index(Request& request, HandlerState& state, const HandlerInput& input);

}  // namespace uringx
