#include "modules/rewrite.h"

namespace uringx {
namespace {

constexpr std::uint32_t kScriptContexts = kServer | kServerIf | kLocation | kLocationIf;
constexpr std::uint32_t kFlagContexts = kHttpServerLocation | kServerIf | kLocationIf;

RewriteScript& script_of(Settings& settings) {
  auto& script = static_cast<RewriteSettings&>(settings).script;
  if (script == nullptr) script = std::make_shared<RewriteScript>();
  return *script;
}

// What makes a redirect of it without a word that says so.
bool is_url(std::string_view text) {
  return text.starts_with("http://") || text.starts_with("https://") || text.starts_with("$scheme");
}

// --- rewrite ----------------------------------------------------------------------------------------------------

Applied apply_flag(RewriteStep& step, const std::string& word) {
  step.last = true;
  if (word == "last") return {};
  if (word == "break") {
    step.break_ = true;
  } else if (word == "redirect") {
    step.redirect_status = 302;
  } else if (word == "permanent") {
    step.redirect_status = 301;
  } else {
    return std::unexpected(Refusal{"invalid parameter \"" + word + "\""});
  }
  return {};
}

Applied compile_replacement(BuildContext& context, RewriteStep& step, std::string_view text) {
  const std::size_t question_mark = text.find('?');
  step.has_question_mark = question_mark != std::string_view::npos;
  const bool apart = step.has_question_mark && step.redirect_status == 0;
  auto path = context.compile_template(apart ? text.substr(0, question_mark) : text);
  if (!path) return std::unexpected(std::move(path.error()));
  step.path = std::move(*path);
  if (!apart) return {};
  auto args = context.compile_template(text.substr(question_mark + 1));
  if (!args) return std::unexpected(std::move(args.error()));
  step.args = std::move(*args);
  return {};
}

Applied apply_rewrite(BuildContext& context, const Directive& directive, Settings& settings) {
  std::string_view replacement = directive.words[2];
  if (replacement.empty()) return std::unexpected(Refusal{"empty replacement"});
  auto regex = context.compile_regex(directive.words[1], false);
  if (!regex) return std::unexpected(std::move(regex.error()));
  RewriteStep step;
  step.regex = std::move(*regex);
  if (replacement.ends_with('?')) {
    step.keeps_args = false;
    replacement.remove_suffix(1);
  }
  if (is_url(replacement)) {
    step.redirect_status = 302;
    step.last = true;
  }
  if (directive.words.size() > 3) {
    if (auto done = apply_flag(step, directive.words[3]); !done) return done;
  }
  if (auto done = compile_replacement(context, step, replacement); !done) return done;
  script_of(settings).steps.emplace_back(std::move(step));
  return {};
}

// --- return, break ----------------------------------------------------------------------------------------------

Applied apply_return(BuildContext& context, const Directive& directive, Settings& settings) {
  ReturnStep step;
  const std::string& first = directive.words[1];
  const std::string* text = directive.words.size() > 2 ? &directive.words[2] : nullptr;
  if (const auto status = parse_number(first)) {
    if (*status > 999) return std::unexpected(Refusal{"invalid return code \"" + first + "\""});
    step.status = static_cast<int>(*status);
  } else {
    if (text != nullptr || !is_url(first)) return std::unexpected(Refusal{"invalid return code \"" + first + "\""});
    step.status = 302;
    text = &first;
  }
  if (text != nullptr) {
    auto compiled = context.compile_template(*text);
    if (!compiled) return std::unexpected(std::move(compiled.error()));
    step.text = std::move(*compiled);
  }
  script_of(settings).steps.emplace_back(std::move(step));
  return {};
}

Applied apply_break(BuildContext&, const Directive&, Settings& settings) {
  script_of(settings).steps.emplace_back(BreakStep{});
  return {};
}

// --- set --------------------------------------------------------------------------------------------------------

// ngx_http_rewrite_var: read before any set of the request has run.
std::optional<std::string_view> uninitialized(Request& request, std::string_view name) {
  if (*request.settings<RewriteSettings>().uninitialized_variable_warn) {
    log_request(request, LogLevel::warn, request.arena.join({"using uninitialized \"", name, "\" variable"}));
  }
  return "";
}

// What a variable that nginx sets by a function of its own stands for (set_handler).
SetStep::Target set_target(std::string_view name) {
  if (equal_ignore_case(name, "args")) return SetStep::Target::args;
  if (equal_ignore_case(name, "limit_rate")) return SetStep::Target::limit_rate;
  return SetStep::Target::variable;
}

Applied apply_set(BuildContext& context, const Directive& directive, Settings& settings) {
  std::string_view name = directive.words[1];
  if (!name.starts_with('$')) {
    return std::unexpected(Refusal{"invalid variable name \"" + std::string(until_nul(name)) + "\""});
  }
  name.remove_prefix(1);
  VariableTable& variables = context.variables();
  if (auto definable = variables.check_definable(name); !definable) {
    return std::unexpected(Refusal{std::move(definable.error())});
  }
  SetStep step;
  step.target = set_target(name);
  step.variable = variables.define_weakly(name, uninitialized);
  auto value = context.compile_template(directive.words[2]);
  if (!value) return std::unexpected(std::move(value.error()));
  step.value = ScriptValue(std::move(*value));
  script_of(settings).steps.emplace_back(std::move(step));
  return {};
}

constexpr DirectiveRow kRows[] = {
    {"rewrite", kScriptContexts, kTake2 | kTake3, Level::location, apply_rewrite},
    {"return", kScriptContexts, kTake12, Level::location, apply_return},
    {"break", kScriptContexts, kNoArgs, Level::location, apply_break},
    {"set", kScriptContexts, kTake2, Level::location, apply_set},
    value_row<&RewriteSettings::rewrite_log>("rewrite_log", kFlagContexts),
    value_row<&RewriteSettings::uninitialized_variable_warn>("uninitialized_variable_warn", kFlagContexts),
};

constexpr HandlerRow kHandlers[] = {{Phase::server_rewrite, handle_rewrite}, {Phase::rewrite, handle_location_rewrite}};

std::span<const HandlerRow> handlers() { return kHandlers; }

}  // namespace

const Module kRewriteModule = {.id = ModuleId::rewrite,
                               .name = "rewrite",
                               .rows = kRows,
                               .make_location = make_settings<RewriteSettings>,
                               .handlers = handlers};

}  // namespace uringx
