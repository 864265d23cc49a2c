#include <fmt/format.h>

#include <algorithm>

#include "http/ascii.h"
#include "lint/rule.h"

namespace uringx {
namespace {

bool has_field(const Block& block, std::string_view directive, std::string_view field) {
  return std::ranges::any_of(block.lines, [&](const Directive* line) {
    return line->name() == directive && line->words.size() > 1 && equal_ignore_case(line->words[1], field);
  });
}

// Such lines are inherited only where a block has none of its own (nginx: ngx_http_headers_merge_conf).
void check_lost(const Block& block, Report& report, std::string_view directive) {
  const Directive* const own = block.line(directive);
  if (own == nullptr || block.parent == nullptr) return;
  if (block.value(std::string(directive) + "_inherit") == "merge") return;
  const Block* const outer = block.parent->nearest_with(directive);
  if (outer == nullptr) return;
  std::string lost;
  const Directive* first = nullptr;
  for (const Directive* line : outer->lines) {
    if (line->name() != directive || line->words.size() < 2 || has_field(block, directive, line->words[1])) continue;
    if (first == nullptr) first = line;
    if (!lost.empty()) lost += ", ";
    lost += line->words[1];
  }
  if (first == nullptr) return;
  report.add(*own, fmt::format("{} here drops those of the block around it: {} (line {}{}); repeat them here, or put them in a "
                               "file that both include",
                               directive, lost, first->line, *first->file == *own->file ? "" : " of " + *first->file));
}

void check_add_header_lost(const Block& block, Report& report) { check_lost(block, report, "add_header"); }
void check_add_trailer_lost(const Block& block, Report& report) { check_lost(block, report, "add_trailer"); }

// What only one of the two may say.
constexpr std::string_view kCacheWords[] = {"max-age", "no-cache", "no-store"};

void check_expires_doubled(const Block& block, Report& report) {
  const Directive* const expires = block.line("expires");
  if (expires == nullptr || expires->words.size() < 2 || expires->words[1] == "off") return;
  for (const Directive* line : block.lines) {
    if (line->name() != "add_header" || line->words.size() < 3 || !equal_ignore_case(line->words[1], "Cache-Control")) continue;
    const auto is_in = [&](std::string_view word) { return find_ignore_case(line->words[2], word) != std::string_view::npos; };
    if (std::ranges::none_of(kCacheWords, is_in)) continue;
    report.add(*line, fmt::format("\"{}\" sends a Cache-Control field already, so that clients get two that may contradict each "
                                  "other; write only one of the two lines",
                                  line_text(*expires)));
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
    {"cache-control-twice", kSettingsBlocks, check_expires_doubled,
     "`expires` and an `add_header Cache-Control` with `max-age`, `no-cache` or `no-store` side by side"},
    {"types-replaced", kServerBlock, check_types_replaced, "a `types` block in a server drops those of mime.types"},
};

}  // namespace

std::span<const LintRule> header_rules() { return kRules; }

}  // namespace uringx
