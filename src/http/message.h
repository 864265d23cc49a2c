// Request and response heads as plain data, without I/O: what the HTTP/1 parser gives and the HTTP/1 writer takes.
// Texts point into the exchange's arena (or constants) and live as long as it does; used on one worker's thread.
#pragma once

#include <cstdint>
#include <ctime>
#include <memory_resource>
#include <string_view>
#include <vector>

namespace uringx {

// nginx's known methods (ngx_http_request.h); the rest are `unknown` with their text kept.
enum class Method : std::uint8_t {
  unknown, get, head, post, put, del, mkcol, copy, move, options, propfind, proppatch, lock, unlock, patch, trace, connect
};

enum class HttpVersion : std::uint16_t { http_0_9 = 9, http_1_0 = 1000, http_1_1 = 1001, http_2_0 = 2000 };

struct HeaderField {
  std::string_view name;   // as sent
  std::string_view value;  // blanks round it removed
};

// A request head as received: RFC 9112 section 3, with nginx's leniencies.
struct RequestHead {
  Method method = Method::unknown;
  std::string_view method_text;
  std::string_view request_line;    // without its line ending ($request)
  std::string_view target;          // as sent: path and query ($request_uri); for absolute-form, from the path on
  std::string_view host_in_target;  // of absolute-form, as sent, else empty
  std::string_view scheme_in_target;
  HttpVersion version = HttpVersion::http_1_1;
  std::pmr::vector<HeaderField> fields;

  explicit RequestHead(std::pmr::memory_resource* memory) : fields(memory) {}

  // The first field of that name (compared without case), or nullptr.
  const HeaderField* find(std::string_view name) const;
};

inline constexpr std::int64_t kUnknownLength = -1;

// The answer's head under construction. Handlers fill it, header filters amend it, the writer prints it in nginx's order
// (ngx_http_header_filter_module.c): status line, Server, Date, Content-Type, Content-Length, Last-Modified, Location,
// Transfer-Encoding, Connection, Keep-Alive, then `fields` in order of addition.
struct ResponseHead {
  int status = 0;
  std::string_view status_text;  // overrides the reason phrase when not empty
  std::string_view content_type;
  std::string_view charset;      // "; charset=..." is appended when not empty
  std::int64_t content_length = kUnknownLength;
  std::time_t last_modified = -1;  // -1: none
  std::string_view etag;
  std::string_view location;
  bool accept_ranges = false;
  bool chunked = false;
  bool header_only = false;  // HEAD, 204, 304: no body follows whatever content_length says
  std::pmr::vector<HeaderField> fields;

  explicit ResponseHead(std::pmr::memory_resource* memory) : fields(memory) {}
};

}  // namespace uringx
