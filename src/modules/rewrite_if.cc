// if: its condition, in words and in a request. The block's directives go to the script of the block around it.
#include <cerrno>

#include "modules/rewrite.h"

namespace uringx {
namespace {

// The words between the brackets, which may stand alone or touch them (ngx_http_rewrite_if_condition).
struct ConditionWords {
  std::vector<std::string> words;  // of the directive, brackets cut off
  std::size_t first = 1;
  std::size_t last = 0;

  const std::string& front() const { return words[first]; }
  const std::string& back() const { return words[last]; }
};

Refusal invalid_condition(const std::string& word) { return {"invalid condition \"" + word + "\""}; }

std::expected<ConditionWords, Refusal> cut_brackets(const Directive& directive) {
  ConditionWords cut{directive.words, 1, directive.words.size() - 1};
  if (!cut.words[1].starts_with('(')) return std::unexpected(invalid_condition(cut.words[1]));
  if (cut.words[1].size() == 1) {
    cut.first = 2;
  } else {
    cut.words[1].erase(0, 1);
  }
  if (!cut.back().ends_with(')')) return std::unexpected(invalid_condition(cut.back()));
  if (cut.back().size() == 1) {
    --cut.last;
  } else {
    cut.words[cut.last].pop_back();
  }
  return cut;
}

std::expected<ScriptValue, Refusal> compile_value(BuildContext& context, const std::string& text) {
  auto compiled = context.compile_template(text);
  if (!compiled) return std::unexpected(std::move(compiled.error()));
  return ScriptValue(std::move(*compiled));
}

// $variable, $variable = text, $variable ~ regex
std::expected<Condition, Refusal> parse_variable_condition(BuildContext& context, const ConditionWords& cut) {
  if (cut.first != cut.last && cut.first + 2 != cut.last) return std::unexpected(invalid_condition(cut.front()));
  const std::uint16_t variable = context.variables().index_of(std::string_view(cut.front()).substr(1));
  if (cut.first == cut.last) return VariableCondition{variable};
  const std::string& sign = cut.words[cut.first + 1];
  const bool negative = sign.starts_with('!');
  const std::string_view operation = std::string_view(sign).substr(negative ? 1 : 0);
  if (operation == "=") {
    auto value = compile_value(context, cut.back());
    if (!value) return std::unexpected(std::move(value.error()));
    return EqualCondition{variable, std::move(*value), negative};
  }
  if (operation == "~" || operation == "~*") {
    auto regex = context.compile_regex(cut.back(), operation == "~*");
    if (!regex) return std::unexpected(std::move(regex.error()));
    return RegexCondition{variable, std::move(*regex), negative};
  }
  return std::unexpected(Refusal{"unexpected \"" + sign + "\" in condition"});
}

std::optional<FileCondition::Test> file_test(char letter) {
  switch (letter) {
    case 'f': return FileCondition::Test::file;
    case 'd': return FileCondition::Test::directory;
    case 'e': return FileCondition::Test::exists;
    case 'x': return FileCondition::Test::executable;
    default: return std::nullopt;
  }
}

// -f path, !-f path
std::expected<Condition, Refusal> parse_file_condition(BuildContext& context, const ConditionWords& cut) {
  const std::string& sign = cut.front();
  if (cut.first + 1 != cut.last) return std::unexpected(invalid_condition(sign));
  auto path = compile_value(context, cut.back());
  if (!path) return std::unexpected(std::move(path.error()));
  const auto test = file_test(sign.back());
  if (!test) return std::unexpected(invalid_condition(sign));
  return FileCondition{*test, std::move(*path), sign.starts_with('!')};
}

std::expected<Condition, Refusal> parse_condition(BuildContext& context, const Directive& directive) {
  const auto cut = cut_brackets(directive);
  if (!cut) return std::unexpected(cut.error());
  const std::string& first = cut->front();
  if (first.size() > 1 && first.starts_with('$')) return parse_variable_condition(context, *cut);
  const bool file = (first.size() == 2 && first.starts_with('-')) || (first.size() == 3 && first.starts_with("!-"));
  if (file) return parse_file_condition(context, *cut);
  return std::unexpected(invalid_condition(first));
}

// --- in a request -----------------------------------------------------------------------------------------------

std::string_view variable_text(Request& request, std::uint16_t variable) {
  return request.variables->current_value(request, variable).value_or(std::string_view());
}

ConditionVerdict verdict(bool holds) {
  return {holds ? ConditionVerdict::Kind::holds : ConditionVerdict::Kind::does_not};
}

bool passes(FileCondition::Test test, const FileInfo& info) {
  switch (test) {
    case FileCondition::Test::file: return info.is_regular();
    case FileCondition::Test::directory: return info.is_directory();
    case FileCondition::Test::exists: return info.is_regular() || info.is_directory() || S_ISLNK(info.mode);
    case FileCondition::Test::executable: return (info.mode & S_IXUSR) != 0;
  }
  return false;
}

// What is not there is no error; anything else is worth a line (ngx_http_script_file_code).
void log_failed_test(Request& request, std::string_view path, const FileAnswer& answer) {
  const int error = answer.error_number;
  if (error == 0 || error == ENOENT || error == ENOTDIR || error == ENAMETOOLONG) return;
  log_request(request, LogLevel::crit, request.arena.join({answer.failed_call, " \"", path, "\" failed"}), error);
}

struct Tester {
  Request& request;
  bool quote;
  bool notices;
  const FileAnswer* answer;
  std::string_view answered_path;

