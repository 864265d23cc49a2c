// Request and response heads as plain data, without I/O: what the HTTP/1 parser gives and the HTTP/1 writer
// takes. Texts point into the exchange's arena (or constants) and live as long as it does; used on one
// worker's thread.
#pragma once

#include <array>
#include <cstdint>
#include <ctime>
#include <memory_resource>
#include <string_view>
#include <vector>

#include "http/header_names.h"

namespace uringx {

class FileTexts;  // http/file_texts.h

// nginx's known methods (ngx_http_request.h); the rest are `unknown` with their text kept.
enum class Method : std::uint8_t {
  unknown,
  get,
  head,
  post,
  put,
  del,
  mkcol,
  copy,
  move,
  options,
  propfind,
  proppatch,
  lock,
  unlock,
  patch,
  trace,
  connect
};

// major * 1000 + minor. HTTP/1.2 and later minors keep their own number, so compare with < and >=.
enum class HttpVersion : std::uint16_t { http_0_9 = 9, http_1_0 = 1000, http_1_1 = 1001, http_2_0 = 2000 };

struct HeaderField {
  std::string_view name;   // as sent
  std::string_view value;  // blanks round it removed
};

// A request head as received: RFC 9112 section 3, with nginx's leniencies.
struct RequestHead {
  Method method = Method::unknown;
  std::string_view method_text;
  std::string_view request_line;  // without its line ending ($request)
  std::string_view target;  // as sent: path and query ($request_uri); for absolute-form, from the path on
  std::string_view host_in_target;  // of absolute-form and CONNECT, with its port, as sent, else empty
  std::string_view scheme_in_target;
  std::string_view protocol_text;   // "HTTP/1.1" ($server_protocol), empty for HTTP/0.9
  bool has_host_in_target = false;  // tells "http:///x" (an empty host: 400) from origin-form
  HttpVersion version = HttpVersion::http_1_1;
  std::pmr::vector<HeaderField> fields;  // filled through add_field

  explicit RequestHead(std::pmr::memory_resource* memory) : fields(memory) {}

  // Appends a field and remembers it when it is the first of its known name. Returns which one it is.
  KnownField add_field(const HeaderField& field);

  // The first field of that name (compared without case), or nullptr. A linear search, for names from a
  // configuration.
  const HeaderField* find(std::string_view name) const;

  // The first field of that known name, or nullptr, without a search; not for KnownField::other.
  const HeaderField* find(KnownField field) const {
    const auto slot = first_of_[static_cast<std::size_t>(field)];
    return slot == 0 ? nullptr : &fields[slot - 1u];
  }

  // Its value, or empty.
  std::string_view value(KnownField field) const {
    const HeaderField* found = find(field);
    return found == nullptr ? std::string_view{} : found->value;
  }

  // The first field that may stand once only and stands there again (is_single), or nullptr: answered 400.
  const HeaderField* first_duplicate() const { return duplicate_ == 0 ? nullptr : &fields[duplicate_ - 1u]; }

  // Moves every text that points into `old_text` to the same offset from `new_text`: for a head whose bytes
  // were copied while it was being received. `old_text` itself is not read, it may be gone.
  void rebase(std::string_view old_text, const char* new_text);

 private:
  std::array<std::uint16_t, kKnownFieldCount> first_of_{};  // index + 1, 0: none
  std::uint16_t duplicate_ = 0;                             // the same
};

inline constexpr std::int64_t kUnknownLength = -1;

// The answer's head under construction. Handlers fill it, header filters amend it, the writer prints it in
// nginx's order (ngx_http_header_filter_module.c): status line, Server, Date, Content-Type, Content-Length,
// Last-Modified, Location (made absolute), Transfer-Encoding, Connection, Keep-Alive, Vary, Location (as
// given), ETag, then `fields` in order of addition, then Accept-Ranges or Content-Range, which nginx's range
// filter adds last.
struct ResponseHead {
  int status = 0;
  std::string_view status_text;  // overrides the reason phrase when not empty
  std::string_view content_type;
  std::string_view content_encoding;  // also one of `fields`
  std::string_view charset;  // "; charset=..." is appended when not empty
  std::int64_t content_length = kUnknownLength;
  std::time_t last_modified = -1;  // -1: none; printed with 200, 206 and 304 only
  const FileTexts* file_texts = nullptr;  // of the file that is sent: write_last_modified() takes the date from there
  bool last_modified_in_fields = false;  // `fields` hold the text that was given for it
  std::string_view etag;
  std::size_t fields_before_etag = 0;  // so many of `fields` were there when it was set: they are printed first
  std::string_view location;  // printed unless its data() is null, even when empty (`return 301;`)
  // nginx prints a Location it completed itself (location.h) earlier than one given whole.
  bool location_made_absolute = false;
  std::string_view content_range;  // "bytes 0-1/1000"; instead of Accept-Ranges
  bool vary_accept_encoding = false;
  bool accept_ranges = false;
  bool ranges_unsaid = false;  // they are served, and Accept-Ranges does not say so
  bool chunked = false;
  bool header_only = false;  // HEAD, 204, 304: no body follows whatever content_length says
  std::pmr::vector<HeaderField> fields;
  std::pmr::vector<HeaderField> trailers;  // fields after a chunked body

  bool says_accept_ranges() const { return accept_ranges && !ranges_unsaid && content_range.empty(); }

  explicit ResponseHead(std::pmr::memory_resource* memory) : fields(memory), trailers(memory) {}

  // As if nothing had been set (ngx_http_clean_header).
  void clear() { *this = ResponseHead(fields.get_allocator().resource()); }
};

}  // namespace uringx
