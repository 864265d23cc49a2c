#include "config/phase_engine.h"

#include <fmt/format.h>

#include <utility>

#include "config/route_table.h"
#include "http/browser.h"
#include "http/error_page.h"
#include "http/status.h"
#include "http/uri.h"
#include "modules/access.h"
#include "modules/auth_basic.h"
#include "modules/error_page.h"
#include "modules/http_core.h"
#include "modules/realpath_root.h"

namespace uringx {
namespace {

bool pads_error_pages(const Request& request) {
  const Browser browser = browser_of(request.head.value(KnownField::user_agent));
  return (browser.msie || browser.chrome) && request.head.version >= HttpVersion::http_1_0;
}

bool wants_refresh_page(const Request& request) {
  return *request.settings<HttpCoreLocation>().msie_refresh && browser_of(request.head.value(KnownField::user_agent)).msie;
}

// Statuses a handler ends with that are no answers (ngx_http_finalize_request): timed out, close, the client closed.
constexpr bool ends_connection(int status) { return status == 408 || status == 444 || status == 499; }

// No content handler wanted the request (ngx_http_core_content_phase).
int refuse_unanswered(Request& request) {
  if (!request.uri.ends_with('/')) {
    log_request(request, LogLevel::error, "no handler found");
    return 404;
  }
  const std::string_view path = map_uri_to_path(request, request.uri);
  log_request(request, LogLevel::error, request.arena.join({"directory index of \"", path, "\" is forbidden"}));
  return 403;
}

}  // namespace

Action PhaseEngine::start() {
  enter_phase(Phase::post_read);
  return run({});
}

Action PhaseEngine::start_inside() {
  enter_phase(Phase::server_rewrite);
  return run({});
}

Action PhaseEngine::resume(const HandlerInput& input) {
  if (waiting_status_ == 0) return run(input);
  if (input.path != nullptr) handle_realpath_root(request_, state_, input);
  return finish(std::exchange(waiting_status_, 0));
}

Action PhaseEngine::finish(int status) {
  // A refused head has met no phase; its page and its log lines may use $realpath_root all the same.
  if (contains(request_.routes->used_modules, ModuleId::realpath_root)) {
    const HandlerResult root = handle_realpath_root(request_, state_, {});
    if (const auto* resolve = std::get_if<ResolvePath>(&root)) {
      waiting_status_ = status;
      return *resolve;
    }
  }
  if (std::optional<Action> action = special_response(status)) return *action;
  return run({});
}

void PhaseEngine::enter_phase(Phase phase) {
  phase_ = phase;
  handlers_ = request_.routes->handlers.of(phase);
  if (phase == Phase::content) {
    const Handler& own = request_.settings<HttpCoreLocation>().content_handler;
    if (own != nullptr) handlers_ = {&own, 1};
  }
  // Who may have the whole may have its parts (ngx_http_core_access_phase).
  if (phase == Phase::access && request_.is_subrequest()) handlers_ = {};
  handler_ = 0;
  state_ = {};
}

void PhaseEngine::next_handler() {
  ++handler_;
  state_ = {};
}

Action PhaseEngine::run(const HandlerInput& input) {
  static constexpr HandlerInput kNothing;
  const HandlerInput* given = &input;  // the answer is for the handler that asked, not for the one after it
  for (;;) {
    std::optional<Action> action;
    if (handler_ == handlers_.size()) {
      action = leave_phase();
    } else {
      const HandlerResult result = handlers_[handler_](request_, state_, *given);
      given = &kNothing;
      if (std::holds_alternative<Declined>(result)) {
        next_handler();
        continue;
      }
      action = take(result);
    }
    if (action) return *action;
  }
}

std::optional<Action> PhaseEngine::leave_phase() {
  switch (phase_) {
    case Phase::find_location: return find_location();
    case Phase::post_rewrite:
      if (request_.uri_changed) return choose_location_again();
      break;
    case Phase::access:
      if (request_.access_code != 0) return leave_access();
      break;
    case Phase::content: return special_response(refuse_unanswered(request_));
    case Phase::post_read:
    case Phase::server_rewrite:
    case Phase::rewrite:
    case Phase::preaccess:
    case Phase::precontent: break;
  }
  enter_phase(static_cast<Phase>(static_cast<int>(phase_) + 1));
  return std::nullopt;
}

std::optional<Action> PhaseEngine::take_allowed() {
  if (*request_.settings<HttpCoreLocation>().satisfy == Satisfy::any) {
    request_.access_code = 0;
    withdraw_challenge(request_);
    enter_phase(Phase::precontent);
  } else {
    next_handler();
  }
  return std::nullopt;
}

std::optional<Action> PhaseEngine::take_denied(int status) {
  const bool may_be_satisfied = status == 401 || status == 403;
  if (!may_be_satisfied || *request_.settings<HttpCoreLocation>().satisfy == Satisfy::all) return deny(status);
  if (request_.access_code != 401) request_.access_code = status;
  next_handler();
  return std::nullopt;
}

std::optional<Action> PhaseEngine::leave_access() {
  const int status = std::exchange(request_.access_code, 0);
  if (status == 403) log_request(request_, LogLevel::error, kForbiddenByRule);
  return deny(status);
}

std::optional<Action> PhaseEngine::deny(int status) {
  const std::int64_t delay_ms = request_.settings<HttpCoreLocation>().auth_delay->count;
  if (status != 401 || delay_ms == 0) return special_response(status);
  log_request(request_, LogLevel::info, "delaying unauthorized request");
  waiting_status_ = status;
  return Wait{delay_ms};
}

// ngx_http_core_post_rewrite_phase: the location is chosen again by the new URI.
std::optional<Action> PhaseEngine::choose_location_again() {
  if (--request_.uri_changes_left == 0) {
    log_request(request_, LogLevel::error,
                request_.arena.join({"rewrite or internal redirection cycle while processing \"", request_.uri, "\""}));
    return special_response(500);
  }
  RouteTable::enter(request_, request_.server_block->root);
  enter_phase(Phase::find_location);
  return std::nullopt;
}

std::optional<Action> PhaseEngine::find_location() {
  request_.uri_changed = false;
  request_.routes->find_location(request_);
  const auto& core = request_.settings<HttpCoreLocation>();
  if (*core.internal && !request_.internal) return special_response(404);
  const std::uint64_t body_bytes_max = core.client_max_body_size->count;
  if (request_.content_length > 0 && body_bytes_max != 0 && !request_.body_discarded &&
      static_cast<std::uint64_t>(request_.content_length) > body_bytes_max) {
    log_request(request_, LogLevel::error,
                request_.arena.copy(fmt::format("client intended to send too large body: {} bytes", request_.content_length)));
    request_.expect_tested = true;
    discard_body(request_);
    return special_response(413);
  }
  enter_phase(Phase::rewrite);
  return std::nullopt;
}

std::optional<Action> PhaseEngine::take(const HandlerResult& result) {
  struct Taker {
    PhaseEngine& engine;

    std::optional<Action> operator()(const Declined&) const {
      engine.next_handler();
      return std::nullopt;
    }
    std::optional<Action> operator()(const Allowed&) const { return engine.take_allowed(); }
    std::optional<Action> operator()(const Finish& finish) const {
      if (engine.phase_ == Phase::access) return engine.take_denied(finish.status);
      if (ends_connection(finish.status) && engine.request_.stub == nullptr) return CloseConnection{finish.status};
      return engine.special_response(finish.status);
    }
    std::optional<Action> operator()(const InternalRedirect& redirect) const {
      if (engine.redirect_internally(redirect)) return std::nullopt;
      return engine.special_response(500);
    }
    std::optional<Action> operator()(const NamedRedirect& redirect) const {
      if (engine.redirect_to_named(redirect)) return std::nullopt;
      return engine.special_response(500);
    }
    std::optional<Action> operator()(const ProbeFile& probe) const { return probe; }
    std::optional<Action> operator()(const ReadDirectory& read) const { return read; }
    std::optional<Action> operator()(const CheckPassword& check) const { return check; }
    std::optional<Action> operator()(const ResolvePath& resolve) const { return resolve; }
    std::optional<Action> operator()(const Wait& wait) const { return wait; }
    std::optional<Action> operator()(const CloseConnection& close) const { return close; }
    std::optional<Action> operator()(const SendText& text) const { return text; }
    std::optional<Action> operator()(const SendFile& file) const { return file; }
  };
  return std::visit(Taker{*this}, result);
}

bool PhaseEngine::redirect_internally(const InternalRedirect& redirect) {
  if (--request_.uri_changes_left == 0) {
    log_request(request_, LogLevel::error,
                request_.arena.join({"rewrite or internal redirection cycle while internally redirecting to \"", redirect.uri, "\""}));
    return false;
  }
  request_.uri = redirect.uri;
  request_.args = redirect.args;
  request_.internal = true;
  request_.user_id = nullptr;
  request_.valid_unparsed_uri = false;
  request_.add_uri_to_alias = false;
  request_.valid_location = true;
  RouteTable::enter(request_, request_.server_block->root);
  enter_phase(Phase::server_rewrite);
  return true;
}

bool PhaseEngine::redirect_to_named(const NamedRedirect& redirect) {
  if (--request_.uri_changes_left == 0) {
    log_request(request_, LogLevel::error,
                request_.arena.join({"rewrite or internal redirection cycle while redirect to named location \"", redirect.name, "\""}));
    return false;
  }
  if (request_.uri.empty()) {
    log_request(request_, LogLevel::error, request_.arena.join({"empty URI in redirect to named location \"", redirect.name, "\""}));
    return false;
  }
  const Location* location = request_.routes->find_named(request_, redirect.name);
  if (location == nullptr) {
    log_request(request_, LogLevel::error, request_.arena.join({"could not find named location \"", redirect.name, "\""}));
    return false;
  }
  request_.internal = true;
  request_.user_id = nullptr;
  request_.uri_changed = false;
  RouteTable::enter(request_, *location);
  enter_phase(Phase::rewrite);
  return true;
}

std::optional<Action> PhaseEngine::special_response(int status) {
  Request& request = request_;
  if (request.stub != nullptr) return stub_page();
  request.error_status = status;
  if (closes_connection(status)) request.keep_alive = false;  // the bytes that follow can't be trusted to be a request
  if (status == 400 || (status >= 495 && status <= 497)) request.lingering_close = false;
  request.response.content_type = {};

  if (const ErrorPageRule* page = choose_error_page(request, status)) {
    if (page->overwrite >= 0) request.error_status = page->overwrite;
    const std::string_view target = page->target.evaluate(request);
    if (page->overwrite != 0 && page->overwrite != 200) request.expect_tested = true;
    if (target.starts_with('/')) {
      if (request.method != Method::head) request.method = Method::get;
      if (redirect_internally(redirect_to(target))) return std::nullopt;
      return special_response(500);
    }
    if (target.starts_with('@')) {
      if (redirect_to_named({target})) return std::nullopt;
      return special_response(500);
    }
    discard();
    if (!is_redirect(page->overwrite)) request.error_status = 302;
    request.response.location = target.empty() ? std::string_view("") : target;  // printed even when it is empty
    request.expect_tested = true;
    if (wants_refresh_page(request)) return refresh_page();
    return built_in_page(request.error_status);
  }
  request.expect_tested = true;
  discard();
  if ((status == 301 || status == 302) && wants_refresh_page(request)) return refresh_page();
  return built_in_page(status);
}

void PhaseEngine::discard() {
  if (!discard_body(request_)) request_.keep_alive = false;
}

// ngx_http_send_refresh.
Action PhaseEngine::refresh_page() {
  constexpr std::string_view kHead = "<html><head><meta http-equiv=\"Refresh\" content=\"0; URL=";
  constexpr std::string_view kTail = "\"></head><body></body></html>\r\n";
  const std::string_view target = escape(request_.response.location, EscapeKind::refresh, request_.arena);
  built_in_page(request_.error_status = 200);
  const std::string_view page = request_.arena.join({kHead, target, kTail});
  request_.response.content_type = kErrorPageType;
  request_.response.content_length = static_cast<std::int64_t>(page.size());
  return SendText{page};
}

// The failure is nobody's business then: no status is set.
Action PhaseEngine::stub_page() {
  request_.response.content_type = request_.parent->response.content_type;
  request_.response.content_length = kUnknownLength;
  return SendText{*request_.stub};
}

Action PhaseEngine::built_in_page(int status) {
  const auto& core = request_.settings<HttpCoreLocation>();
  ResponseHead& response = request_.response;
  response.status = wire_status(status);
  if (request_.error_status == status) request_.error_status = response.status;
  response.last_modified = -1;
  response.last_modified_in_fields = false;
  response.etag = {};
  std::erase_if(response.fields, [](const HeaderField& field) {
    return equal_ignore_case(field.name, "etag") || equal_ignore_case(field.name, "last-modified");
  });
  response.accept_ranges = response.ranges_unsaid = false;
  // What an answer that was given up left behind would frame this one wrongly.
  response.chunked = false;
  response.content_range = {};
  response.charset = {};
  response.content_encoding = {};
  response.location_made_absolute = false;
  if (!is_redirect(request_.error_status)) response.location = {};
  request_.has_file_info = false;
  const bool pad = *core.msie_padding && status >= 400 && pads_error_pages(request_);
  const ErrorPage page = error_page(status, *core.server_tokens, pad);
  response.content_type = page.head.empty() ? std::string_view() : kErrorPageType;
  response.content_length = page.body_bytes();
  return SendText{request_.arena.join({page.head, page.tail, page.padding})};
}

}  // namespace uringx
