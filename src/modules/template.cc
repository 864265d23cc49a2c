#include <array>
#include <cstring>

#include "base/check.h"
#include "http/ascii.h"
#include "http/uri.h"
#include "modules/variables.h"

namespace uringx {
namespace {

constexpr bool is_name_char(char c) { return is_alpha(c) || is_digit(c) || c == '_'; }

// What follows a '$': the variable's name and how many bytes it takes, braces included.
struct ParsedName {
  std::string_view name;
  std::size_t length;
};

enum class NameError { none_given, no_closing_bracket };

struct NameFailure {
  NameError error;
  std::string_view name;
};

std::expected<ParsedName, NameFailure> parse_name(std::string_view text) {
  const bool bracket = text.starts_with('{');
  const std::size_t start = bracket ? 1 : 0;
  if (start >= text.size()) return std::unexpected(NameFailure{NameError::none_given, {}});
  std::size_t end = start;
  while (end < text.size() && is_name_char(text[end])) ++end;
  const std::string_view name = text.substr(start, end - start);
  if (bracket && (end == text.size() || text[end] != '}')) {
    return std::unexpected(NameFailure{NameError::no_closing_bracket, name});
  }
  if (name.empty()) return std::unexpected(NameFailure{NameError::none_given, {}});
  return ParsedName{name, bracket ? end + 1 : end};
}

std::string closing_bracket_missing(std::string_view name) {
  return "the closing bracket in \"" + std::string(name) + "\" variable is missing";
}

LogFieldWriter find_log_field(std::string_view name) {
  for (const LogFieldRow& row : log_fields()) {
    if (row.name == name) return row.write;
  }
  return nullptr;
}

// ngx_http_log_escape: controls, '"', '\' and everything from DEL on.
constexpr auto kEscapedInLog =
    byte_table([](unsigned char c) { return c < 0x20 || c == '"' || c == '\\' || c >= 0x7f; });
constexpr auto kEscapedInJson = byte_table([](unsigned char c) { return c < 0x20 || c == '"' || c == '\\'; });

constexpr char kHexDigits[] = "0123456789ABCDEF";

void append_log_escape(char c, std::string& line) {
  const auto byte = static_cast<unsigned char>(c);
  const char escaped[] = {'\\', 'x', kHexDigits[byte >> 4], kHexDigits[byte & 0xf]};
  line.append(escaped, sizeof(escaped));
}

void append_json_escape(char c, std::string& line) {
  const auto byte = static_cast<unsigned char>(c);
  switch (c) {
    case '\n': line += "\\n"; return;
    case '\r': line += "\\r"; return;
    case '\t': line += "\\t"; return;
    case '\b': line += "\\b"; return;
    case '\f': line += "\\f"; return;
    case '"': line += "\\\""; return;
    case '\\': line += "\\\\"; return;
    default: break;
  }
  line += "\\u00";
  line += kHexDigits[byte >> 4];
  line += kHexDigits[byte & 0xf];
}

// Whether no byte needs an escape in either form. Without a branch in the loop, so that it becomes vector instructions:
// nearly every value is clean, and log lines are written for every request.
bool is_clean(std::string_view text) {
  unsigned dirty = 0;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool outside = static_cast<unsigned char>(byte - 0x20) >= 0x5f;  // not from ' ' to '~'
    dirty |= static_cast<unsigned>(outside) | static_cast<unsigned>(byte == '"') | static_cast<unsigned>(byte == '\\');
  }
  return dirty == 0;
}

void append_marked(std::string_view value, const std::array<bool, 256>& marked, void (*append)(char, std::string&),
                   std::string& line) {
  for (std::size_t from = 0; from < value.size();) {
    std::size_t to = from;
    while (to < value.size() && !marked[byte_index(value[to])]) ++to;
    line.append(value, from, to - from);
    if (to == value.size()) return;
    append(value[to], line);
    from = to + 1;
  }
}

}  // namespace

void append_escaped(std::string_view value, LogEscape escape, std::string& line) {
  if (escape == LogEscape::none || is_clean(value)) {
    line += value;
    return;
  }
  if (escape == LogEscape::json) {
    append_marked(value, kEscapedInJson, append_json_escape, line);
  } else {
    append_marked(value, kEscapedInLog, append_log_escape, line);
  }
}

std::expected<Template, std::string> Template::compile(std::string_view text, VariableTable& variables) {
  Template compiled;
  compiled.source_ = text;
  if (text.find('$') == std::string_view::npos) return compiled;
  while (!text.empty()) {
    if (!text.starts_with('$')) {
      const std::string_view constant = text.substr(0, text.find('$'));
      compiled.parts_.push_back({.kind = Part::Kind::text, .text = std::string(constant)});
      text.remove_prefix(constant.size());
      continue;
    }
    text.remove_prefix(1);
    if (!text.empty() && text[0] >= '1' && text[0] <= '9') {
      const auto number = static_cast<std::uint16_t>(text[0] - '0');
      compiled.parts_.push_back({.kind = Part::Kind::capture, .index = number, .text = {}});
      text.remove_prefix(1);
      continue;
    }
    const auto parsed = parse_name(text);
    if (!parsed && parsed.error().error == NameError::none_given) return std::unexpected("invalid variable name");
    if (!parsed) return std::unexpected(closing_bracket_missing(parsed.error().name));
    compiled.parts_.push_back({.kind = Part::Kind::variable, .index = variables.index_of(parsed->name), .text = {}});
    text.remove_prefix(parsed->length);
  }
  return compiled;
}

