#include "server/http2_fields.h"

#include <algorithm>
#include <charconv>

#include "http/ascii.h"
#include "http/date.h"
#include "http/response_writer.h"
#include "http/status.h"

namespace uringx {
namespace {

// :status, server, date, content-type, content-length, last-modified, location, vary, etag, accept-ranges.
constexpr std::size_t kOwnFieldsMax = 10;

constexpr std::size_t kDateBytes = 29;
constexpr std::size_t kNumberBytesMax = 20;

// RFC 9113 section 8.2.2.
constexpr std::string_view kConnectionFields[] = {"connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade"};

bool breaks_lines(char c) { return c == '\r' || c == '\n' || c == '\0'; }
bool is_blank(char c) { return c == ' ' || c == '\t' || breaks_lines(c); }

std::string_view clean_value(std::string_view text, Arena& arena) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  if (std::none_of(text.begin(), text.end(), breaks_lines)) [[likely]] return text;
  char* const out = arena.take_bytes(text.size());
  std::transform(text.begin(), text.end(), out, [](char c) { return breaks_lines(c) ? ' ' : c; });
  return {out, text.size()};
}

// RFC 9110 section 5.6.2.
bool is_token_byte(char c) {
  return is_alpha(c) || is_digit(c) || std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

// In lower case; empty when no such field may be sent.
std::string_view clean_name(std::string_view name, Arena& arena) {
  if (name.empty() || !std::all_of(name.begin(), name.end(), is_token_byte)) return {};
  char* const out = arena.take_bytes(name.size());
  std::transform(name.begin(), name.end(), out, ascii_lower);
  const std::string_view lower(out, name.size());
  return std::find(std::begin(kConnectionFields), std::end(kConnectionFields), lower) == std::end(kConnectionFields)
             ? lower
             : std::string_view();
}

// Fields one after another into an array that is large enough.
class FieldList {
 public:
  FieldList(std::size_t count_max, Arena& arena)
      : arena_(arena), begin_(static_cast<HeaderField*>(arena.take(count_max * sizeof(HeaderField), alignof(HeaderField)))), end_(begin_) {}

  void add(std::string_view constant_name, std::string_view value) { new (end_++) HeaderField{constant_name, clean_value(value, arena_)}; }

  void add_given(const HeaderField& field) {
    if (const std::string_view name = clean_name(field.name, arena_); !name.empty()) add(name, field.value);
  }

  void add_number(std::string_view constant_name, std::int64_t number) {
    char* const text = arena_.take_bytes(kNumberBytesMax);
    add(constant_name, {text, static_cast<std::size_t>(std::to_chars(text, text + kNumberBytesMax, number).ptr - text)});
  }

  std::span<const HeaderField> all() const { return {begin_, end_}; }

 private:
  Arena& arena_;
  HeaderField* begin_;
  HeaderField* end_;
};

std::string_view status_text(int status, Arena& arena) {
  const int sent = wire_status(status);
  char* const text = arena.take_bytes(3);
  text[0] = static_cast<char>('0' + sent / 100 % 10);
  text[1] = static_cast<char>('0' + sent / 10 % 10);
  text[2] = static_cast<char>('0' + sent % 10);
  return {text, 3};
}

// Content-Type, Content-Length and Last-Modified, as far as the status has them.
void add_representation(FieldList& fields, const ResponseHead& head, Arena& arena) {
  if (head.status == 204) return;
  if (!head.content_type.empty()) {
    fields.add("content-type",
               head.charset.empty() ? head.content_type : arena.join({head.content_type, "; charset=", head.charset}));
  }
  if (head.content_length >= 0) fields.add_number("content-length", head.content_length);
  const bool has_date = head.status == 200 || head.status == 206 || head.status == 304;
  if (head.last_modified != -1 && !head.last_modified_in_fields && has_date) {
    char* const text = arena.take_bytes(kDateBytes);
    fields.add("last-modified", {text, static_cast<std::size_t>(write_last_modified(text, head) - text)});
  }
}

}  // namespace

std::span<const HeaderField> answer_fields(const ResponseHead& head, const Http2HeadOptions& options, Arena& arena) {
  FieldList fields(kOwnFieldsMax + head.fields.size(), arena);
  fields.add(":status", status_text(head.status, arena));
  if (!options.server_text.empty()) fields.add("server", options.server_text);
  if (!options.date_text.empty()) fields.add("date", arena.copy(options.date_text));
  add_representation(fields, head, arena);
  if (head.location.data() != nullptr) fields.add("location", head.location);
  if (head.vary_accept_encoding) fields.add("vary", "Accept-Encoding");
  const std::size_t early = std::min(head.fields_before_etag, head.fields.size());
  for (std::size_t i = 0; i < early; ++i) fields.add_given(head.fields[i]);
  if (!head.etag.empty()) fields.add("etag", head.etag);
  for (std::size_t i = early; i < head.fields.size(); ++i) fields.add_given(head.fields[i]);
  if (!head.content_range.empty()) {
    fields.add("content-range", head.content_range);
  } else if (head.says_accept_ranges()) {
    fields.add("accept-ranges", "bytes");
  }
  return fields.all();
}

std::span<const HeaderField> trailer_fields(std::span<const HeaderField> trailers, Arena& arena) {
  FieldList fields(trailers.size(), arena);
  for (const HeaderField& trailer : trailers) fields.add_given(trailer);
  return fields.all();
}

}  // namespace uringx
