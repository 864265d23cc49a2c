// ErrorLog is where error lines of one level of configuration go: a list of targets, each with its own level.
// Built with the configuration, const afterwards; writing from a worker's thread only appends to that worker's buffer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "base/log_file.h"
#include "base/memory_log.h"
#include "base/syslog.h"

namespace uringx {

// nginx's levels, most severe first (ngx_log.h).
enum class LogLevel : std::uint8_t { stderr_, emerg, alert, crit, error, warn, notice, info, debug };

inline constexpr std::size_t kErrorLineBytesMax = 2048;  // NGX_MAX_ERROR_STR

std::string_view log_level_name(LogLevel level);
// "error" to its level (ngx_log_set_levels); nullopt for a name that is none, "stderr" included.
std::optional<LogLevel> parse_log_level(std::string_view name);

// The text of an errno as nginx prints it (the C locale's), e.g. "No such file or directory".
std::string_view error_text(int error_number);

class ErrorLog {
 public:
  // A target of one kind: the others' pointers are empty.
  struct Target {
    LogFile* file = nullptr;
    LogLevel level = LogLevel::error;  // this and more severe ones
    std::shared_ptr<const SyslogPeer> syslog{};
    std::shared_ptr<MemoryLog> memory{};
  };

  void add(LogFile& file, LogLevel level) { add(Target{.file = &file, .level = level}); }
  void add(Target target);
  bool empty() const { return targets_.empty(); }
  const std::vector<Target>& targets() const { return targets_; }
  // Checked first, so that no text is made for a line nobody wants. Of a connection that debug_connection names every
  // target takes every level.
  bool wants(LogLevel level, bool debug_connection = false) const;

  // One line: "2026/11/22 12:01:00 [error] PID#TID: *CONNECTION MESSAGE"; connection 0 leaves "*N " out. With an errno,
  // " (2: No such file or directory)" follows the message; `context` (", client: ...") closes the line. A line has at
  // most kErrorLineBytesMax bytes, its newline included, cut as ngx_log_error_core cuts it; no byte is escaped.
  void write(LogLevel level, std::uint64_t connection, std::string_view message, int error_number = 0,
             std::string_view context = {}, bool debug_connection = false) const;
  // That a datagram could not be sent, as nginx's lines say it.
  void write_syslog_failure(const SyslogSent& sent) const;

 private:
  void send(const SyslogPeer& peer, LogLevel level, std::string_view line) const;

  std::vector<Target> targets_;
};

}  // namespace uringx
