// Prints a ResponseHead as HTTP/1, in nginx's order (ngx_http_header_filter). Stateless: called on the
// worker's thread that owns the head and the buffer.
//
// This is the one place where texts become header lines, and so the one that guarantees their shape: every
// CR, LF and NUL in a text of the head or of WireOptions is printed as a blank, wherever the text came from.
// A decoded URI or an argument in `add_header X $uri` can therefore never begin a line of its own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "http/message.h"

namespace uringx {

struct WireOptions {
  HttpVersion version = HttpVersion::http_1_1;  // of the request; HTTP/0.9 gets no head at all
  bool keep_alive = false;
  std::int64_t keep_alive_timeout_s = 0;  // keepalive_timeout's second argument, 0: no Keep-Alive field
  std::string_view server_text = {};      // "uringx/0.1.0"; empty: no Server field
  std::string_view date_text = {};        // 29 bytes, made once a second
};

// head.last_modified as text, kHttpDateBytes of it; returns their end. Copied when the file's texts are of that time.
char* write_last_modified(char* out, const ResponseHead& head);

// A size that the printed head cannot exceed.
std::size_t response_head_bytes_max(const ResponseHead& head, const WireOptions& options);

// Prints it with its empty line and returns the end. `out` holds response_head_bytes_max().
char* write_response_head(char* out, const ResponseHead& head, const WireOptions& options);

}  // namespace uringx
