// CommandLine is what the words after the program's name ask for; its texts are nginx's own, with another
// name. Pure: made once at start from argv by src/process/run.cc.
#pragma once

#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace uringx {

// The argument of -s.
enum class Instruction : std::uint8_t { none, stop, quit, reopen, reload };

struct CommandLine {
  bool show_help = false;
  bool show_version = false;    // -v, -V, -? and -h
  bool show_configure = false;  // -V
  bool print_directives = false;
  bool print_variables = false;
  bool print_lint_rules = false;
  bool test = false;  // -t, -T, --lint
  bool lint = false;
  bool dump = false;  // -T
  bool quiet = false;
  Instruction instruction = Instruction::none;
  std::optional<std::string> prefix;
  std::optional<std::string> conf_file;
  std::optional<std::string> error_log;
  std::string global_directives;
};

// `words` are argv without the program's name. The error is nginx's sentence, without "uringx: " before it.
std::expected<CommandLine, std::string> parse_command_line(std::span<const char* const> words);

// Absolute names of what the process reads and writes before a configuration says otherwise.
struct ProcessPaths {
  std::string prefix;  // ends in '/' unless it was given as an empty word
  std::string conf_file;
  std::string error_log;  // "stderr" for the standard error stream
};

// Relative names are relative to the prefix (ngx_process_options).
ProcessPaths resolve_paths(const CommandLine& command_line);

}  // namespace uringx
