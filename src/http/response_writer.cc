#include "http/response_writer.h"

#include <algorithm>
#include <charconv>
#include <cstring>

#include "http/date.h"
#include "http/file_texts.h"
#include "http/line_break.h"
#include "http/status.h"

namespace uringx {

namespace {

// Constants go in without a look at their bytes.
template <std::size_t N>
char* put_constant(char* out, const char (&text)[N]) {
  std::memcpy(out, text, N - 1);
  return out + (N - 1);
}

// Any other text: see the header.
char* put(char* out, std::string_view text) {
  char* const end = std::copy(text.begin(), text.end(), out);
  if (find_line_break(out, end) != end) [[unlikely]] std::replace_if(out, end, breaks_lines, ' ');
  return end;
}

char* put(char* out, std::int64_t number) { return std::to_chars(out, out + 20, number).ptr; }

char* put_field(char* out, std::string_view name, std::string_view value) {
  out = put_constant(put(out, name), ": ");
  return put_constant(put(out, value), "\r\n");
}

char* put_status_line(char* out, const ResponseHead& head) {
  out = put_constant(out, "HTTP/1.1 ");
  const std::string_view known = status_line(head.status);
  if (head.status_text.empty() && !known.empty()) {
    std::memcpy(out, known.data(), known.size());
    return put_constant(out + known.size(), "\r\n");
  }
  // nginx's "%03ui ": a code without words keeps its blank.
  if (head.status < 100) *out++ = '0';
  if (head.status < 10) *out++ = '0';
  out = put_constant(put(out, std::int64_t{head.status}), " ");
  return put_constant(put(out, head.status_text), "\r\n");
}

char* put_connection(char* out, const ResponseHead& head, const WireOptions& options) {
  if (head.status == 101) return put_constant(out, "Connection: upgrade\r\n");
  if (!options.keep_alive) return put_constant(out, "Connection: close\r\n");
  out = put_constant(out, "Connection: keep-alive\r\n");
  if (options.keep_alive_timeout_s == 0) return out;
  out = put_constant(out, "Keep-Alive: timeout=");
  return put_constant(put(out, options.keep_alive_timeout_s), "\r\n");
}

// Content-Type, Content-Length and Last-Modified, as far as the status has them.
char* put_representation(char* out, const ResponseHead& head) {
  if (head.status == 204) return out;
  if (!head.content_type.empty()) {
    out = put(put_constant(out, "Content-Type: "), head.content_type);
    if (!head.charset.empty()) out = put(put_constant(out, "; charset="), head.charset);
    out = put_constant(out, "\r\n");
  }
  if (head.content_length >= 0) {
    out = put_constant(put(put_constant(out, "Content-Length: "), head.content_length), "\r\n");
  }
  const bool has_date = head.status == 200 || head.status == 206 || head.status == 304;
  if (head.last_modified != -1 && !head.last_modified_in_fields && has_date) {
    out = put_constant(write_last_modified(put_constant(out, "Last-Modified: "), head), "\r\n");
  }
  return out;
}

}  // namespace

char* write_last_modified(char* out, const ResponseHead& head) {
  if (head.file_texts == nullptr || head.file_texts->modified() != head.last_modified) return write_http_date(out, head.last_modified);
  const std::string_view kept = head.file_texts->last_modified();
  std::memcpy(out, kept.data(), kept.size());
  return out + kept.size();
}

std::size_t response_head_bytes_max(const ResponseHead& head, const WireOptions& options) {
  // Every constant line, number and date together; the longest status line known has 36 bytes.
  constexpr std::size_t kConstantBytes = 640;
  std::size_t size = kConstantBytes + head.status_text.size() + options.server_text.size() +
                     options.date_text.size() + head.content_type.size() + head.charset.size() +
                     head.location.size() + head.etag.size() + head.content_range.size();
  for (const HeaderField& field : head.fields) size += field.name.size() + field.value.size() + 4;
  return size;
}

char* write_response_head(char* out, const ResponseHead& head, const WireOptions& options) {
  if (options.version < HttpVersion::http_1_0) return out;
  out = put_status_line(out, head);
  if (!options.server_text.empty()) {
    out = put_constant(put(put_constant(out, "Server: "), options.server_text), "\r\n");
  }
  if (!options.date_text.empty()) {
    out = put_constant(put(put_constant(out, "Date: "), options.date_text), "\r\n");
  }
  out = put_representation(out, head);
  if (head.location.data() != nullptr && head.location_made_absolute) out = put_field(out, "Location", head.location);
  if (head.chunked) out = put_constant(out, "Transfer-Encoding: chunked\r\n");
  out = put_connection(out, head, options);
  if (head.vary_accept_encoding) out = put_constant(out, "Vary: Accept-Encoding\r\n");
  if (head.location.data() != nullptr && !head.location_made_absolute) out = put_field(out, "Location", head.location);
  const std::size_t early = std::min(head.fields_before_etag, head.fields.size());
  for (std::size_t i = 0; i < early; ++i) out = put_field(out, head.fields[i].name, head.fields[i].value);
  if (!head.etag.empty()) out = put_field(out, "ETag", head.etag);
  for (std::size_t i = early; i < head.fields.size(); ++i) out = put_field(out, head.fields[i].name, head.fields[i].value);
  if (!head.content_range.empty()) {
    out = put_field(out, "Content-Range", head.content_range);
  } else if (head.says_accept_ranges()) {
    out = put_constant(out, "Accept-Ranges: bytes\r\n");
  }
  return put_constant(out, "\r\n");
}

}  // namespace uringx
