// Variables and templates: a text with $variables is compiled once into parts and evaluated lazily per request.
// VariableTable and Template are built with the configuration and const afterwards; values live in the request's arena.
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
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

// What a block of the configuration computes for its variable: map, geo, split_clients. Owned by the VariableTable; const
// once the block was read.
class VariableSource {
 public:
  virtual ~VariableSource() = default;
  // nullopt: not found. A view of the request's arena or of the source itself.
  virtual std::optional<std::string_view> value(Request& request) const = 0;
};

// Variables of nginx's core http module (core_variables.cc), those of header fields, cookies and arguments
// (header_variables.cc), and those of modules that are not here yet, with the value they have in an nginx that does not
// use the module: mostly not found (absent_variables.cc).
std::span<const VariableRow> core_variables();
std::span<const VariableRow> header_variables();
std::span<const VariableRow> absent_variables();

// Known to nginx, and not here yet in any form: using one is refused.
bool is_unserved_variable(std::string_view name);

// A cookie's value, and that of the field it stands in (ngx_http_parse_multi_header_lines).
struct FoundCookie {
  std::string_view value;
  std::string_view field;
};
std::optional<FoundCookie> find_cookie(const RequestHead& head, std::string_view name);

// Writes a text of at most kLogFieldBytesMax bytes to `out` and returns its end.
using LogFieldWriter = char* (*)(char* out, const Request& request);
inline constexpr std::size_t kLogFieldBytesMax = 32;

// The names that log_format writes without going through a variable (ngx_http_log_vars): always the value of the moment.
struct LogFieldRow {
  std::string_view name;
  LogFieldWriter write;
};
std::span<const LogFieldRow> log_fields();

// Index -> how to get it. Names are registered while templates are compiled; resolve() binds them at the end of http{},
// because a name may be defined (by a regex capture, later by set or map) after its first use.
class VariableTable {
 public:
  // The index of `name` (case folded as nginx does), registering it when new.
  std::uint16_t index_of(std::string_view name);
  // Why a configuration may not define that name, as ngx_http_add_variable says it: `the duplicate "NAME" variable`,
  // `invalid variable name "$"`.
  std::expected<void, std::string> check_definable(std::string_view name) const;
  // A variable that the configuration defines: `get` nullptr means its value is stored (named captures, set). The last
  // definition holds.
  std::uint16_t define(std::string_view name, VariableGetter get = nullptr);
  std::uint16_t define(std::string_view name, std::unique_ptr<VariableSource> source);
  // As define(), where nothing defines the name: what a definition before or after it, or a prefix row, says about a
  // value that was not stored goes on (NGX_HTTP_VAR_WEAK). `get` is given the whole name.
  std::uint16_t define_weakly(std::string_view name, VariableGetter get = nullptr);
  // Its value is asked anew at each use, whatever defines it.
  void make_volatile(std::uint16_t index) { entries_[index].volatile_ = true; }
  // The first name nobody defines: `unknown "NAME" variable`. After every template of the configuration was compiled,
  // the default access log's included.
  std::expected<void, std::string> resolve();

  // The value in this request: the one kept, else asked for and kept. A view of the request's arena or of something that
  // outlives it. One text asks with this once it has called forget() for each of its variables (Template does); a
  // variable that needs itself is not found, and logged.
  std::optional<std::string_view> value(Request& request, std::uint16_t index) const;
  // A value kept that the row calls volatile is asked for again (ngx_http_script_flush_no_cacheable_variables).
  void forget(Request& request, std::uint16_t index) const {
    if (!entries_[index].volatile_ || index >= request.variable_values.size()) return;
    VariableValue& kept = request.variable_values[index];
    if (!kept.stored) kept.state = VariableValue::State::unknown;
  }
  // forget() and value(): a use of its own (ngx_http_get_flushed_variable).
  std::optional<std::string_view> current_value(Request& request, std::uint16_t index) const {
    forget(request, index);
    return value(request, index);
  }
  // Sets the value of this request, which is asked for no more, not even when it is volatile.
  void store(Request& request, std::uint16_t index, std::string_view text) const;
  // The value of a name that the configuration need not know, as text of a page uses it (ngx_http_get_variable).
  std::optional<std::string_view> value_of(Request& request, std::string_view name) const;
  // A request inside another one has the values of that, and leaves it those it came to know (sr->variables).
  void lend(Request& subrequest, const Request& parent) const;
  void take_back(const Request& subrequest, Request& parent) const;
  std::size_t size() const { return entries_.size(); }
  // Whether nginx's $realpath_root is used anywhere: it needs the file system before it is asked. After resolve().
  bool uses_realpath_root() const { return uses_realpath_root_; }

 private:
  struct Entry {
    std::string name;
    std::string suffix;
    VariableGetter get = nullptr;
    std::unique_ptr<VariableSource> source;  // instead of `get`
    bool volatile_ = false;
    bool defined = false;
    bool weak = false;
  };
  Entry& redefine(std::uint16_t index);
  std::optional<std::string_view> compute(Request& request, const Entry& entry) const;
  std::span<VariableValue> values(Request& request) const;

  std::vector<Entry> entries_;
  std::unordered_map<std::string, std::uint16_t> by_name_;
  bool uses_realpath_root_ = false;
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

  // The words of a log_format, one after another (ngx_http_log_compile_format): $1 is no capture there, a "$" without a
  // name is `invalid parameter "REST"`, and log_fields() are taken first. For append_log() only.
  static std::expected<Template, std::string> compile_log_format(std::span<const std::string> words,
                                                                 VariableTable& variables);

  bool constant() const { return parts_.empty(); }
  const std::string& source() const { return source_; }

  // The text for this request: a view of the constant, of one variable's value, or made in its arena.
  std::string_view evaluate(Request& request) const;
  // The same; captures are escaped as arguments when the client's path held quoted bytes or "+" (r->quoted_uri,
  // r->plus_in_uri): what rewrite puts into arguments and redirects.
  std::string_view evaluate_quoted(Request& request) const;

  // Appends the text for a log line: values escaped, a value not found as "-" (as nothing with escape=none or json).
  // Allocates only to let `line` grow.
  void append_log(Request& request, LogEscape escape, std::string& line) const;

 private:
  struct Part {
    enum class Kind : std::uint8_t { text, variable, capture, log_field } kind;
    std::uint16_t index = 0;  // of the variable or the capture
    std::string text;
    LogFieldWriter write = nullptr;
  };

  enum class Captures : std::uint8_t { plain, escaped };
  static std::string_view part_value(Request& request, const Part& part, Captures captures = Captures::plain);
  std::string_view compose(Request& request, Captures captures) const;
  void forget_volatile(Request& request) const;

  std::string source_;
  std::vector<Part> parts_;  // empty: source_ is the text
};

// Appends `value` as log_format's escape= says (ngx_http_log_escape, ngx_escape_json).
void append_escaped(std::string_view value, LogEscape escape, std::string& line);

}  // namespace uringx
