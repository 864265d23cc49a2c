// The built-in pages for errors and redirects, with nginx's markup and this product's name
// (ngx_http_special_response.c). Constants: nothing is copied or allocated; usable on any thread.
#pragma once

#include <cstdint>
#include <string_view>

namespace uringx {

enum class ServerTokens : std::uint8_t { off, on, build };  // the directive server_tokens

// What the Server field says: "uringx" or "uringx/0.1.0".
std::string_view server_text(ServerTokens tokens);

// The three pieces, in order. `head` is empty when there is no page for the code: then the body is empty,
// too, and without a Content-Type.
struct ErrorPage {
  std::string_view head;
  std::string_view tail;
  std::string_view padding;  // takes the page beyond 512 bytes: old MSIE and Chrome show their own below

  std::int64_t body_bytes() const {
    return static_cast<std::int64_t>(head.size() + tail.size() + padding.size());
  }
};

inline constexpr std::string_view kErrorPageType = "text/html";

// The page of a status or of nginx's own codes (494 to 498). `pad` is asked for by msie_padding, an MSIE or
// Chrome (browser.h) and HTTP/1.0 or later, and counts for 4xx and 5xx only.
ErrorPage error_page(int status, ServerTokens tokens, bool pad);

}  // namespace uringx
