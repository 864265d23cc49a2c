// Variables and templates: a text with $variables is compiled once into parts and evaluated lazily per request.
// VariableTable and Template are built with the configuration and const afterwards; values live in the request's arena.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "modules/request.h"

namespace uringx {

// nullopt: "not found" (empty in texts, "-" in logs). `suffix` is what follows the prefix of a prefix variable.
using VariableGetter = std::optional<std::string_view> (*)(Request& request, std::string_view suffix);

struct VariableRow {
  std::string_view name;     // without '$'; ends in '_' for prefix rows ("arg_", "http_", "cookie_")
  VariableGetter get;
  bool volatile_ = false;    // NGX_HTTP_VAR_NOCACHEABLE: asked anew at each use
  bool prefix = false;
};

// All built-in variables (core_variables.cc).
std::span<const VariableRow> builtin_variables();

// Index -> how to get it. Names are registered while templates are compiled; resolve() binds them at the end of http{},
// because a name may be defined (by a regex capture, later by set or map) after its first use.
class VariableTable {
 public:
  // The index of `name` (case folded as nginx does), registering it when new.
  std::uint16_t index_of(std::string_view name);
  // A variable that the configuration defines: `get` nullptr means its value is stored (named captures, set).
  std::uint16_t define(std::string_view name, VariableGetter get = nullptr);
  // The first name nobody defines: `unknown "NAME" variable`.
  std::expected<void, std::string> resolve();

  // The value in this request, cached as the row says.
  std::optional<std::string_view> value(Request& request, std::uint16_t index) const;
  void store(Request& request, std::uint16_t index, std::string_view text) const;
  std::size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    std::string name;
    std::string suffix;
    VariableGetter get = nullptr;
    bool volatile_ = false;
    bool defined = false;
  };
  std::span<VariableValue> values(Request& request) const;

  std::vector<Entry> entries_;
  std::unordered_map<std::string, std::uint16_t> by_name_;
};

// How a value is written into a log line (log_format escape=).
enum class LogEscape : std::uint8_t { default_, json, none };

// A compiled text: constants, variables and captures ($1..$9) in a row (nginx: ngx_http_complex_value_t).
class Template {
 public:
  Template() = default;

  // nginx's rules for names: $name, ${name}, $1; errors in nginx's words (`invalid variable name`,
  // `the closing bracket in "x" variable is missing`).
  static std::expected<Template, std::string> compile(std::string_view text, VariableTable& variables);

  bool constant() const { return parts_.empty(); }
  const std::string& source() const { return source_; }

  // The text for this request: a view of the constant, or made in its arena.
  std::string_view evaluate(Request& request) const;

  // Appends the text for a log line: values escaped, a value not found as "-" (as nothing with escape=none or json).
  void append_log(Request& request, LogEscape escape, std::string& line) const;

 private:
  struct Part {
    enum class Kind : std::uint8_t { text, variable, capture } kind;
    std::uint16_t index;  // of the variable or the capture
    std::string text;
  };

  std::string source_;
  std::vector<Part> parts_;  // empty: source_ is the text
};

}  // namespace uringx
