// rewrite: for now its `return` (ngx_http_rewrite_module.c); rewrite, if, set and break take their place beside it.
// Settings are const after the build; the handler is pure and runs in both rewrite phases.
#pragma once

#include <optional>

#include "modules/handler.h"
#include "modules/variables.h"

namespace uringx {

struct RewriteSettings : Settings {
  static constexpr ModuleId kModule = ModuleId::rewrite;

  struct Return {
    int status = 0;
    std::optional<Template> text;  // body, or URL of a redirect
  };
  Setting<Return> return_;  // the first one of the block; not inherited
};

extern const Module kRewriteModule;

HandlerResult handle_rewrite(Request& request, HandlerState& state, const HandlerInput& input);

}  // namespace uringx
