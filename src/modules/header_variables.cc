#include <charconv>
#include <cstring>

#include "http/ascii.h"
#include "http/date.h"
#include "http/response_writer.h"
#include "http/uri.h"
#include "modules/http_core.h"
#include "modules/variables.h"

namespace uringx {
namespace {

using Text = std::optional<std::string_view>;

Text number_text(Request& request, std::int64_t number) {
  char text[kLogFieldBytesMax];
  return request.arena.copy({text, static_cast<std::size_t>(std::to_chars(text, text + sizeof(text), number).ptr - text)});
}

// Whether a field's name is that of a variable: case folded, '-' read as '_'.
bool matches_variable(std::string_view field_name, std::string_view variable_name) {
  if (field_name.size() != variable_name.size()) return false;
  for (std::size_t i = 0; i < field_name.size(); ++i) {
    const char c = field_name[i] == '-' ? '_' : ascii_lower(field_name[i]);
    if (c != variable_name[i]) return false;
  }
  return true;
}

// The values of all fields of that name as one text (ngx_http_variable_headers_internal). nginx joins every field since
// 1.23; older ones took the first of most.
template <typename Fields>
Text joined_fields(Request& request, const Fields& fields, std::string_view variable_name, std::string_view separator) {
  Text joined;
  for (const HeaderField& field : fields) {
    if (!matches_variable(field.name, variable_name)) continue;
    joined = joined ? request.arena.join({*joined, separator, field.value}) : field.value;
  }
  return joined;
}

Text get_http(Request& request, std::string_view name) { return joined_fields(request, request.head.fields, name, ", "); }

// A field the server knows by number: absent ones cost nothing, which most of a log line's are.
template <KnownField known>
Text get_known(Request& request, std::string_view) {
  const HeaderField* const first = request.head.find(known);
  if (first == nullptr) return std::nullopt;
  Text joined = first->value;
  const HeaderField* const end = request.head.fields.data() + request.head.fields.size();
  for (const HeaderField* field = first + 1; field != end; ++field) {
    if (!equal_ignore_case(field->name, first->name)) continue;
    joined = request.arena.join({*joined, known == KnownField::cookie ? "; " : ", ", field->value});
  }
  return joined;
}

// One cookie's value in one field (ngx_http_parse_multi_header_lines): names are compared without case.
Text cookie_in(std::string_view value, std::string_view name) {
  while (!value.empty()) {
    if (equal_ignore_case(value.substr(0, name.size()), name)) {
      value.remove_prefix(name.size());
      while (value.starts_with(' ')) value.remove_prefix(1);
      if (value.starts_with('=')) {
        value.remove_prefix(1);
        while (value.starts_with(' ')) value.remove_prefix(1);
        return value.substr(0, value.find(';'));
      }
    }
    const std::size_t end = value.find_first_of(";,");
    if (end == std::string_view::npos) return std::nullopt;
    value.remove_prefix(end + 1);
    while (value.starts_with(' ')) value.remove_prefix(1);
  }
  return std::nullopt;
}

Text get_cookie(Request& request, std::string_view name) {
  const auto found = find_cookie(request.head, name);
  if (!found) return std::nullopt;
  return found->value;
}

Text get_arg(Request& request, std::string_view name) {
  if (name.empty()) return std::nullopt;
  return find_arg(request.args, name);
}

// --- fields of the answer: nginx has some of them as fields of a struct, the rest in a list ----------------------------

Text get_sent_http(Request& request, std::string_view name) {
  return joined_fields(request, request.response.fields, name, ", ");
}

Text get_sent_content_type(Request& request, std::string_view) {
  const ResponseHead& response = request.response;
  if (response.content_type.empty()) return std::nullopt;
  if (response.charset.empty()) return response.content_type;
  return request.arena.join({response.content_type, "; charset=", response.charset});
}

Text get_sent_content_length(Request& request, std::string_view) {
  if (request.response.content_length < 0) return std::nullopt;
  return number_text(request, request.response.content_length);
}

Text get_sent_location(Request& request, std::string_view) {
  if (request.response.location.empty()) return get_sent_http(request, "location");
  return request.response.location;
}

Text get_sent_last_modified(Request& request, std::string_view) {
  if (request.response.last_modified < 0 || request.response.last_modified_in_fields) {
    return get_sent_http(request, "last_modified");
  }
  char* const text = request.arena.take_bytes(kHttpDateBytes);
  write_last_modified(text, request.response);
  return std::string_view(text, kHttpDateBytes);
}

Text get_sent_etag(Request& request, std::string_view) {
  if (request.response.etag.empty()) return get_sent_http(request, "etag");
  return request.response.etag;
}

Text get_sent_accept_ranges(Request& request, std::string_view) {
  if (!request.response.says_accept_ranges()) {
    return get_sent_http(request, "accept_ranges");
  }
  return "bytes";
}

Text get_sent_content_range(Request& request, std::string_view) {
  if (request.response.content_range.empty()) return get_sent_http(request, "content_range");
  return request.response.content_range;
}

Text get_sent_connection(Request& request, std::string_view) {
  if (request.response.status == 101) return "upgrade";
  return request.keep_alive ? "keep-alive" : "close";
}

Text get_sent_keep_alive(Request& request, std::string_view) {
  if (!request.keep_alive) return std::nullopt;
  const std::int64_t seconds = request.settings<HttpCoreLocation>().keepalive_timeout->header.count;
  if (seconds == 0) return std::nullopt;
  return request.arena.join({"timeout=", *number_text(request, seconds)});
}

Text get_sent_transfer_encoding(Request& request, std::string_view) {
  if (!request.response.chunked) return std::nullopt;
  return "chunked";
}

Text get_sent_trailer(Request& request, std::string_view name) {
  return joined_fields(request, request.response.trailers, name, ", ");
}

constexpr VariableRow kRows[] = {
    {"http_host", get_known<KnownField::host>},
    {"http_user_agent", get_known<KnownField::user_agent>},
    {"http_referer", get_known<KnownField::referer>},
    {"http_via", get_known<KnownField::via>},
    {"http_x_forwarded_for", get_known<KnownField::x_forwarded_for>},
    {"http_cookie", get_known<KnownField::cookie>},
    {"content_type", get_known<KnownField::content_type>},
    {"http_", get_http, false, true},
    {"cookie_", get_cookie, false, true},
    {"arg_", get_arg, true, true},
    {"sent_http_content_type", get_sent_content_type},
    {"sent_http_content_length", get_sent_content_length},
    {"sent_http_location", get_sent_location},
    {"sent_http_last_modified", get_sent_last_modified},
    {"sent_http_connection", get_sent_connection},
    {"sent_http_keep_alive", get_sent_keep_alive},
    {"sent_http_transfer_encoding", get_sent_transfer_encoding},
    {"sent_http_etag", get_sent_etag},
    {"sent_http_accept_ranges", get_sent_accept_ranges},
    {"sent_http_content_range", get_sent_content_range},
    {"sent_http_", get_sent_http, false, true},
    {"sent_trailer_", get_sent_trailer, false, true},
};

}  // namespace

std::optional<FoundCookie> find_cookie(const RequestHead& head, std::string_view name) {
  if (head.find(KnownField::cookie) == nullptr) return std::nullopt;
  for (const HeaderField& field : head.fields) {
    if (known_field(field.name) != KnownField::cookie) continue;
    if (const Text value = cookie_in(field.value, name)) return FoundCookie{*value, field.value};
  }
  return std::nullopt;
}

std::span<const VariableRow> header_variables() { return kRows; }

}  // namespace uringx
