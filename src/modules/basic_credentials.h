// The name and password of "Authorization: Basic ..." (ngx_http_auth_basic_user).
// Pure; the texts are in the request's arena.
#pragma once

#include <optional>
#include <string_view>

#include "modules/request.h"

namespace uringx {

struct BasicCredentials {
  std::string_view user;  // never empty
  std::string_view password;
};

// nullopt when there is no such field or it is malformed.
std::optional<BasicCredentials> basic_credentials(Request& request);

}  // namespace uringx
