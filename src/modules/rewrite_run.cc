// The run of a script in a request: ngx_http_rewrite_handler and the codes of ngx_http_script.c.
#include <utility>

#include "http/status.h"
#include "http/uri.h"
#include "modules/http_core.h"
#include "modules/rewrite.h"
#include "modules/types.h"

namespace uringx {
namespace {

// A text without bytes is a text all the same: a null one would be "not set".
std::string_view set_text(std::string_view text) { return text.data() == nullptr ? std::string_view("") : text; }

// ngx_http_variable_set_limit_rate.
void set_limit_rate(Request& request, std::string_view value) {
  if (const auto bytes = parse_size(value)) {
    request.limit_rate = *bytes;
  } else {
    log_request(request, LogLevel::error, request.arena.join({"invalid $limit_rate \"", value, "\""}));
  }
}

// One run. What has to outlive the wait for a file is packed into HandlerState::step.
class Run {
 public:
  Run(Request& request, HandlerState& state, const HandlerInput& input) : request_(request), state_(state), answer_(input.file) {
    if (answer_ != nullptr) {
      next_ = state.step >> 2;
      notices_ = (state.step & 2u) != 0;
      quote_ = (state.step & 1u) != 0;
    } else {
      notices_ = *request.settings<RewriteSettings>().rewrite_log;
    }
  }

  HandlerResult go(const RewriteScript& script) {
    while (next_ < script.steps.size()) {
      if (std::optional<HandlerResult> result = std::visit(*this, script.steps[next_])) return *result;
    }
    return Declined{};
  }

  // Each runs one step: the result that ends the run, or nullopt with next_ moved on.
  std::optional<HandlerResult> operator()(const RewriteStep& step);
  std::optional<HandlerResult> operator()(const SetStep& step);
  std::optional<HandlerResult> operator()(const ReturnStep& step);
  std::optional<HandlerResult> operator()(const BreakStep& step);
  std::optional<HandlerResult> operator()(const IfStep& step);

 private:
  HandlerResult redirect(const RewriteStep& step);
  bool change_uri(const RewriteStep& step);
  void notice(std::initializer_list<std::string_view> parts) {
    if (notices_) log_request(request_, LogLevel::notice, request_.arena.join(parts));
  }

