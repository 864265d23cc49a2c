#include <fmt/format.h>

#include <algorithm>

#include "lint/rule.h"

namespace uringx {
namespace {

constexpr std::string_view kKeyDirectives[] = {
    "ssl_certificate_key",       "ssl_session_ticket_key",     "ssl_password_file",      "proxy_ssl_certificate_key",
    "grpc_ssl_certificate_key",  "uwsgi_ssl_certificate_key",  "proxy_ssl_password_file", "grpc_ssl_password_file",
    "uwsgi_ssl_password_file",
};

void check_readable_key(const Block& block, Report& report) {
  for (const Directive* line : block.lines) {
    if (std::ranges::find(kKeyDirectives, line->name()) == std::end(kKeyDirectives) || line->words.size() != 2) continue;
    const std::string& path = line->words[1];
    // "data:" and "engine:" name no file, and a variable is known in a request only.
    if (path.starts_with("data:") || path.starts_with("engine:") || !variables_in(path).empty()) continue;
    if (!report.files().is_readable_by_all(report.full_conf_path(path))) continue;
    report.add(*line, fmt::format("every user of this machine can read the secret in {0}; run \"chmod o= {0}\"",
                                  report.full_conf_path(path)));
  }
}

constexpr std::string_view kSwitchWords[] = {"off", "on", "none"};

void check_log_switch(const Block& block, Report& report) {
  for (const Directive* line : block.lines) {
    if (line->words.size() < 2) continue;
    const std::string& word = line->words[1];
    if (std::ranges::find(kSwitchWords, word) == std::end(kSwitchWords)) continue;
    if (line->name() == "error_log") {
      report.add(*line, fmt::format("\"{0}\" logs to a file called \"{0}\", for error_log has no such switch; write \"error_log "
                                    "/dev/null crit;\" for next to nothing",
                                    word));
    } else if (line->name() == "access_log" && word != "off") {
      report.add(*line, fmt::format("\"{0}\" logs to a file called \"{0}\"; write the path of the log, or \"off\"", word));
    }
  }
}

struct PrecompressedRow {
  std::string_view directive;
  std::string_view suffix;
};
constexpr PrecompressedRow kPrecompressed[] = {{"gzip_static", ".gz"}, {"brotli_static", ".br"}, {"zstd_static", ".zst"}};

void check_outdated_copies(const Block& block, Report& report) {
  const Directive* const alias = block.line("alias");
  const std::string folder = alias != nullptr && alias->words.size() == 2 ? alias->words[1] : std::string(block.value("root", "html"));
  if (!variables_in(folder).empty()) return;
  for (const PrecompressedRow& row : kPrecompressed) {
    const Directive* const line = block.line(row.directive);
    if (line == nullptr || line->words.size() != 2 || line->words[1] == "off") continue;
    const std::string copy = report.files().outdated_copy(report.full_path(folder), row.suffix);
    if (copy.empty()) continue;
    report.add(*line, fmt::format("{} is older than the file that it is a copy of, and is sent in its place; compress the file anew", copy));
  }
}

constexpr unsigned kAnyBlock = ~0u;

constexpr LintRule kRules[] = {
    {"readable-key", kAnyBlock, check_readable_key, "a private key or password file that every user of the machine can read"},
    {"outdated-copy", kSettingsBlocks, check_outdated_copies, "a precompressed file that is older than its source"},
    {"log-switch", kAnyBlock, check_log_switch, "`error_log off` logs to a file of that name"},
};

}  // namespace

std::span<const LintRule> file_rules() { return kRules; }

}  // namespace uringx
