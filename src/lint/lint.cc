#include "lint/lint.h"

#include <fmt/format.h>

#include <algorithm>

namespace uringx {
namespace {

constexpr std::span<const LintRule> (*kGroups[])() = {location_rules, regex_rules,  header_rules, access_rules,
                                                      rewrite_rules,  server_rules, file_rules};

void run(const LintRule& rule, const Block& block, Report& report) {
  if ((rule.kinds & block.kind) != 0) rule.check(block, report);
  for (const auto& inner : block.blocks) run(rule, *inner, report);
}

std::size_t place_of(const ConfigTree& tree, const std::string& file) {
  const auto found = std::ranges::find(tree.files, file, &ConfigFile::path);
  return static_cast<std::size_t>(found - tree.files.begin());
}

}  // namespace

void Report::add(const Directive& at, std::string message) {
  const auto is_told = [&](const Finding& finding) {
    return finding.rule == rule_ && finding.line == at.line && finding.file == *at.file;
  };
  if (std::ranges::none_of(findings_, is_told)) findings_.push_back({rule_, std::move(message), *at.file, at.line});
}

std::vector<Finding> lint(const ConfigTree& tree, const LintPaths& paths, const FileFacts& files) {
  const auto whole = make_blocks(tree);
  std::vector<Finding> findings;
  for (const auto& group : kGroups) {
    for (const LintRule& rule : group()) {
      Report report(rule.name, paths, files, findings);
      run(rule, *whole, report);
    }
  }
  std::ranges::stable_sort(findings, {}, [&tree](const Finding& finding) {
    return std::pair(place_of(tree, finding.file), finding.line);
  });
  return findings;
}

std::string lint_rules_markdown() {
  std::string text = "| rule | the trap |\n|---|---|\n";
  for (const auto& group : kGroups) {
    for (const LintRule& rule : group()) text += fmt::format("| `{}` | {} |\n", rule.name, rule.says);
  }
  return text;
}

}  // namespace uringx
