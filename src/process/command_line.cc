#include "process/command_line.h"

#include <fmt/format.h>

#include "base/paths.h"

namespace uringx {
namespace {

// Options of our own. Each is a word as a whole, so that all that nginx refuses stays refused in its words.
struct LongOption {
  std::string_view word;
  bool CommandLine::*flag;
};
constexpr LongOption kLongOptions[] = {{"--print-directives", &CommandLine::print_directives},
                                       {"--print-variables", &CommandLine::print_variables},
                                       {"--print-lint-rules", &CommandLine::print_lint_rules},
                                       {"--lint", &CommandLine::lint}};

// An option with a word of its own: the rest of its word, or the next one.
struct ValueOption {
  char letter;
  std::string_view needs;  // option "-c" requires NEEDS
};
constexpr ValueOption kValueOptions[] = {
    {'p', "directory name"}, {'e', "file name"}, {'c', "file name"}, {'g', "parameter"}, {'s', "parameter"}};

struct InstructionName {
  std::string_view name;
  Instruction instruction;
};
constexpr InstructionName kInstructions[] = {{"stop", Instruction::stop},
                                             {"quit", Instruction::quit},
                                             {"reopen", Instruction::reopen},
                                             {"reload", Instruction::reload}};

const ValueOption* find_value_option(char letter) {
  for (const ValueOption& option : kValueOptions) {
    if (option.letter == letter) return &option;
  }
  return nullptr;
}

const LongOption* find_long_option(std::string_view word) {
  for (const LongOption& option : kLongOptions) {
    if (option.word == word) return &option;
  }
  return nullptr;
}

// False when there is no such flag.
bool set_flag(CommandLine& line, char letter) {
  switch (letter) {
    case '?':
    case 'h':
      line.show_version = line.show_help = true;
      return true;
    case 'v':
      line.show_version = true;
      return true;
    case 'V':
      line.show_version = line.show_configure = true;
      return true;
    case 't':
      line.test = true;
      return true;
    case 'T':
      line.test = line.dump = true;
      return true;
    case 'q':
      line.quiet = true;
      return true;
    default:
      return false;
  }
}

std::expected<void, std::string> set_value(CommandLine& line, char letter, std::string_view value) {
  switch (letter) {
    case 'p':
      line.prefix = value;
      return {};
    case 'e':
      line.error_log = value;
      return {};
    case 'c':
      line.conf_file = value;
      return {};
    case 'g':
      line.global_directives = value;
      return {};
    default:
      break;
  }
  for (const InstructionName& known : kInstructions) {
    if (known.name != value) continue;
    line.instruction = known.instruction;
    return {};
  }
  return std::unexpected(fmt::format("invalid option: \"-s {}\"", value));
}

std::string absolute(std::string_view path, std::string_view prefix) {
  if (path.starts_with('/')) return std::string(path);
  return fmt::format("{}{}", prefix, path);
}

}  // namespace

std::expected<CommandLine, std::string> parse_command_line(std::span<const char* const> words) {
  CommandLine line;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string_view word = words[i];
    if (const LongOption* option = find_long_option(word)) {
      line.*option->flag = true;
      continue;
    }
    if (!word.starts_with('-')) return std::unexpected(fmt::format("invalid option: \"{}\"", word));

    for (std::size_t at = 1; at < word.size(); ++at) {
      const char letter = word[at];
      if (const ValueOption* option = find_value_option(letter)) {
        std::string_view value = word.substr(at + 1);
        if (value.empty()) {
          if (++i == words.size()) {
            return std::unexpected(fmt::format("option \"-{}\" requires {}", letter, option->needs));
          }
          value = words[i];
        }
        if (auto done = set_value(line, letter, value); !done) {
          return std::unexpected(std::move(done.error()));
        }
        break;
      }
      if (!set_flag(line, letter)) return std::unexpected(fmt::format("invalid option: \"{}\"", letter));
    }
  }
  // Who asks for findings wants no server.
  if (line.lint) line.test = true;
  return line;
}

ProcessPaths resolve_paths(const CommandLine& command_line) {
  ProcessPaths paths;
  paths.prefix = command_line.prefix.value_or(std::string(kPrefix));
  if (!paths.prefix.empty() && !paths.prefix.ends_with('/')) paths.prefix += '/';
  paths.conf_file = absolute(command_line.conf_file.value_or(std::string(kConfFile)), paths.prefix);
  paths.error_log = command_line.error_log.value_or(std::string(kErrorLogFile));
  if (paths.error_log.empty()) paths.error_log = "stderr";
  if (paths.error_log != "stderr") paths.error_log = absolute(paths.error_log, paths.prefix);
  return paths;
}

}  // namespace uringx
