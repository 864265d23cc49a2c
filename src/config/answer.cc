#include "config/answer.h"

#include <fmt/format.h>

#include <algorithm>

#include "config/route_table.h"
#include "http/browser.h"
#include "http/conditional.h"
#include "http/framing.h"
#include "http/location.h"
#include "http/range.h"
#include "modules/content_coding.h"
#include "modules/headers.h"
#include "modules/http_core.h"

namespace uringx {
namespace {

constexpr std::string_view kBytesUnit = "bytes=";

// ngx_http_not_modified_header_filter; 0 or the status to answer instead.
int filter_not_modified(Request& request) {
  ResponseHead& response = request.response;
  if (response.status != 200 || request.is_subrequest()) return 0;
  const Validators validators{response.last_modified, response.etag};
  switch (evaluate_preconditions(request.head, validators, *request.settings<HttpCoreLocation>().if_modified_since)) {
    case Precondition::proceed:
      return 0;
    case Precondition::failed:
      response.clear();  // ngx_http_filter_finalize_request
      return 412;
    case Precondition::not_modified:
      if (varies_by_coding(request)) note_variation(request);  // as the whole answer would say (RFC 9110 section 15.4.5)
      response.status = 304;
      response.content_type = {};
      clear_content_encoding(response);
      response.content_length = kUnknownLength;
      response.accept_ranges = false;
      return 0;
  }
  return 0;
}

// One range replaces the length; several make a multipart body.
AnswerBody serve_ranges(Request& request, std::span<const ByteRange> ranges, std::string_view text, bool from_file,
                        std::uint64_t& boundaries) {
  ResponseHead& response = request.response;
  const std::int64_t length = response.content_length;
  response.status = 206;
  const auto body_part = [&](const ByteRange& range) {
    const auto start = static_cast<std::uint64_t>(range.start);
    const auto bytes = static_cast<std::uint64_t>(range.size());
    return from_file ? BodyPart{{}, start, bytes} : BodyPart{text.substr(start, bytes), 0, 0};
  };
  if (ranges.size() == 1) {
    response.content_range = content_range_text(ranges[0], length, request.arena);
    response.content_length = ranges[0].size();
    std::span<BodyPart> parts = request.arena.make_array<BodyPart>(1);
    parts[0] = body_part(ranges[0]);
    return {.parts = parts, .bytes = static_cast<std::uint64_t>(response.content_length)};
  }
  const MultipartBody multipart = make_multipart_body(ranges, length, response.content_type, response.charset, ++boundaries,
                                                      request.arena);
  std::span<BodyPart> parts = request.arena.make_array<BodyPart>(2 * multipart.parts.size() + 1);
  for (std::size_t i = 0; i < multipart.parts.size(); ++i) {
    parts[2 * i].text = multipart.parts[i].head;
    parts[2 * i + 1] = body_part(multipart.parts[i].range);
  }
  parts.back().text = multipart.tail;
  response.content_type = multipart.content_type;
  response.accept_ranges = false;
  response.charset = {};
  response.content_length = multipart.body_bytes;
  return {.parts = parts, .bytes = static_cast<std::uint64_t>(multipart.body_bytes)};
}

AnswerBody whole_body(Request& request, std::string_view text, bool from_file) {
  const ResponseHead& response = request.response;
  std::int64_t length = response.content_length;
  if (length == kUnknownLength) {  // filters will tell, or nobody has counted
    length = from_file ? std::int64_t{request.file_info.bytes} : static_cast<std::int64_t>(text.size());
  }
  if (length == 0) return {};
  std::span<BodyPart> parts = request.arena.make_array<BodyPart>(1);
  parts[0] = from_file ? BodyPart{{}, 0, static_cast<std::uint64_t>(length)} : BodyPart{text, 0, 0};
  return {.parts = parts, .bytes = static_cast<std::uint64_t>(length)};
}

// The file's, or what add_header gave instead.
std::string_view sent_etag(const ResponseHead& response) {
  if (!response.etag.empty()) return response.etag;
  const auto found = std::find_if(response.fields.begin(), response.fields.end(),
                                  [](const HeaderField& field) { return equal_ignore_case(field.name, "etag"); });
  return found == response.fields.end() ? std::string_view() : found->value;
}

// ngx_http_range_header_filter.
std::expected<AnswerBody, int> filter_ranges(Request& request, std::string_view text, bool from_file,
                                             std::uint64_t& boundaries) {
  ResponseHead& response = request.response;
  const std::int64_t max_ranges = request.settings<HttpCoreLocation>().max_ranges->count;
  if (request.is_subrequest() || !response.accept_ranges || response.status != 200 || response.content_length == kUnknownLength || max_ranges == 0 ||
      request.head.version < HttpVersion::http_1_0) {
    response.accept_ranges = false;
    return whole_body(request, text, from_file);
  }
  const std::string_view range = request.head.value(KnownField::range);
  if (range.size() < kBytesUnit.size() + 1 || !equal_ignore_case(range.substr(0, kBytesUnit.size()), kBytesUnit)) {
    return whole_body(request, text, from_file);
  }
  if (const HeaderField* if_range = request.head.find(KnownField::if_range)) {
    if (!if_range_holds(if_range->value, sent_etag(response), response.last_modified)) {
      return whole_body(request, text, from_file);
    }
  }
  const auto ranges = parse_ranges(range, response.content_length,
                                   max_ranges < 0 ? kMaxRangesDefault : static_cast<std::uint64_t>(max_ranges),
                                   &request.arena);
  if (ranges) return serve_ranges(request, *ranges, text, from_file, boundaries);
  if (ranges.error() == RangeRefusal::whole) return whole_body(request, text, from_file);
  // A field like any other, as in nginx: what add_header adds to the page of 416 comes after it.
  response.fields.push_back({"Content-Range", unsatisfied_range_text(response.content_length, request.arena)});
  return std::unexpected(416);
}

// What ends a chunked body: the last chunk and the trailers. The line break before it belongs to the chunk of the data.
std::string_view end_of_chunks(Request& request, bool after_data) {
  const auto& trailers = request.response.trailers;
  if (trailers.empty()) return after_data ? "\r\n0\r\n\r\n" : "0\r\n\r\n";
  std::string text = after_data ? "\r\n0\r\n" : "0\r\n";
  for (const HeaderField& trailer : trailers) fmt::format_to(std::back_inserter(text), "{}: {}\r\n", trailer.name, trailer.value);
  text += "\r\n";
  return request.arena.copy(text);
}

// A body of unknown length, or one that trailers follow: in chunks for HTTP/1.1 (ngx_http_chunked_filter), else ended by
// its length or the end of the connection.
AnswerBody frame_body(Request& request, AnswerBody body) {
  if (!request.filters.empty()) body.filters = &request.filters;
  ResponseHead& response = request.response;
  const bool open_length = response.content_length == kUnknownLength || request.trailers_expected;
  response.chunked = open_length && request.head.version >= HttpVersion::http_1_1 && request.head.version < HttpVersion::http_2_0 &&
                     *request.settings<HttpCoreLocation>().chunked_transfer_encoding;
  if (!response.chunked) {
    if (response.content_length == kUnknownLength) request.keep_alive = false;
    if (request.trailers_expected) filter_trailers(request);  // HTTP/2 sends them in a frame; the log may name them
    return body;
  }
  response.content_length = kUnknownLength;
  if (request.trailers_expected) filter_trailers(request);
  if (body.filters != nullptr) {
    body.last_chunk = end_of_chunks(request, false);
    return body;
  }
  const bool has_data = body.bytes != 0;
  const std::string_view size =
      has_data ? request.arena.copy(fmt::format("{:x}\r\n", body.bytes)) : std::string_view();
  const std::span<BodyPart> parts = request.arena.make_array<BodyPart>(body.parts.size() + (has_data ? 2 : 1));
  if (has_data) parts[0].text = size;
  std::copy(body.parts.begin(), body.parts.end(), parts.begin() + (has_data ? 1 : 0));
  parts.back().text = end_of_chunks(request, has_data);
  return {.parts = parts, .bytes = size.size() + body.bytes};
}

void complete_location(Request& request) {
  const auto& core = request.settings<HttpCoreLocation>();
  if (request.response.location.empty() || !*core.absolute_redirect) return;
  std::string_view host = request.host;
  if (*core.server_name_in_redirect) {
    host = request.server_name;
  } else if (host.empty()) {
    host = request.connection.server_addr;
  }
  const std::uint16_t port = *core.port_in_redirect ? request.connection.server_port : std::uint16_t{0};
  make_location_absolute(request.response, {request.connection.tls, host, port}, request.arena);
}

}  // namespace

std::expected<AnswerBody, int> finish_answer(Request& request, std::string_view text, bool from_file,
                                             std::uint64_t& boundaries) {
  ResponseHead& response = request.response;
  if (request.error_status != 0) {
    response.status = request.error_status;
    response.status_text = {};
  }
  request.filters.clear();
  request.ssi.reset();
  if (const int status = filter_not_modified(request)) return std::unexpected(status);
  for (const HeaderFilter filter : request.routes->handlers.header_filters()) filter(request);
  std::expected<AnswerBody, int> body = filter_ranges(request, text, from_file, boundaries);
  if (!body) return body;

  complete_location(request);
  if (response.status == 204) {
    response.content_type = {};
    response.content_length = kUnknownLength;
  }
  response.header_only = request.header_only || response.status == 204 || response.status == 304;
  if (response.header_only) return AnswerBody{};
  if (request.is_subrequest()) {  // whoever includes it frames it
    body->filters = &request.filters;
    return body;
  }
  if (!request.filters.empty() || response.content_length == kUnknownLength || request.trailers_expected) return frame_body(request, *body);
  return body;
}

bool keeps_alive(const Request& request) {
  const auto& core = request.settings<HttpCoreLocation>();
  if (!request.keep_alive || core.keepalive_timeout->timeout.count == 0) return false;
  if (request.connection.requests >= static_cast<std::uint64_t>(core.keepalive_requests->count)) return false;
  if (request.clock.msec - request.connection.start_msec > core.keepalive_time->count) return false;
  const KeepaliveDisable& disable = *core.keepalive_disable;
  if ((disable.msie6 && request.method == Method::post) || disable.safari) {
    const Browser browser = browser_of(request.head.value(KnownField::user_agent));
    if (disable.safari && browser.safari) return false;
    if (disable.msie6 && request.method == Method::post && browser.msie6) return false;
  }
  return true;
}

}  // namespace uringx
