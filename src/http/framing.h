// What a whole request head says about the body after it and the connection
// (ngx_http_process_request_header). Pure functions, usable on any thread.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

#include "http/message.h"

namespace uringx {

struct BodyFraming {
  enum class Kind : std::uint8_t { none, sized, chunked };
  Kind kind = Kind::none;
  std::int64_t body_bytes = 0;  // of `sized`, 0 included
};

enum class FramingFault : std::uint8_t {
  duplicate_field,
  no_host,  // HTTP/1.1 without Host
  bad_content_length,
  transfer_encoding_in_http_1_0,
  length_and_transfer_encoding,
  unknown_transfer_encoding,  // 501
  connect_method,             // 405
  trace_method,               // 405
};

struct FramingError {
  FramingFault fault = FramingFault::no_host;
  int status = 400;
  const HeaderField* field = nullptr;     // the one at fault, of the head given
  const HeaderField* previous = nullptr;  // of duplicate_field: the first of its name
};

// Judges a whole head in nginx's order. Duplicates of single fields come first: nginx refuses them where they
// stand, before later fields are read. A server that wants that asks duplicate_of() after each field.
std::expected<BodyFraming, FramingError> body_framing(const RequestHead& head);

// The earlier field when `field`, just added to `head` as the known field it is, may stand only once; else
// nullptr.
const HeaderField* duplicate_of(const RequestHead& head, KnownField known);

// nginx's error log text for it (level info).
std::string log_text(const FramingError& error);

enum class ConnectionOption : std::uint8_t { none, close, keep_alive };

// The last Connection field that says either word anywhere in it, without case (ngx_http_process_connection).
ConnectionOption connection_option(const RequestHead& head);

// Whether the client lets the connection stay: by its option, else from HTTP/1.1 on.
bool wants_keep_alive(const RequestHead& head);

// "Expect: 100-continue" that is to be answered before the body is read: RFC 9110 section 10.1.1, from
// HTTP/1.1 on, any case (ngx_http_test_expect).
bool expects_continue(const RequestHead& head);

inline constexpr std::string_view kContinueResponse = "HTTP/1.1 100 Continue\r\n\r\n";

// A decimal number of at most 2^63 - 1, digits only (ngx_atoof); -1 when it is none.
std::int64_t parse_content_length(std::string_view text);

}  // namespace uringx
