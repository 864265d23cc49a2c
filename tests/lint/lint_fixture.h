// What the tests of the lint share: findings of a configuration that is in memory, beside files that are in a table.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "lint/lint.h"
#include "parser/config_parser.h"
#include "tests/parser/memory_source.h"

namespace uringx {

struct TableFacts final : FileFacts {
  std::set<std::string> directories;
  std::set<std::string> open_to_all;
  std::set<std::string> outdated;  // copies

  bool is_directory(const std::string& path) const override { return directories.contains(path); }
  bool is_readable_by_all(const std::string& path) const override { return open_to_all.contains(path); }
  std::string outdated_copy(const std::string& folder, std::string_view suffix) const override {
    for (const std::string& copy : outdated) {
      if (copy.starts_with(folder) && copy.ends_with(suffix)) return copy;
    }
    return {};
  }
};

struct LintedConfig {
  MemorySource source;
  TableFacts facts;

  explicit LintedConfig(std::string text) { source.files["/etc/nginx/nginx.conf"] = std::move(text); }

  std::vector<Finding> findings() {
    const ConfigTree tree = parse_config_file("/etc/nginx/nginx.conf", {"/etc/nginx/"}, source);
    if (tree.error) return {{"syntax", tree.error->message, tree.error->file, tree.error->line}};
    return lint(tree, {"/srv/", "/etc/nginx/"}, facts);
  }
};

// "RULE:LINE RULE:LINE ..." of a text.
inline std::string told(LintedConfig config) {
  std::string text;
  for (const Finding& finding : config.findings()) {
    if (!text.empty()) text += ' ';
    text += std::string(finding.rule) + ":" + std::to_string(finding.line);
  }
  return text;
}

}  // namespace uringx
