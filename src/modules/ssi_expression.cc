#include "modules/ssi_expression.h"

#include <fmt/format.h>

#include <algorithm>

#include "http/ascii.h"
#include "modules/handler.h"
#include "modules/regex.h"
#include "modules/variables.h"

namespace uringx {
namespace {

bool is_name_byte(char c) { return is_digit(c) || is_alpha(c) || c == '_'; }

std::string lower_case(std::string_view text) {
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(), ascii_lower);
  return lower;
}

// Appends text up to the next "$" that no backslash stands before; `at` moves there.
void expand_literal(std::string_view text, std::size_t& at, std::string& to) {
  constexpr std::string_view kQuotable = "\\'\"$";
  for (bool quoted = false; at < text.size(); ++at) {
    const char c = text[at];
    if (!quoted && c == '$') return;
    if (!quoted && c == '\\') {
      quoted = true;
      continue;
    }
    if (quoted && kQuotable.find(c) == std::string_view::npos) to += '\\';
    to += c;
    quoted = false;
  }
}

// The two sides of "LEFT = RIGHT" and what is between them.
struct Sides {
  std::string left;
  std::string_view right;
  bool has_right = false;
  bool negated = false;
  bool is_pattern = false;
};

// nullopt: it is neither of the forms. The left side is turned to lower case in `expression`.
std::optional<Sides> split(std::string& expression) {
  constexpr std::string_view kLeftBytes = "${}_\"'";
  const auto is_left = [&](char c) { return is_digit(c) || is_alpha(c) || kLeftBytes.find(c) != std::string_view::npos; };
  const auto left_end = std::ranges::find_if_not(expression, is_left);
  std::transform(expression.begin(), left_end, expression.begin(), ascii_lower);
  std::string_view rest(left_end, expression.end());
  const auto skip_blanks = [&] { rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size())); };
  Sides sides{.left = std::string(expression.begin(), left_end), .right = {}};
  skip_blanks();
  if (rest.empty()) return sides;
  sides.has_right = true;
  sides.negated = rest.size() > 1 && rest.starts_with("!=");
  if (!sides.negated && rest.front() != '=') return std::nullopt;
  rest.remove_prefix(sides.negated ? 2 : 1);
  skip_blanks();
  if (rest.size() > 1 && rest.front() == '/') {
    if (rest.back() != '/') return std::nullopt;
    sides.is_pattern = true;
    rest = rest.substr(1, rest.size() - 2);
  } else if (rest.size() > 1 && rest.starts_with("\\/")) {
    rest.remove_prefix(1);
  }
  sides.right = rest;
  return sides;
}

}  // namespace

std::optional<std::string> SsiExpression::expand(std::string_view text) const {
  std::string expanded;
  for (std::size_t at = 0; at < text.size();) {
    if (text[at] != '$') {
      expand_literal(text, at, expanded);
    } else if (!expand_variable(text, at, expanded)) {
      return std::nullopt;
    }
  }
  return expanded;
}

std::optional<std::string> SsiExpression::expand_path(std::string_view text) const {
  std::optional<std::string> path = expand(text);
  if (!path || path->starts_with('/')) return path;
  if (path->empty() && text.find('$') != std::string_view::npos) return path;  // its variables have no value
  const std::string_view uri = request_.uri;
  path->insert(0, uri.substr(0, uri.rfind('/') + 1));
  return path;
}

// `at` is at "$", and moves behind the name.
bool SsiExpression::expand_variable(std::string_view text, std::size_t& at, std::string& to) const {
  bool bracket = ++at < text.size() && text[at] == '{';
  if (bracket) ++at;
  const std::size_t begin = at;
  while (at < text.size() && is_name_byte(text[at])) ++at;
  const std::string name = lower_case(text.substr(begin, at - begin));
  if (bracket && begin < text.size()) {
    if (at == text.size() || text[at] != '}') {
      log_request(request_, LogLevel::error, fmt::format("the closing bracket in \"{}\" variable is missing", name));
      return false;
    }
    ++at;
  }
  if (name.empty()) {
    log_request(request_, LogLevel::error, fmt::format("invalid variable name in \"{}\"", text));
    return false;
  }
  to += value_of(name).value_or(std::string_view());
  return true;
}

std::optional<std::string_view> SsiExpression::value_of(std::string_view name) const {
  if (const std::string* value = common_.find_variable(name)) return *value;
  return request_.variables->value_of(request_, name);
}

std::optional<bool> SsiExpression::holds(std::string_view text) const {
  std::string expression(text);
  const std::optional<Sides> sides = split(expression);
  if (!sides) {
    log_request(request_, LogLevel::error, fmt::format("invalid expression in \"{}\"", expression));
    return std::nullopt;
  }
  const std::optional<std::string> left = expand(sides->left);
  if (!left) return std::nullopt;
  if (!sides->has_right) return !left->empty();
  const std::optional<std::string> right = expand(sides->right);
  if (!right) return std::nullopt;
  const std::optional<bool> same = sides->is_pattern ? matches(*right, *left) : *left == *right;
  if (!same) return std::nullopt;
  return *same != sides->negated;
}

std::optional<bool> SsiExpression::matches(std::string_view pattern, std::string_view text) const {
  MatchOnce match = match_once(pattern, text);
  if (!match.error.empty()) log_request(request_, match.compiled ? LogLevel::alert : LogLevel::error, match.error);
  if (match.outcome == Regex::Outcome::failed) return std::nullopt;
  if (match.outcome == Regex::Outcome::not_matched) return false;
  common_.captures = std::move(match.groups);
  for (auto& [name, value] : match.names) common_.set_variable(lower_case(name), std::move(value));
  return true;
}

}  // namespace uringx
