// The lint looks through a configuration for the classic traps: what nginx accepts and does, and what the author hardly meant.
// Called on the main thread for `-t --lint`; it works on the parsed tree, so a directive that is not served does not stop it.
#pragma once

#include <string>
#include <vector>

#include "lint/file_facts.h"
#include "lint/rule.h"
#include "parser/config_tree.h"

namespace uringx {

// All findings, by file in the order of reading, and by line. `tree` must have been read to its end.
std::vector<Finding> lint(const ConfigTree& tree, const LintPaths& paths, const FileFacts& files);

// The rules as a table in Markdown.
std::string lint_rules_markdown();

}  // namespace uringx
