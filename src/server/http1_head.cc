// Http1's first half: from received bytes to a request that the phases can take.
#include <fmt/format.h>

#include "config/route_table.h"
#include "http/framing.h"
#include "http/uri.h"
#include "modules/http_core.h"
#include "server/connection.h"
#include "server/http1.h"
#include "server/request_entry.h"
#include "server/worker.h"

namespace uringx {
namespace {

constexpr std::string_view kReadingPipelinedRequestLine = "reading client pipelined request line";

HeaderBufferLimits header_limits(const Request& request) {
  const BufferSet& buffers = *request.server_settings<HttpCoreServer>().large_client_header_buffers;
  return {buffers.count, buffers.bytes_each};
}

}  // namespace

void Http1::process_input() {
  if (processing_) return;
  processing_ = true;
  while (state_ == State::reading_head && !input_.empty()) {
    if (current_ == nullptr && !begin_request()) break;
    if (!read_head()) break;
    finish_head();
    if (held_) finish_held_answer();
  }
  processing_ = false;
  send_batch();
  const bool wants_peer = state_ == State::reading_head || (state_ == State::answering && current_->exchange.waiting());
  if (wants_peer && connection_.peer_closed()) on_peer_closed(0);
  connection_.close_when_quiet();  // a close within the loop could not do it
}

// The first bytes of a request are here.
bool Http1::begin_request() {
  Worker& worker = connection_.worker();
  current_ = worker.exchanges().make(worker, connection_.info(), connection_.stream(),
                                     Exchange::Client{this, answer_ready, close_wanted, exchange_ended},
                                     AnswerSender::Client{this, answer_sent, bytes_left});
  if (current_ == nullptr) {
    connection_.log(LogLevel::alert, "out of memory for requests");
    end_connection();
    return false;
  }
  connection_.set_idle(false);
  connection_.count_request();
  worker.counters().requests.add(1);
  worker.counters().reading.add(1);
  worker.routes().enter_server(request(), connection_.default_server());
  if (connection_.info().requests > 1) {
    connection_.arm_timer(request().server_settings<HttpCoreServer>().client_header_timeout->count);
  }
  request().pipelined = pipelined_;
  request().action = pipelined_ ? kReadingPipelinedRequestLine : kReadingRequestLine;
  if (pipelined_) {
    budget_.set_limits(header_limits(request()));
  } else {
    budget_ = HeaderBufferBudget(request().server_settings<HttpCoreServer>().client_header_buffer_size->count,
                                 header_limits(request()));
  }
  pipelined_ = false;
  return true;
}

// True once the whole head is taken; false when more is needed or the request was refused.
bool Http1::read_head() {
  if (!current_->line_read && !take_request_line()) return false;
  if (request().head.version < HttpVersion::http_1_0) return true;
  return take_fields();
}

bool Http1::take_request_line() {
  RequestParser& parser = current_->parser;
  const ParseStatus status = parser.parse_request_line(input_.text());
  if (status == ParseStatus::need_more && parser.at_start()) {
    input_.drop_front(parser.consumed());  // empty lines: any number may come, none is kept
    parser.reset();
    return false;
  }
  if (status == ParseStatus::need_more) {
    return budget_.partial_line(parser.line_bytes()) ? false : refuse_long_uri();
  }
  Request& current = request();
  if (status != ParseStatus::request_line) {
    if (status == ParseStatus::invalid_method_in_http_0_9) parser.fill_request_line(input_.text(), current.head);
    current.head.request_line = parser.request_line_so_far(input_.text());
    const ParseStatus fault = status == ParseStatus::http2_preface ? ParseStatus::invalid_request : status;
    return refuse(error_status(fault), log_text(fault));
  }
  if (!budget_.take_line(parser.line_bytes())) return refuse_long_uri();
  current_->line_read = true;
  current.request_bytes = parser.consumed() - parser.request_start();
  parser.fill_request_line(input_.text(), current.head);
  current.method = current.head.method;
  current.header_only = current.method == Method::head;

  const auto parsed = parse_uri(current.head.target, *current.server_settings<HttpCoreServer>().merge_slashes, current.arena);
  if (!parsed) {
    current.uri = "";  // empty, not absent, in logs
    return refuse(400, log_text(ParseStatus::invalid_request));
  }
  current.uri = parsed->uri;
  current.args = parsed->args;
  current.unparsed_uri = current.head.target;
  if (current.head.has_host_in_target) {
    const auto host = validate_host(current.head.host_in_target, current.arena);
    if (!host) return refuse(400, "client sent invalid host in request line");
    if (!choose_server(*host)) return false;
  }
  current.action = kReadingRequestHeaders;
  return true;
}

// What nginx's buffer held of it is logged.
bool Http1::refuse_long_uri() {
  const RequestParser& parser = current_->parser;
  const std::string_view line = input_.text().substr(parser.request_start());
  request().head.request_line = line.substr(0, budget_.fitting_bytes(line.size()));
  return refuse(414, "client sent too long URI");
}

bool Http1::refuse_long_field() {
  constexpr std::size_t kLoggedBytesMax = kErrorLineBytesMax - 300;  // as ngx_http_process_request_headers
  const RequestParser& parser = current_->parser;
  const std::string_view line = parser.line_so_far(input_.text());
  const std::size_t bytes = std::min(budget_.fitting_bytes(line.size()), kLoggedBytesMax);
  return refuse(494, request().arena.join({"client sent too long header line: \"", line.substr(0, bytes), "...\""}));
}

bool Http1::take_fields() {
  for (;;) {
    RequestParser& parser = current_->parser;
    const ParseStatus status = parser.parse_field(input_.text(), *request().server_settings<HttpCoreServer>().underscores_in_headers);
    switch (status) {
      case ParseStatus::need_more:
        return budget_.partial_line(parser.line_bytes()) ? false : refuse_long_field();
      case ParseStatus::field:
        if (!budget_.take_line(parser.line_bytes())) return refuse_long_field();
        request().request_bytes = parser.consumed() - parser.request_start();
        if (!take_field()) return false;
        break;
      case ParseStatus::end_of_head:
        request().request_bytes = parser.consumed() - parser.request_start();
        return true;
      default: {
        const std::string why = fmt::format("client sent invalid header line: \"{}\\x{:02x}...\"", parser.invalid_line(input_.text()),
                                            parser.invalid_byte(input_.text()));
        return refuse(error_status(status), why);
      }
    }
  }
}

bool Http1::take_field() {
  Request& current = request();
  const ParsedField parsed = current_->parser.field(input_.text());
  if (parsed.invalid && *current.server_settings<HttpCoreServer>().ignore_invalid_headers) {
    if (current.error_log->wants(LogLevel::info, current.connection.debug)) {
      const std::string_view line = current_->parser.field_line(input_.text());
      log_request(current, LogLevel::info, fmt::format("client sent invalid header line: \"{}\"", line));
    }
    return true;
  }
  if (static_cast<std::int64_t>(current.head.fields.size()) >= current.server_settings<HttpCoreServer>().max_headers->count) {
    current.lingering_close = true;
    return refuse(494, "client sent too many header lines");
  }
  const KnownField known = current.head.add_field(parsed.field);
  if (const HeaderField* previous = duplicate_of(current.head, known)) {
    const FramingError error{FramingFault::duplicate_field, 400, &current.head.fields.back(), previous};
    return refuse(400, log_text(error));
  }
  if (known != KnownField::host) return true;
  const auto host = validate_host(parsed.field.value, current.arena);
  if (!host) return refuse(400, "client sent invalid host header");
  if (current.head.has_host_in_target) return true;  // an absolute target wins (RFC 9112 section 3.2.2)
  return choose_server(*host);
}

// False when it was refused.
bool Http1::choose_server(std::string_view host) {
  const ServerBlock* const before = request().server_block;
  if (const EntryRefusal refusal = uringx::choose_server(connection_, request(), host)) {
    return refuse(refusal.status, refusal.why);
  }
  if (request().server_block != before) budget_.set_limits(header_limits(request()));
  return true;
}

void Http1::finish_head() {
  Request& current = request();
  Http1Exchange& now = *current_;
  now.body_start = now.parser.consumed();
  connection_.disarm_timer();
  if (current.host.empty() && !choose_server("")) return;  // a server may have that name
  const auto framing = body_framing(current.head);
  if (!framing) {
    if (framing.error().status != 405) current.lingering_close = true;
    refuse(framing.error().status, log_text(framing.error()));
    return;
  }
  if (const EntryRefusal refusal = check_tls(connection_, current)) {
    refuse(refusal.status, refusal.why);
    return;
  }
  current.action = {};
  now.head_read = true;
  connection_.worker().counters().reading.add(-1);
  connection_.worker().counters().writing.add(1);
  now.body_complete = framing->kind == BodyFraming::Kind::none || (framing->kind == BodyFraming::Kind::sized && framing->body_bytes == 0);
  now.body_left = framing->body_bytes;
  current.chunked_body = framing->kind == BodyFraming::Kind::chunked;
  if (framing->kind == BodyFraming::Kind::sized) current.content_length = framing->body_bytes;
  if (!now.body_complete) current.body = {this, body_unwanted};
  current.lingering_close = !now.body_complete;
  current.keep_alive = wants_keep_alive(current.head);
  state_ = State::answering;
  now.exchange.start();
}

bool Http1::refuse(int status, std::string_view why) {
  Request& current = request();
  current.keep_alive = false;
  log_request(current, LogLevel::info, why);
  current.action = {};
  state_ = State::answering;
  connection_.disarm_timer();
  current_->body_start = current_->parser.consumed();
  current_->exchange.finish(status);
  return false;
}

}  // namespace uringx
