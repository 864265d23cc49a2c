// The head of an answer as HTTP/2 has it: a list of fields, names in lower case (ngx_http_v2_header_filter). Stateless;
// called on the worker's thread that owns the head.
//
// This is the one place where texts become fields of HTTP/2, and so the one that guarantees their shape (RFC 9113 section
// 8.2): no CR, LF or NUL in a value and no blank round it, names that are tokens, and none of the fields that belong to a
// connection, whatever add_header says.
#pragma once

#include <span>
#include <string_view>

#include "base/arena.h"
#include "http/message.h"

namespace uringx {

struct Http2HeadOptions {
  std::string_view server_text;  // "uringx/0.1.0"; empty: no Server field
  std::string_view date_text;    // 29 bytes
};

// Texts are those of `head`, of the options, constants, or in `arena`.
std::span<const HeaderField> answer_fields(const ResponseHead& head, const Http2HeadOptions& options, Arena& arena);

// The same for fields behind a body.
std::span<const HeaderField> trailer_fields(std::span<const HeaderField> trailers, Arena& arena);

}  // namespace uringx
