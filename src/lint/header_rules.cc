#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <optional>

#include "http/ascii.h"
#include "lint/rule.h"
#include "modules/value_parsers.h"

namespace uringx {
namespace {

bool has_field(const Block& block, std::string_view directive, std::string_view field) {
  return std::ranges::any_of(block.lines, [&](const Directive* line) {
    return line->name() == directive && line->words.size() > 1 && equal_ignore_case(line->words[1], field);
  });
}

bool names_content_type(const Directive* line) {
  return line->name() == "add_header" && line->words.size() > 1 && equal_ignore_case(line->words[1], "Content-Type");
}

// What the block's own return answers with; 0: none, or a redirect without a status.
std::int64_t returned_status(const Block& block) {
  const Directive* const line = block.line("return");
  return line == nullptr || line->words.size() < 2 ? 0 : parse_number(line->words[1]).value_or(0);
}

// Statuses with which add_header needs no "always" (nginx: ngx_http_headers_filter).
bool has_plain_headers(std::int64_t status) {
  constexpr std::int64_t kStatuses[] = {200, 201, 204, 206, 301, 302, 303, 304, 307, 308};
  return status == 0 || std::ranges::find(kStatuses, status) != std::end(kStatuses);
}

// A block whose only add_header is that of check_content_type has the others again once that is mended.
bool is_mended_with_content_type(const Block& block) {
  return std::ranges::all_of(block.lines, [](const Directive* line) {
    return line->name() != "add_header" || names_content_type(line);
  });
}

// Such lines are inherited only where a block has none of its own (nginx: ngx_http_headers_merge_conf).
void check_lost(const Block& block, Report& report, std::string_view directive) {
  const Directive* const own = block.line(directive);
  if (own == nullptr || block.parent == nullptr) return;
  if (block.value(std::string(directive) + "_inherit") == "merge") return;
  const Block* const outer = block.parent->nearest_with(directive);
  if (outer == nullptr) return;
  if (directive == "add_header" && returned_status(block) != 204 && is_mended_with_content_type(block)) return;
  std::string lost;
  std::vector<std::string_view> names;
  const Directive* first = nullptr;
  for (const Directive* line : outer->lines) {
    if (line->name() != directive || line->words.size() < 2 || has_field(block, directive, line->words[1])) continue;
    if (line->words.back() != "always" && !has_plain_headers(returned_status(block))) continue;
    if (std::ranges::find(names, line->words[1]) != names.end()) continue;
    names.push_back(line->words[1]);
    if (first == nullptr) first = line;
    if (!lost.empty()) lost += ", ";
    lost += line->words[1];
  }
  if (first == nullptr) return;
  // A file that several blocks include is not where the mistake is.
  const bool is_included = *own->file != *block.opener->file;
  report.add(is_included ? *block.opener : *own,
             fmt::format("{} in this block drops those of the block around it: {} (line {}{}); repeat them here, or put them in a file "
                         "that both include",
                         directive, lost, first->line,
                         *first->file == *block.opener->file ? "" : " of " + *first->file));
}

void check_add_header_lost(const Block& block, Report& report) { check_lost(block, report, "add_header"); }
void check_add_trailer_lost(const Block& block, Report& report) { check_lost(block, report, "add_trailer"); }

// How long an answer may be kept, as a Cache-Control field says it: 0 for not at all, nullopt when it does not say.
std::optional<std::int64_t> seconds_of_field(std::string_view field) {
  constexpr std::string_view kMaxAge = "max-age=";
  if (find_ignore_case(field, "no-cache") != std::string_view::npos) return 0;
  if (find_ignore_case(field, "no-store") != std::string_view::npos) return 0;
  const std::size_t at = find_ignore_case(field, kMaxAge);
  if (at == std::string_view::npos) return std::nullopt;
  const std::string_view rest = field.substr(at + kMaxAge.size());
  return parse_number(rest.substr(0, rest.find_first_not_of("0123456789")));
}

// The same of the words of expires; nullopt: none, or known in a request only.
std::optional<std::int64_t> seconds_of_expires(const Directive& expires) {
  constexpr std::int64_t kTenYears = 315360000;  // what "max" stands for
  if (expires.words.size() != 2) return std::nullopt;
  const std::string& word = expires.words[1];
  if (word == "epoch" || word.starts_with('-')) return 0;
  if (word == "max") return kTenYears;
  return parse_seconds(word);
}

void check_expires_contradicted(const Block& block, Report& report) {
  const Directive* const expires = block.line("expires");
  const auto seconds = expires == nullptr ? std::nullopt : seconds_of_expires(*expires);
  if (!seconds) return;
  for (const Directive* line : block.lines) {
    if (line->name() != "add_header" || line->words.size() < 3 || !equal_ignore_case(line->words[1], "Cache-Control")) continue;
    const auto others = seconds_of_field(line->words[2]);
    if (!others || *others == *seconds) continue;
    report.add(*line, fmt::format("\"{}\" sends a Cache-Control field already, of {} seconds, so that clients get two that contradict "
                                  "each other; write only one of the two lines",
                                  line_text(*expires), *seconds));
  }
}

// nginx adds a second field of that name: its own comes from types and default_type, and only a 204 has none.
void check_content_type(const Block& block, Report& report) {
  if (returned_status(block) == 204) return;
  for (const Directive* line : block.lines) {
    if (!names_content_type(line) || line->words.size() < 3 || line->words[2].empty()) continue;
    report.add(*line, fmt::format("the answer gets a second Content-Type beside the one of its type; write \"default_type {0}{1}{0};\", with "
                                  "\"types {{ }}\" where files are served",
                                  line->words[2].find_first_of(" ;") == std::string::npos ? "" : "'", line->words[2]));
  }
}

// A types block replaces the inherited table as a whole.
void check_types_replaced(const Block& server, Report& report) {
  const auto types_of = [](const Block& block) {
    std::vector<const Block*> found;
    for (const auto& inner : block.blocks) {
      if (inner->opener->name() == "types") found.push_back(inner.get());
    }
    return found;
  };
  const auto own = types_of(server);
  const auto inherited = types_of(*server.parent);
  if (own.empty() || inherited.empty()) return;
  std::size_t own_count = 0;
  std::size_t inherited_count = 0;
  for (const Block* block : own) own_count += block->lines.size();
  for (const Block* block : inherited) inherited_count += block->lines.size();
  if (own_count == 0 || own_count >= inherited_count) return;
  report.add(*own.front()->opener, fmt::format("this types block replaces the {} lines of the http block, so that all other files "
                                               "get default_type; include mime.types here as well, or write the types beside it",
                                               inherited_count));
}

constexpr unsigned kBelowHttp = kServerBlock | kLocationBlock | kLocationIfBlock;

constexpr LintRule kRules[] = {
    {"add-header-lost", kBelowHttp, check_add_header_lost,
     "one `add_header` in a block drops all those of the blocks around it"},
    {"add-trailer-lost", kBelowHttp, check_add_trailer_lost, "the same with `add_trailer`"},
    {"cache-control-twice", kSettingsBlocks, check_expires_contradicted,
     "`expires` beside an `add_header Cache-Control` that says something else"},
    {"content-type-twice", kSettingsBlocks, check_content_type,
     "`add_header Content-Type` sends a second field; `default_type` sets the one there is"},
    {"types-replaced", kServerBlock, check_types_replaced, "a `types` block in a server drops those of mime.types"},
};

}  // namespace

std::span<const LintRule> header_rules() { return kRules; }

}  // namespace uringx
