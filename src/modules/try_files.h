// try_files: the first of the named files or directories that exists, or the fallback (ngx_http_try_files_module.c).
// Settings are const after the build; the handler is pure and runs in the precontent phase.
#pragma once

#include <optional>
#include <vector>

#include "modules/handler.h"
#include "modules/variables.h"

namespace uringx {

struct TryFilesSettings : Settings {
  static constexpr ModuleId kModule = ModuleId::try_files;

  struct Candidate {
    Template name;           // without the trailing '/' of a directory
    bool directory = false;
  };
  struct Value {
    std::vector<Candidate> candidates;
    Template fallback;
    std::optional<int> fallback_status;  // "=404"
  };
  Setting<Value> files;  // not inherited: nginx's location does not take its parent's
};

extern const Module kTryFilesModule;

HandlerResult handle_try_files(Request& request, HandlerState& state, const HandlerInput& input);

}  // namespace uringx
