// rewrite, set, if, break and return (ngx_http_rewrite_module.c): the directives of one block, those of its ifs included,
// are one script. Settings are const after the build; the handler is pure and runs in both rewrite phases.
#pragma once

#include <memory>

#include "modules/build_context.h"
#include "modules/handler.h"
#include "modules/rewrite_script.h"

namespace uringx {

struct RewriteSettings : Settings {
  static constexpr ModuleId kModule = ModuleId::rewrite;

  // nullptr: the block has none of these directives. The block of an if shares that of the block around it.
  std::shared_ptr<RewriteScript> script;
  Setting<bool> rewrite_log{false};
  Setting<bool> uninitialized_variable_warn{true};
};

extern const Module kRewriteModule;

// The step that an if's block begins with: its condition is added to the script of the block around it.
// `settings`: of an if in a location, what its block sets; nullptr at server level. Returns the step's index for end_if().
std::expected<std::size_t, Refusal> begin_if(BuildContext& context, const Directive& directive, RewriteSettings& outer,
                                             RewriteSettings& inner, const SettingsSet* settings);
// The block was read: here goes on who does not enter it.
void end_if(RewriteSettings& outer, std::size_t if_step);

HandlerResult handle_rewrite(Request& request, HandlerState& state, const HandlerInput& input);
// The same in a location: the server's own script has run by then and must not run again as that of a location
// (ngx_http_rewrite_handler).
HandlerResult handle_location_rewrite(Request& request, HandlerState& state, const HandlerInput& input);

}  // namespace uringx
