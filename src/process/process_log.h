// ProcessLog is where the process's own messages go: an error log, and the standard error stream while
// somebody may still read it there. Lives on the main thread of master or worker process; the log it points
// to is its owner's.
#pragma once

#include <string_view>

#include "base/error_log.h"

namespace uringx {

// What the kernel refused: the sentence nginx logs, and errno.
struct SystemError {
  std::string message;
  int error_number = 0;
};

class ProcessLog {
 public:
  // `on_stderr`: one of the log's targets is the standard error stream.
  ProcessLog(const ErrorLog& log, bool on_stderr) : log_(&log), on_stderr_(on_stderr) {}

  void set_log(const ErrorLog& log, bool on_stderr) {
    log_ = &log;
    on_stderr_ = on_stderr;
  }

  // Until this is called, warnings and worse are repeated on stderr as "uringx: [emerg] MESSAGE", unless the
  // log itself has written them there (ngx_log_error_core with ngx_use_stderr).
  void stop_using_stderr() { use_stderr_ = false; }

  void write(LogLevel level, std::string_view message, int error_number = 0) const;
  void write(LogLevel level, const SystemError& error) const {
    write(level, error.message, error.error_number);
  }

 private:
  const ErrorLog* log_;
  bool on_stderr_;
  bool use_stderr_ = true;
};

// The error log of -e, in use until a configuration's own is open (ngx_log_init). A file that cannot be
// opened is said on stderr, which takes its place.
class BuiltinLog {
 public:
  BuiltinLog(const std::string& path, LogLevel level);
  ~BuiltinLog() { close(); }
  BuiltinLog(const BuiltinLog&) = delete;
  BuiltinLog& operator=(const BuiltinLog&) = delete;

  const ErrorLog& log() const { return log_; }
  // When another log has taken over: a rotated file would be kept on the disk otherwise.
  void close();
  bool on_stderr() const { return file_.path.empty(); }

 private:
  LogFile file_;
  ErrorLog log_;
};

// "uringx: MESSAGE\n" on stderr (ngx_log_stderr).
void print_stderr(std::string_view message);

}  // namespace uringx
