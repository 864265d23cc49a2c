// RewriteScript is what the rewrite directives of one block make together: steps that run one after another until one of
// them ends the run (ngx_http_script.c). Built with the configuration, const afterwards; runs on the request's worker.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "modules/handler.h"
#include "modules/regex.h"
#include "modules/variables.h"

namespace uringx {

// A value in a script. Until a rewrite of the run has matched, captures stand in it escaped as arguments when the
// client's path was quoted (e->quote): nginx's inheritance from redirects, and visible.
class ScriptValue {
 public:
  ScriptValue() = default;
  explicit ScriptValue(Template text) : text_(std::move(text)) {}

  std::string_view evaluate(Request& request, bool quote) const {
    return quote ? text_.evaluate_quoted(request) : text_.evaluate(request);
  }

 private:
  Template text_;
};

// rewrite REGEX REPLACEMENT [last|break|redirect|permanent]
struct RewriteStep {
  Regex regex;
  Template path;                 // of a redirect: all of the replacement
  std::optional<Template> args;  // what follows the first "?"; not of a redirect
  int redirect_status = 0;       // 0: the request goes on
  bool has_question_mark = false;
  bool keeps_args = true;        // no "?" at the end: the request's arguments are appended
  bool break_ = false;
  bool last = false;             // ends the run when it has matched
};

// set $VARIABLE VALUE
struct SetStep {
  enum class Target : std::uint8_t { variable, args, limit_rate } target = Target::variable;
  std::uint16_t variable = 0;
  ScriptValue value;
};

// return CODE [TEXT], return URL
struct ReturnStep {
  int status = 0;
  std::optional<Template> text;  // body, or URL of a redirect
};

struct BreakStep {};

// What an if asks.
struct VariableCondition {
  std::uint16_t variable = 0;
};
struct EqualCondition {
  std::uint16_t variable = 0;
  ScriptValue value;
  bool negative = false;
};
struct RegexCondition {
  std::uint16_t variable = 0;
  Regex regex;
  bool negative = false;
};
struct FileCondition {
  enum class Test : std::uint8_t { file, directory, exists, executable } test = Test::file;
  ScriptValue path;
  bool negative = false;
};
using Condition = std::variant<VariableCondition, EqualCondition, RegexCondition, FileCondition>;

// if (CONDITION) { the steps up to `end` }
struct IfStep {
  Condition condition;
  const SettingsSet* settings = nullptr;  // of the block in a location: the request's once the condition held
  std::size_t end = 0;
};

using ScriptStep = std::variant<RewriteStep, SetStep, ReturnStep, BreakStep, IfStep>;

struct RewriteScript {
  std::vector<ScriptStep> steps;
};

// wants_file: the file `path` has to be looked at, then the condition is asked again with the answer. failed: the matcher
// gave up (its limit).
struct ConditionVerdict {
  enum class Kind : std::uint8_t { holds, does_not, wants_file, failed } kind = Kind::does_not;
  std::string_view path = {};  // NUL-terminated behind its end
};

// `quote` as in ScriptValue; `notices`: rewrite_log is on; `answer`: what was found at `answered_path`.
ConditionVerdict test_condition(Request& request, const Condition& condition, bool quote, bool notices,
                                const FileAnswer* answer, std::string_view answered_path);

// Matches as the rewrite directives do: no match forgets all captures, and rewrite_log tells of both.
Regex::Outcome match_logged(Request& request, const Regex& regex, std::string_view text, bool notices);

}  // namespace uringx
