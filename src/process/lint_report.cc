#include "process/lint_report.h"

#include <fmt/format.h>

#include "lint/lint.h"
#include "parser/config_parser.h"
#include "process/process_log.h"

namespace uringx {

void print_lint(const LoadOptions& options, Verdict verdict, LintDetail detail) {
  const std::string conf_prefix = options.conf_file.substr(0, options.conf_file.rfind('/') + 1);
  const ConfigTree tree = parse_config_file(options.conf_file, {conf_prefix});
  if (tree.error) {
    // Half a file looks like a trap: the deny behind an allow may be in the other half.
    print_stderr("[lint] not looked through, for it cannot be read to its end");
    return;
  }
  if (verdict == Verdict::refused && detail == LintDetail::with_summary) {
    print_stderr("[lint] refused, and looked through all the same");
  }
  const auto findings = lint(tree, {options.prefix, conf_prefix}, SystemFileFacts());
  for (const Finding& finding : findings) {
    print_stderr(fmt::format("[lint] {}: {} in {}:{}", finding.rule, finding.message, finding.file, finding.line));
  }
  if (detail == LintDetail::findings_only) return;
  print_stderr(fmt::format("[lint] {} finding{}", findings.size(), findings.size() == 1 ? "" : "s"));
}

}  // namespace uringx
