// Http2Stream's first half: from fields to a request that the phases can take (ngx_http_v2.c, from
// ngx_http_v2_state_process_header to ngx_http_v2_run_request). What makes a request malformed by RFC 9113 gets nginx's
// answer, and then the reset that section 8.1.1 has.
#include <fmt/format.h>

#include <algorithm>

#include "config/route_table.h"
#include "http/framing.h"
#include "http/request_parser.h"
#include "http/uri.h"
#include "modules/http_core.h"
#include "server/connection.h"
#include "server/http2_stream.h"
#include "server/request_entry.h"
#include "server/worker.h"

namespace uringx {
namespace {

constexpr std::string_view kProtocol = "HTTP/2.0";  // nginx's name for it
constexpr std::size_t kPriorityBytesMax = 1024;

bool is_usual_name_byte(char c, bool underscores) {
  return (c >= 'a' && c <= 'z') || is_digit(c) || c == '-' || (c == '_' && underscores);
}

bool is_method_byte(char c) { return (c >= 'A' && c <= 'Z') || c == '_' || c == '-'; }

}  // namespace

Http2Stream::FieldFault Http2Stream::take_field(std::string_view name, bool name_is_constant, std::string_view value) {
  const BufferSet& buffers = *connection_.default_server().settings.get<HttpCoreServer>().large_client_header_buffers;
  field_bytes_ += name.size() + value.size();
  if (field_bytes_ > buffers.count * buffers.bytes_each) return FieldFault::too_large_head;
  if (name.size() > buffers.bytes_each || value.size() > buffers.bytes_each) {
    if (name == ":path") {
      refuse(414, "client sent too long URI");
    } else {
      refuse(494, "client sent too large header field");
    }
    value = value.substr(0, buffers.bytes_each);
  }
  if (refusal_status_ != 0 && !name.starts_with(':')) return FieldFault::none;
  if (!name.starts_with(':')) value = http2_field_value(value);
  if (const std::string fault = rules_.take(name, value); !fault.empty()) {
    refuse_malformed(fault);
    return FieldFault::none;
  }

  Arena& arena = exchange_.arena();
  value = arena.copy(value);
  if (name.starts_with(':')) {
    take_pseudo_field(name, value);
    return FieldFault::none;
  }
  if (drops_name(name)) return FieldFault::none;
  Request& current = request();
  // Each piece of a cookie is a field of its own here (RFC 9113 section 8.2.3), and counts as one.
  if (static_cast<std::int64_t>(field_count_++) >= current.server_settings<HttpCoreServer>().max_headers->count) {
    refuse(494, "client sent too many header lines");
    return FieldFault::none;
  }
  if (name == "cookie") {
    cookies_.push_back(value);
    return FieldFault::none;
  }
  // Several fields are one list. Joined each time, they may not become many (RFC 9218 section 4: it may be ignored).
  if (name == "priority" && priority_text_.size() < kPriorityBytesMax) {
    priority_text_ = priority_text_.empty() ? value : arena.join({priority_text_, ", ", value});
  }
  if (name == "host") {
    take_host(value);
    return FieldFault::none;
  }
  const KnownField known = current.head.add_field({name_is_constant ? name : arena.copy(name), value});
  if (const HeaderField* previous = duplicate_of(current.head, known)) {
    refuse(400, arena.copy(log_text(FramingError{FramingFault::duplicate_field, 400, &current.head.fields.back(), previous})));
  }
  return FieldFault::none;
}

void Http2Stream::take_pseudo_field(std::string_view name, std::string_view value) {
  RequestHead& head = request().head;
  if (name == ":method") {
    head.method_text = value;
    head.method = request().method = method_of(value);
    request().header_only = head.method == Method::head;
  } else if (name == ":path") {
    head.target = value;
  } else if (name == ":authority") {
    has_authority_ = true;
    take_host(value);
  }
}

// Of :authority, and of Host, which may repeat it (RFC 9113 section 8.3.1).
void Http2Stream::take_host(std::string_view host) {
  Request& current = request();
  if (const HeaderField* before = current.head.find(KnownField::host)) {
    if (has_authority_ && equal_ignore_case(before->value, host)) return;
    const std::string_view previous = before->value;
    current.head.add_field({"host", host});
    refuse(400, exchange_.arena().join({"client sent duplicate host header: \"host: ", host, "\", previous value: \"host: ",
                                        previous, "\""}));
    return;
  }
  current.head.add_field({"host", host});
  const auto valid = validate_host(host, exchange_.arena());
  if (!valid) return refuse_malformed("client sent invalid host header");
  choose_server(*valid);
}

void Http2Stream::choose_server(std::string_view host) {
  if (const EntryRefusal refusal = uringx::choose_server(connection_, request(), host)) refuse(refusal.status, refusal.why);
}

bool Http2Stream::drops_name(std::string_view name) {
  const auto& core = request().server_settings<HttpCoreServer>();
  const bool underscores = *core.underscores_in_headers;
  if (std::all_of(name.begin(), name.end(), [&](char c) { return is_usual_name_byte(c, underscores); })) return false;
  if (!*core.ignore_invalid_headers) return false;
  if (request().error_log->wants(LogLevel::info, request().connection.debug)) {
    log_request(request(), LogLevel::info, fmt::format("client sent invalid header: \"{}\"", name));
  }
  return true;
}

void Http2Stream::refuse(int status, std::string_view why) {
  if (refusal_status_ != 0) return;
  refusal_status_ = status;
  refusal_ = why;
}

void Http2Stream::refuse_malformed(std::string_view why) {
  malformed = true;
  if (refusal_status_ == 0) refuse(400, exchange_.arena().copy(why));
}

void Http2Stream::join_cookies() {
  if (cookies_.empty()) return;
  std::string_view all = cookies_.front();
  if (cookies_.size() > 1) {
    std::size_t bytes = 2 * (cookies_.size() - 1);
    for (const std::string_view piece : cookies_) bytes += piece.size();
    char* const begin = exchange_.arena().take_bytes(bytes);
    char* out = begin;
    for (const std::string_view& piece : cookies_) {
      if (&piece != &cookies_.front()) out = std::copy_n("; ", 2, out);
      out = std::copy(piece.begin(), piece.end(), out);
    }
    all = {begin, bytes};
  }
  request().head.add_field({"cookie", all});
}

std::string_view Http2Stream::request_line() {
  const RequestHead& head = request().head;
  return exchange_.arena().join({head.method_text, " ", head.target, " ", kProtocol});
}

// True: the request can be routed.
bool Http2Stream::take_request_line() {
  Request& current = request();
  RequestHead& head = current.head;
  if (refusal_status_ != 0) return false;  // without a request line, as nginx logs it
  if (head.method == Method::unknown && !std::all_of(head.method_text.begin(), head.method_text.end(), is_method_byte)) {
    refuse(400, exchange_.arena().join({"client sent invalid method: \"", head.method_text, "\""}));
    return false;
  }
  current.unparsed_uri = head.target;
  if (head.method == Method::connect) {  // it has no path, and is refused for what it is
    head.request_line = request_line();
    return true;
  }
  const auto parsed = head.target.starts_with('/')
                          ? parse_uri(head.target, *current.server_settings<HttpCoreServer>().merge_slashes, exchange_.arena())
                          : std::unexpected(UriError::bad_escape);
  if (!parsed) {
    current.uri = "";
    malformed |= !head.target.starts_with('/');
    refuse(400, log_text(ParseStatus::invalid_request));
    return false;
  }
  current.uri = parsed->uri;
  current.args = parsed->args;
  head.request_line = request_line();
  return true;
}

void Http2Stream::finish_head() {
  Request& current = request();
  head_complete_ = true;
  state = State::answering;
  WorkerCounters& counters = connection_.worker().counters();
  counters.reading.add(-1);
  counters.writing.add(1);
  join_cookies();
  if (const std::string fault = rules_.finish(); !fault.empty() && refusal_status_ == 0) refuse_malformed(fault);
  malformed |= rules_.is_malformed_connect();
  if (take_request_line()) {
    if (current.host.empty()) choose_server("");  // a server may have that name
    if (const auto framing = body_framing(current.head); !framing) {
      malformed |= framing.error().fault == FramingFault::no_host;
      refuse(framing.error().status, exchange_.arena().copy(log_text(framing.error())));
    } else if (framing->kind == BodyFraming::Kind::sized) {
      current.content_length = framing->body_bytes;
      if (request_ended && framing->body_bytes != 0) refuse_malformed("client prematurely closed stream");
    }
  }
  if (const EntryRefusal refusal = check_tls(connection_, current)) refuse(refusal.status, refusal.why);
  if (refusal_status_ != 0) {
    log_request(current, LogLevel::info, refusal_);
    current.action = {};
    exchange_.finish(refusal_status_);
    return;
  }
  current.action = {};
  exchange_.start();
}

}  // namespace uringx
