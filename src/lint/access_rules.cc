#include <fmt/format.h>

#include <algorithm>

#include "lint/rule.h"

namespace uringx {
namespace {

std::vector<const Directive*> access_lines(const Block& block) {
  std::vector<const Directive*> lines;
  for (const Directive* line : block.lines) {
    if ((line->name() == "allow" || line->name() == "deny") && line->words.size() == 2) lines.push_back(line);
  }
  return lines;
}

bool is_for_all(const Directive* line) { return line->words[1] == "all"; }
bool is_allow(const Directive* line) { return line->name() == "allow"; }

// What no rule names is let in. With "satisfy any" it is left to the other checks, which is a use of its own.
void check_allow_alone(const Block& block, Report& report) {
  const auto lines = access_lines(block);
  if (lines.empty() || !std::ranges::all_of(lines, is_allow) || std::ranges::any_of(lines, is_for_all)) return;
  if (block.value("satisfy", "all") == "any") return;
  const Block* const outer = block.parent == nullptr ? nullptr : block.parent->nearest_with("deny");
  report.add(*lines.front(),
             fmt::format("\"{}\" without a deny lets everybody in, for what no rule names is allowed{}; write \"deny all;\" "
                         "behind the last allow",
                         line_text(*lines.front()),
                         outer == nullptr ? ""
                                          : fmt::format(", and the rules of line {} are not inherited by a block with its own",
                                                        outer->line("deny")->line)));
}

void check_after_all(const Block& block, Report& report) {
  const auto lines = access_lines(block);
  const auto all = std::ranges::find_if(lines, is_for_all);
  if (all == lines.end() || all + 1 == lines.end()) return;
  const Directive* const next = all[1];
  // The same once more does no harm: an included file may bring its own end.
  if (std::all_of(all + 1, lines.end(), [&](const Directive* one) { return one->name() == (*all)->name(); })) return;
  report.add(*next, fmt::format("\"{}\" is never asked: \"{}\" on line {} decides about every client, for rules are tried in the "
                                "order of writing; write it above that one",
                                line_text(*next), line_text(**all), (*all)->line));
}

// return is carried out before the access phase.
void check_return_first(const Block& block, Report& report) {
  const Directive* const answer = block.line("return");
  if (answer == nullptr || answer->words.size() < 2) return;
  const auto lines = access_lines(block);
  const Directive* const auth = block.line("auth_basic");
  const bool asks_password = auth != nullptr && auth->words.size() == 2 && auth->words[1] != "off";
  const bool lets_some_in = std::ranges::any_of(lines, [](const Directive* one) { return is_allow(one) && !is_for_all(one); });
  const bool denies = std::ranges::any_of(lines, [](const Directive* one) { return !is_allow(one); });
  const bool refuses = answer->words[1].size() == 3 && answer->words[1].front() == '4';
  // "deny all; return 404;" says the same twice.
  if (!asks_password && !(denies && (lets_some_in || !refuses))) return;
  report.add(*answer, fmt::format("\"{}\" is carried out before access is checked, so that {} of this block is not asked; let "
                                  "try_files or a named location answer, or test the client in an \"if\"",
                                  line_text(*answer), asks_password ? "\"auth_basic\"" : "\"deny\""));
}

constexpr unsigned kAccessBlocks = kHttpBlock | kServerBlock | kLocationBlock | kLimitExceptBlock;

constexpr LintRule kRules[] = {
    {"allow-without-deny", kAccessBlocks, check_allow_alone, "`allow` without a `deny` lets everybody in"},
    {"access-after-all", kAccessBlocks, check_after_all, "an `allow` or `deny` behind `deny all` or `allow all` is never asked"},
    {"return-before-access", kServerBlock | kLocationBlock, check_return_first,
     "`return` beside `allow`, `deny` or `auth_basic` answers before they are asked"},
};

}  // namespace

std::span<const LintRule> access_rules() { return kRules; }

}  // namespace uringx
