// ConfigTree is the text of an nginx configuration as a tree of directives, each with its file and line.
// Built once by ConfigParser on the main thread, immutable afterwards; it knows no directive but `include`.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace uringx {

// One directive: its words, where it stood, and its block if it has one.
struct Directive {
  std::vector<std::string> words;  // words[0] is the name; quotes and escapes are resolved as nginx does
  std::shared_ptr<const std::string> file;  // absolute or as-given path, the one nginx would print
  // Line of the terminating ';' or '{', which nginx prints in messages; 0 for a directive of -g, whose file
  // is kCommandLine.
  unsigned line = 0;
  bool has_block = false;                       // ended by '{'
  bool closed = false;                          // has_block and its '}' was read
  unsigned end_line = 0;                        // line of the '}' (or of the parse error when !closed)
  std::shared_ptr<const std::string> end_file;  // file in which the '}' was read
  std::vector<Directive> block;

  const std::string& name() const { return words.front(); }
};

// Stands for a file name where a directive of the -g option is meant: nginx prints "MESSAGE in command line".
inline constexpr const char* kCommandLine = "command line";

// A refusal in nginx's words; an empty file means that the message stands alone.
struct ConfigError {
  std::string message;
  std::string file;
  unsigned line = 0;
  std::string level = "emerg";  // nginx logs a configuration file that cannot be read as "crit"
};

// The line nginx would log, without time and level: "MESSAGE", "MESSAGE in FILE:LINE" or "MESSAGE in command
// line" (ngx_conf_log_error).
inline std::string config_error_text(const ConfigError& error) {
  if (error.file.empty()) return error.message;
  std::string text = error.message + " in " + error.file;
  if (error.line != 0) (text += ':') += std::to_string(error.line);
  return text;
}

// Each file read, once, in the order of reading, byte for byte (what -T prints).
struct ConfigFile {
  std::string path;
  std::string text;
};

// nginx acts on directives while it reads them, so a meaning error on line 3 is reported before a syntax
// error on line 50. The tree therefore keeps everything read before a syntax error, and the error beside it:
// who walks the tree reports its own errors first, in document order, and `error` last.
struct ConfigTree {
  std::vector<Directive> directives;
  std::vector<ConfigFile> files;
  std::optional<ConfigError> error;
};

}  // namespace uringx
