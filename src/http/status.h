// Status lines as nginx prints them. Constants, usable on any thread.
#pragma once

#include <string_view>

namespace uringx {

// "200 OK"; empty for a code nginx has no words for: it prints the number in three digits and a blank.
std::string_view status_line(int status);

// nginx's own codes become 400 on the wire: 494 to 497 (header too large, certificate error, no certificate,
// plain HTTP on an HTTPS port). Others are themselves.
int wire_status(int status);

// Statuses whose answer is a Location: 301, 302, 303, 307, 308.
constexpr bool is_redirect(int status) {
  return (status >= 301 && status <= 303) || status == 307 || status == 308;
}

// Errors after which nginx does not keep the connection (ngx_http_special_response_handler).
bool closes_connection(int status);

}  // namespace uringx
