#include "server/subrequest.h"

#include <fmt/format.h>

#include "config/route_table.h"
#include "modules/http_core.h"
#include "modules/log.h"
#include "modules/variables.h"
#include "server/worker.h"

namespace uringx {
namespace {

// What it has of the request that it is inside of (ngx_http_subrequest): the client's head, and a URI of its own.
void inherit(Request& request, Request& parent, const Inclusion& inclusion) {
  request.parent = &parent;
  request.subrequests_left = parent.subrequests_left - 1;
  request.body_is_kept = inclusion.kept;
  request.stub = inclusion.stub;
  request.client = parent.client;
  request.head = parent.head;
  request.method = Method::get;
  request.uri = request.arena.copy(inclusion.uri);
  if (inclusion.args.data() != nullptr) request.args = request.arena.copy(inclusion.args);  // else "-" in a log
  request.unparsed_uri = parent.unparsed_uri;
  request.valid_unparsed_uri = false;
  request.host = parent.host;
  request.content_length = parent.content_length;
  request.body_discarded = parent.body_discarded;
  request.expect_tested = true;
  request.internal = true;
  request.routes->enter_server(request, *parent.server_block);
  request.variables->lend(request, parent);
}

}  // namespace

Subrequest::Subrequest(Worker& worker, Request& parent, const Inclusion& inclusion, std::size_t& turn_bytes, FilteredBody::Client client)
    : worker_(worker),
      parent_(parent),
      inclusion_(inclusion),
      client_(client),
      exchange_(worker, parent.connection, {this, answer_ready, close_wanted, ended}, &turn_bytes) {
  inherit(exchange_.request(), parent, inclusion);
}

void Subrequest::start() {
  starting_ = true;
  exchange_.start_inside();
  starting_ = false;
}

void Subrequest::on_answer_ready() {
  state_ = State::answered;
  if (exchange_.filtered() != nullptr) exchange_.filtered()->set_client({this, body_ready});
  tell();
}

// return 444 closes the client's connection, wherever it stands (ngx_http_terminate_request).
void Subrequest::on_close_wanted() {
  state_ = State::failed;
  tell();
}

void Subrequest::tell() {
  if (!starting_) client_.ready(client_.owner);
}

bool Subrequest::body_finished() const {
  const FilteredBody* body = exchange_.filtered();
  return body == nullptr || body->finished();
}

std::size_t Subrequest::read(std::span<char> into) {
  FilteredBody* const body = exchange_.filtered();
  if (state_ != State::answered || body == nullptr) return 0;
  std::size_t bytes = 0;
  if (inclusion_.kept) {
    keep_body();
  } else {
    bytes = body->read(into);
  }
  if (body->failed()) state_ = State::failed;
  return bytes;
}

// ngx_http_postpone_filter_in_memory.
void Subrequest::keep_body() {
  const Request& request = exchange_.request();
  const std::uint64_t room_bytes = request.settings<HttpCoreLocation>().subrequest_output_buffer_size->count;
  const std::int64_t length = request.response.content_length;
  if (length != kUnknownLength && static_cast<std::uint64_t>(length) > room_bytes) return fail_too_big(length);
  const std::uint64_t bytes_max = length != kUnknownLength ? static_cast<std::uint64_t>(length) : room_bytes;
  char piece[1024];
  while (const std::size_t bytes = exchange_.filtered()->read(piece)) {
    if (inclusion_.answer->body.size() + bytes > bytes_max) return fail_too_big(kUnknownLength);
    inclusion_.answer->body.append(piece, bytes);
  }
}

void Subrequest::fail_too_big(std::int64_t bytes) {
  const std::string number = bytes == kUnknownLength ? std::string() : fmt::format(": {}", bytes);
  log_request(exchange_.request(), LogLevel::error, "too big subrequest response" + number);
  state_ = State::failed;
}

void Subrequest::conclude() {
  Request& request = exchange_.request();
  const std::string_view action = request.action;  // there is one for the whole connection
  if (*request.settings<HttpCoreLocation>().log_subrequest) write_access_logs(request, worker_.lines());
  if (inclusion_.answer != nullptr) {
    inclusion_.answer->status = request.response.status;
    const bool empty_file = request.has_file_info && request.file_info.bytes == 0;
    inclusion_.answer->without_body = empty_file || request.response.status == 204;
  }
  request.variables->take_back(request, parent_);
  parent_.action = action;
}

void Subrequest::cancel() { exchange_.cancel(); }

}  // namespace uringx