  ConditionVerdict operator()(const VariableCondition& condition) const {
    const std::string_view text = variable_text(request, condition.variable);
    return verdict(!text.empty() && text != "0");
  }
  ConditionVerdict operator()(const EqualCondition& condition) const {
    const std::string_view text = variable_text(request, condition.variable);
    return verdict((text == condition.value.evaluate(request, quote)) != condition.negative);
  }
  ConditionVerdict operator()(const RegexCondition& condition) const {
    const std::string_view text = variable_text(request, condition.variable);
    const Regex::Outcome match = match_logged(request, condition.regex, text, notices);
    if (match == Regex::Outcome::failed) return {ConditionVerdict::Kind::failed};
    return verdict((match == Regex::Outcome::matched) != condition.negative);
  }
  ConditionVerdict operator()(const FileCondition& condition) const {
    if (answer == nullptr) {
      const std::string_view path = condition.path.evaluate(request, quote);
      const std::string_view terminated = request.arena.join({path, std::string_view("\0", 1)});
      return {ConditionVerdict::Kind::wants_file, terminated.substr(0, path.size())};
    }
    log_failed_test(request, answered_path, *answer);
    const bool passed = answer->error_number == 0 && passes(condition.test, answer->info);
    return verdict(passed != condition.negative);
  }
};

}  // namespace

ConditionVerdict test_condition(Request& request, const Condition& condition, bool quote, bool notices,
                                const FileAnswer* answer, std::string_view answered_path) {
  return std::visit(Tester{request, quote, notices, answer, answered_path}, condition);
}

std::expected<std::size_t, Refusal> begin_if(BuildContext& context, const Directive& directive, RewriteSettings& outer,
                                             RewriteSettings& inner, const SettingsSet* settings) {
  auto condition = parse_condition(context, directive);
  if (!condition) return std::unexpected(std::move(condition.error()));
  if (outer.script == nullptr) outer.script = std::make_shared<RewriteScript>();
  inner.script = outer.script;
  outer.script->steps.emplace_back(IfStep{std::move(*condition), settings});
  return outer.script->steps.size() - 1;
}

void end_if(RewriteSettings& outer, std::size_t if_step) {
  auto& steps = outer.script->steps;
  std::get<IfStep>(steps[if_step]).end = steps.size();
}

}  // namespace uringx
