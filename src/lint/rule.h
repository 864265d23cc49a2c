// A lint rule is a row: its name, the kinds of blocks it looks at, and a function that reports what it finds in one of them.
// The rows are constants, grouped by what they are about; the functions are pure but for FileFacts.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lint/block.h"
#include "lint/file_facts.h"
#include "parser/config_tree.h"

namespace uringx {

struct Finding {
  std::string_view rule;
  std::string message;  // what is wrong and what to write instead
  std::string file;
  unsigned line = 0;
};

// Where relative names in the configuration count from; both end in '/'.
struct LintPaths {
  std::string prefix;
  std::string conf_prefix;
};

// Takes the findings of one rule.
class Report {
 public:
  Report(std::string_view rule, const LintPaths& paths, const FileFacts& files, std::vector<Finding>& findings)
      : rule_(rule), paths_(paths), files_(files), findings_(findings) {}

  // One finding a rule and line: a file that is included in many servers is told of once.
  void add(const Directive& at, std::string message);

  const FileFacts& files() const { return files_; }
  std::string full_path(std::string_view path) const { return absolute(path, paths_.prefix); }
  std::string full_conf_path(std::string_view path) const { return absolute(path, paths_.conf_prefix); }

 private:
  static std::string absolute(std::string_view path, const std::string& from) {
    return path.starts_with('/') ? std::string(path) : from + std::string(path);
  }

  std::string_view rule_;
  const LintPaths& paths_;
  const FileFacts& files_;
  std::vector<Finding>& findings_;
};

struct LintRule {
  std::string_view name;
  unsigned kinds;  // of BlockKind
  void (*check)(const Block& block, Report& report);
  std::string_view says;  // for the documentation: the trap in one sentence
};

std::span<const LintRule> location_rules();
std::span<const LintRule> regex_rules();
std::span<const LintRule> header_rules();
std::span<const LintRule> access_rules();
std::span<const LintRule> rewrite_rules();
std::span<const LintRule> server_rules();
std::span<const LintRule> file_rules();

}  // namespace uringx