std::expected<Template, std::string> Template::compile_log_format(std::span<const std::string> words,
                                                                  VariableTable& variables) {
  Template compiled;
  for (const std::string& word : words) {
    compiled.source_ += word;
    std::string_view text = word;
    while (!text.empty()) {
      if (!text.starts_with('$')) {
        const std::string_view constant = text.substr(0, text.find('$'));
        compiled.parts_.push_back({.kind = Part::Kind::text, .text = std::string(constant)});
        text.remove_prefix(constant.size());
        continue;
      }
      const auto parsed = parse_name(text.substr(1));
      if (!parsed && parsed.error().error == NameError::none_given) {
        return std::unexpected("invalid parameter \"" + std::string(text) + "\"");
      }
      if (!parsed) return std::unexpected(closing_bracket_missing(parsed.error().name));
      if (const LogFieldWriter write = find_log_field(parsed->name)) {
        compiled.parts_.push_back({.kind = Part::Kind::log_field, .text = {}, .write = write});
      } else {
        const std::uint16_t index = variables.index_of(parsed->name);
        compiled.parts_.push_back({.kind = Part::Kind::variable, .index = index, .text = {}});
      }
      text.remove_prefix(1 + parsed->length);
    }
  }
  return compiled;
}

std::string_view Template::part_value(Request& request, const Part& part, Captures captures) {
  switch (part.kind) {
    case Part::Kind::text: return part.text;
    case Part::Kind::variable: return request.variables->value(request, part.index).value_or(std::string_view());
    case Part::Kind::capture: {
      const std::string_view text =
          part.index < request.captures.size() ? request.captures[part.index] : std::string_view();
      return captures == Captures::plain ? text : escape(text, EscapeKind::args, request.arena);
    }
    case Part::Kind::log_field: break;
  }
  CHECK(!"a log format has no value of its own");
  return {};
}

// One text asks for a volatile variable once, however often it names it (ngx_http_complex_value). It also keeps texts that
// need each other from growing without bound.
void Template::forget_volatile(Request& request) const {
  for (const Part& part : parts_) {
    if (part.kind == Part::Kind::variable) request.variables->forget(request, part.index);
  }
}

std::string_view Template::evaluate(Request& request) const {
  return parts_.empty() ? std::string_view(source_) : compose(request, Captures::plain);
}

std::string_view Template::evaluate_quoted(Request& request) const {
  if (parts_.empty()) return source_;
  return compose(request, is_quoted_path(request.head.target) ? Captures::escaped : Captures::plain);
}

// Variables first, captures last: a variable whose regex captures anew (map) changes $1 even before it, as in nginx, whose
// text then may no longer fit the room it had measured.
std::string_view Template::compose(Request& request, Captures captures) const {
  forget_volatile(request);
  if (parts_.size() == 1) return part_value(request, parts_[0], captures);
  constexpr std::size_t kPartsOnStack = 16;
  std::array<std::string_view, kPartsOnStack> few;
  const std::span<std::string_view> values = parts_.size() <= few.size()
                                                 ? std::span(few).first(parts_.size())
                                                 : request.arena.make_array<std::string_view>(parts_.size());
  std::size_t length = 0;
  for (std::size_t i = 0; i < parts_.size(); ++i) {
    if (parts_[i].kind != Part::Kind::capture) values[i] = part_value(request, parts_[i], captures);
  }
  for (std::size_t i = 0; i < parts_.size(); ++i) {
    if (parts_[i].kind == Part::Kind::capture) values[i] = part_value(request, parts_[i], captures);
    length += values[i].size();
  }
  char* const text = request.arena.take_bytes(length);
  char* to = text;
  for (const std::string_view value : values) {
    if (value.empty()) continue;
    std::memcpy(to, value.data(), value.size());
    to += value.size();
  }
  return {text, length};
}

void Template::append_log(Request& request, LogEscape escape, std::string& line) const {
  if (parts_.empty()) {
    line += source_;
    return;
  }
  forget_volatile(request);
  for (const Part& part : parts_) {
    switch (part.kind) {
      case Part::Kind::text:
        line += part.text;
        break;
      case Part::Kind::log_field: {
        char text[kLogFieldBytesMax];
        line.append(text, static_cast<std::size_t>(part.write(text, request) - text));
        break;
      }
      case Part::Kind::variable:
        if (const auto value = request.variables->value(request, part.index)) {
          append_escaped(*value, escape, line);
        } else if (escape == LogEscape::default_) {
          line += '-';
        }
        break;
      case Part::Kind::capture:
        append_escaped(part_value(request, part), escape, line);
        break;
    }
  }
}

}  // namespace uringx
