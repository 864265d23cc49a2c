// auth_basic: a name and a password before anything is served (ngx_http_auth_basic_module).
// Built with the configuration, const afterwards; the file of passwords is read for every request, by whoever drives it.
#pragma once

#include <string>

#include "modules/handler.h"
#include "modules/module.h"
#include "modules/variables.h"

namespace uringx {

struct AuthBasicSettings : Settings {
  static constexpr ModuleId kModule = ModuleId::auth_basic;

  struct UserFile {
    Template path;
    std::string prefix;  // what a value that is relative once evaluated is joined to; ends in '/'
  };
  Setting<Template> realm;  // "off": let everybody in
  Setting<UserFile> user_file;
};

extern const Module kAuthBasicModule;

HandlerResult handle_auth_basic(Request& request, HandlerState& state, const HandlerInput& input);

// Somebody else let the request in (satisfy any): the answer asks for no password.
void withdraw_challenge(Request& request);

}  // namespace uringx
