// ErrorLog is where error lines of one level of configuration go: a list of targets, each with its own level.
// Built with the configuration, const afterwards; writing from a worker's thread only appends to that worker's buffer.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/log_file.h"

namespace uringx {

// nginx's levels, most severe first (ngx_log.h).
enum class LogLevel : std::uint8_t { stderr_, emerg, alert, crit, error, warn, notice, info, debug };

std::string_view log_level_name(LogLevel level);

class ErrorLog {
 public:
  struct Target {
    LogFile* file;
    LogLevel level;  // this and more severe ones
  };

  void add(LogFile& file, LogLevel level) { targets_.push_back({&file, level}); }
  bool empty() const { return targets_.empty(); }
  // Checked first, so that no text is made for a line nobody wants.
  bool wants(LogLevel level) const;

  // One line: "2026/11/22 12:01:00 [error] PID#TID: *CONNECTION MESSAGE"; connection 0 leaves "*N " out. With an errno,
  // " (2: No such file or directory)" follows the message.
  void write(LogLevel level, std::uint64_t connection, std::string_view message, int error_number = 0) const;

 private:
  std::vector<Target> targets_;
};

}  // namespace uringx
