// userid: cookies that tell clients apart, compatible with Apache's mod_uid (ngx_http_userid_filter_module.c).
// Settings are const after the build; filter and variables run on the request's worker's thread.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "modules/handler.h"
#include "modules/module.h"
#include "modules/variables.h"

namespace uringx {

struct UserIdSettings : Settings {
  static constexpr ModuleId kModule = ModuleId::userid;

  enum class State : std::uint8_t { off, log, v1, on };
  struct Enabled {
    State state = State::off;
    Template reset;  // $uid_reset
  };
  Setting<Enabled> enabled;
  Setting<Number> service;  // unset: of the server's address
  Setting<std::string> name{"uid"};
  Setting<std::string> domain;              // "; domain=..." or empty
  Setting<std::string> path{"; path=/"};
  Setting<std::string> p3p;
  Setting<std::int64_t> expires_s{0};       // 0: with the browser's session
  Setting<unsigned> flags{0};               // which are sent after the path
  Setting<char> mark{'\0'};                 // in the place of the first "=" of the cookie; '\0': none
};

// A client's number in this request; made when first asked for, forgotten by an internal redirect.
struct UserId {
  using Number = std::array<std::uint32_t, 4>;  // as in memory: the bytes of the cookie
  Number got{};
  Number set{};
  std::string_view cookie;
  bool reset = false;
};

extern const Module kUserIdModule;

// A HeaderFilter: sends the cookie where one is due.
void filter_userid(Request& request);

}  // namespace uringx