  Request& request_;
  HandlerState& state_;
  const FileAnswer* answer_;
  std::size_t next_ = 0;
  bool quote_ = true;     // no rewrite of this run has matched yet
  bool notices_ = false;  // rewrite_log of the block that the run began in
};

std::optional<HandlerResult> Run::operator()(const RewriteStep& step) {
  switch (match_logged(request_, step.regex, request_.uri, notices_)) {
    case Regex::Outcome::failed: return Finish{500};
    case Regex::Outcome::not_matched: ++next_; return std::nullopt;
    case Regex::Outcome::matched: break;
  }
  request_.internal = true;
  request_.valid_unparsed_uri = false;
  request_.uri_changed = !step.break_;
  if (step.break_) request_.valid_location = false;
  if (step.redirect_status != 0) return redirect(step);
  if (!change_uri(step)) return Finish{500};
  if (step.last) return Declined{};
  quote_ = false;
  ++next_;
  return std::nullopt;
}

HandlerResult Run::redirect(const RewriteStep& step) {
  std::string_view target = unescape_redirect(step.path.evaluate_quoted(request_), request_.arena);
  if (step.keeps_args && !request_.args.empty()) {
    target = request_.arena.join({target, step.has_question_mark ? "&" : "?", request_.args});
  }
  notice({"rewritten redirect: \"", target, "\""});
  request_.response.location = set_text(target);
  return Finish{step.redirect_status};
}

// The replacement becomes the request's URI and arguments. False: there is no URI left.
bool Run::change_uri(const RewriteStep& step) {
  const std::string_view path = step.path.evaluate(request_);
  if (step.args) {
    const std::string_view args = step.args->evaluate_quoted(request_);
    const bool more = step.keeps_args && !request_.args.empty();
    request_.args = set_text(more ? request_.arena.join({args, "&", request_.args}) : args);
  } else if (!step.keeps_args) {
    request_.args = request_.args.substr(0, 0);
  }
  notice({"rewritten data: \"", path, "\", args: \"", request_.args, "\""});
  request_.uri = set_text(path);
  if (!path.empty()) return true;
  log_request(request_, LogLevel::error, "the rewritten URI has a zero length");
  return false;
}

std::optional<HandlerResult> Run::operator()(const SetStep& step) {
  const std::string_view value = set_text(step.value.evaluate(request_, quote_));
  switch (step.target) {
    case SetStep::Target::variable:
      request_.variables->store(request_, step.variable, value);
      break;
    case SetStep::Target::args:
      request_.args = value;
      request_.valid_unparsed_uri = false;
      break;
    case SetStep::Target::limit_rate:
      set_limit_rate(request_, value);
      break;
  }
  ++next_;
  return std::nullopt;
}

std::optional<HandlerResult> Run::operator()(const ReturnStep& step) {
  request_.response.status = step.status;  // the text may ask for $status
  // As ngx_http_script_return_code: errors without a text of their own get the built-in (or configured) page.
  if (step.status >= 400 && (!step.text || step.text->source().empty())) return Finish{step.status};
  if (!discard_body(request_)) return Finish{400};
  const std::string_view text = step.text ? step.text->evaluate(request_) : std::string_view("");
  if (is_redirect(step.status)) {
    request_.response.location = text.empty() ? std::string_view("") : text;  // printed even when it is empty
    return Finish{step.status};
  }
  request_.response.content_length = static_cast<std::int64_t>(text.size());
  set_content_type(request_);
  return SendText{text};
}

std::optional<HandlerResult> Run::operator()(const BreakStep&) {
  if (request_.uri_changed) {
    request_.valid_location = false;
    request_.uri_changed = false;
  }
  return Declined{};
}

std::optional<HandlerResult> Run::operator()(const IfStep& step) {
  const ConditionVerdict verdict =
      test_condition(request_, step.condition, quote_, notices_, std::exchange(answer_, nullptr), state_.path);
  switch (verdict.kind) {
    case ConditionVerdict::Kind::failed: return Finish{500};
    case ConditionVerdict::Kind::wants_file:
      state_.step = static_cast<unsigned>(next_ << 2) | (notices_ ? 2u : 0u) | (quote_ ? 1u : 0u);
      state_.path = verdict.path;
      return ProbeFile{verdict.path, true};
    case ConditionVerdict::Kind::does_not: next_ = step.end; return std::nullopt;
    case ConditionVerdict::Kind::holds: break;
  }
  if (step.settings != nullptr) {
    request_.location = step.settings;
    request_.error_log = &step.settings->get<HttpCoreLocation>().error_log_targets;
  }
  ++next_;
  return std::nullopt;
}

}  // namespace

Regex::Outcome match_logged(Request& request, const Regex& regex, std::string_view text, bool notices) {
  const Regex::Outcome match = regex.execute(request, text);
  if (match == Regex::Outcome::failed) return match;
  if (match == Regex::Outcome::not_matched) request.captures = {};
  if (notices) {
    const std::string_view verb = match == Regex::Outcome::matched ? "\" matches \"" : "\" does not match \"";
    log_request(request, LogLevel::notice, request.arena.join({"\"", regex.pattern(), verb, text, "\""}));
  }
  return match;
}

HandlerResult handle_rewrite(Request& request, HandlerState& state, const HandlerInput& input) {
  const RewriteScript* script = request.settings<RewriteSettings>().script.get();
  if (script == nullptr) return Declined{};
  return Run(request, state, input).go(*script);
}

HandlerResult handle_location_rewrite(Request& request, HandlerState& state, const HandlerInput& input) {
  if (request.location_is_server) return Declined{};
  return handle_rewrite(request, state, input);
}

}  // namespace uringx
