#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "lint/pattern.h"
#include "lint/rule.h"

namespace uringx {
namespace {

constexpr std::string_view kRedirectCodes[] = {"301", "302", "303", "307", "308"};
// Variables whose value is the path with its %XX decoded, so that it may hold a line feed.
constexpr std::string_view kDecodedPaths[] = {"uri", "document_uri"};

template <std::size_t N>
bool is_one_of(const std::string_view (&words)[N], std::string_view word) {
  return std::ranges::find(words, word) != std::end(words);
}

bool is_absolute(std::string_view text) {
  return text.starts_with("http://") || text.starts_with("https://") || text.starts_with("$scheme");
}

// The text that a line puts into a field of the answer's head; empty: none.
std::string_view field_text(const Directive& line) {
  const std::vector<std::string>& words = line.words;
  if (line.name() == "return") {
    if (words.size() == 3 && is_one_of(kRedirectCodes, words[1])) return words[2];
    if (words.size() == 2 && (is_absolute(words[1]) || words[1].starts_with('/'))) return words[1];
  }
  if (line.name() == "rewrite" && words.size() >= 3) {
    const bool redirects = words.size() == 4 && (words[3] == "redirect" || words[3] == "permanent");
    if (redirects || is_absolute(words[2])) return words[2];
  }
  if ((line.name() == "add_header" || line.name() == "add_trailer") && words.size() >= 3) return words[2];
  return {};
}

void check_uri_in_field(const Block& block, Report& report) {
  for (const Directive* line : block.lines) {
    for (const std::string_view name : variables_in(field_text(*line))) {
      if (!is_one_of(kDecodedPaths, name)) continue;
      report.add(*line, fmt::format("\"{}\": ${} is decoded: with nginx a request for /%0d%0aSet-Cookie:... writes header "
                                    "fields of its own, and here the address breaks; write $request_uri",
                                    line_text(*line), name));
      break;
    }
  }
}

struct Condition {
  std::string variable;  // without '$'
  std::string sign;      // "=", "!=", "~" ... ; empty: the variable alone
  std::string value;
};

// The words of "if (...)"; nullopt: one of the file tests.
std::optional<Condition> condition_of(const Block& block) {
  std::vector<std::string> words(block.opener->words.begin() + 1, block.opener->words.end());
  if (words.empty() || !words.front().starts_with('(') || !words.back().ends_with(')')) return std::nullopt;
  words.front().erase(0, 1);
  words.back().pop_back();
  std::erase(words, std::string());
  if (words.empty() || !words.front().starts_with('$')) return std::nullopt;
  Condition condition{words[0].substr(1), words.size() > 1 ? words[1] : "", words.size() > 2 ? words[2] : ""};
  return condition;
}

struct Match {
  std::string pattern;
  bool caseless = false;
  std::string_view where;  // for the sentence
};

// The expression on the decoded path that fills $1 or a named capture for the lines of this block; nullopt: another or none.
std::optional<Match> captures_of(const Block& block) {
  // The last match counts, and a rewrite escapes its own.
  if (block.has("rewrite")) return std::nullopt;
  for (const Block* at = &block; at != nullptr; at = at->parent) {
    if (at->kind == kLocationIfBlock || at->kind == kServerIfBlock) {
      const auto condition = condition_of(*at);
      if (!condition || !condition->sign.starts_with('~')) continue;
      if (!is_one_of(kDecodedPaths, condition->variable)) return std::nullopt;
      return Match{condition->value, condition->sign == "~*", "the condition"};
    }
    if (at->kind == kLocationBlock) {
      const LocationName name = location_name(*at);
      if (at->has("rewrite")) return std::nullopt;
      if (name.is_regex()) return Match{name.text, name.modifier == Modifier::regex_caseless, "the location"};
    }
  }
  return std::nullopt;
}

void check_capture_in_field(const Block& block, Report& report) {
  const auto match = captures_of(block);
  if (!match) return;
  const auto pattern = Pattern::parse(match->pattern, match->caseless);
  if (!pattern) return;
  for (const Directive* line : block.lines) {
    if (line->name() == "rewrite") continue;
    for (const std::string_view name : variables_in(field_text(*line))) {
      if (!pattern->group_may_hold_line_feed(name)) continue;
      report.add(*line, fmt::format("\"{}\": ${} comes from {} \"{}\", which lets a decoded %0a through: with nginx a request "
                                    "writes header fields of its own; exclude it as in \"[^/\\s]\", or write $request_uri",
                                    line_text(*line), name, match->where, match->pattern));
      break;
    }
  }
}

// The directives that run on their own account; anything else makes the block a location that takes the other's place.
constexpr std::string_view kRewriteLines[] = {"return", "rewrite", "set", "break", "rewrite_log", "uninitialized_variable_warn"};

const Directive* setting_in(const Block& block) {
  const auto is_setting = [](const Directive* line) { return !is_one_of(kRewriteLines, line->name()); };
  const auto found = std::ranges::find_if(block.lines, is_setting);
  return found == block.lines.end() ? nullptr : *found;
}

void check_if_try_files(const Block& location, Report& report) {
  if (!location.has("try_files")) return;
  for (const Block* one : location.blocks_of(kLocationIfBlock)) {
    if (answers_without_files(*one)) continue;
    report.add(*one->opener, fmt::format("where \"{}\" holds, its block takes the place of the location, and \"try_files\" on line "
                                         "{} is not carried out; set the value with a map instead, or let the block end in return",
                                         line_text(*one->opener), location.line("try_files")->line));
  }
}

void check_several_ifs(const Block& location, Report& report) {
  std::vector<const Block*> setters;
  for (const Block* one : location.blocks_of(kLocationIfBlock)) {
    if (!one->has("return") && setting_in(*one) != nullptr) setters.push_back(one);
  }
  for (std::size_t i = 1; i < setters.size(); ++i) {
    const auto before = condition_of(*setters[i - 1]);
    const auto here = condition_of(*setters[i]);
    // Two tests of one variable mostly exclude each other.
    if (!before || !here || before->variable == here->variable) continue;
    report.add(*setters[i]->opener,
               fmt::format("where this \"if\" and the one on line {} hold both, only this one counts and \"{}\" of the other is "
                           "lost; set the values with a map instead",
                           setters[i - 1]->opener->line, line_text(*setting_in(*setters[i - 1]))));
  }
}

void check_if_never_true(const Block& block, Report& report) {
  const auto condition = condition_of(block);
  if (!condition || (condition->sign != "=" && condition->sign != "!=")) return;
  const std::string& value = condition->value;
  const bool is_pattern = value.find('|') != std::string::npos || value.starts_with('^') || value.find(".*") != std::string::npos;
  if (!is_pattern) return;
  report.add(*block.opener, fmt::format("\"{0}\" compares the text as it stands: \"{1}\" is {2} true; for a regular expression write "
                                        "\"{3}\"",
                                        condition->sign, value, condition->sign == "=" ? "never" : "always",
                                        condition->sign == "=" ? "~" : "!~"));
}

void check_error_page_relative(const Block& block, Report& report) {
  for (const Directive* line : block.lines) {
    if (line->name() != "error_page" || line->words.size() < 3) continue;
    const std::string& last = line->words.back();
    if (last.empty() || std::string_view("/@$=").find(last.front()) != std::string_view::npos || is_absolute(last)) continue;
    if (last.find("://") != std::string::npos) continue;
    report.add(*line, fmt::format("\"{0}\" is no URI, so that clients are redirected (302) to \"{0}\" beside the page they asked "
                                  "for; write \"/{0}\"",
                                  last));
  }
}

constexpr unsigned kRewriteBlocks = kServerBlock | kLocationBlock | kServerIfBlock | kLocationIfBlock;

constexpr LintRule kRules[] = {
    {"uri-in-header", kRewriteBlocks | kHttpBlock, check_uri_in_field,
     "`$uri` or `$document_uri` in a redirect or header field: decoded line feeds end the field"},
    {"capture-in-header", kRewriteBlocks, check_capture_in_field,
     "a capture such as `([^/]+)` of the path in a redirect or header field, for the same reason"},
    {"if-drops-try-files", kLocationBlock, check_if_try_files, "`if` beside `try_files`, which is not carried out where it holds"},
    {"if-several", kLocationBlock, check_several_ifs, "of two `if` that hold only the last one's settings count"},
    {"if-compares-pattern", kServerIfBlock | kLocationIfBlock, check_if_never_true,
     "`if ($x = \"a\\|b\")`: a comparison, not a regular expression"},
    {"error-page-relative", kSettingsBlocks, check_error_page_relative,
     "`error_page 404 404.html` without the slash redirects clients"},
};

}  // namespace

std::span<const LintRule> rewrite_rules() { return kRules; }

}  // namespace uringx
