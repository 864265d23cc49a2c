#include "process/process_log.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "base/version.h"

namespace uringx {
namespace {

std::string errno_suffix(int error_number) {
  if (error_number == 0) return {};
  return fmt::format(" ({}: {})", error_number, error_text(error_number));
}

}  // namespace

void print_stderr(std::string_view message) {
  const std::string line = fmt::format("{}: {}\n", kProductName, message);
  // Nobody is left to tell when this fails.
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, line.data(), line.size());
}

void ProcessLog::write(LogLevel level, std::string_view message, int error_number) const {
  if (!log_->wants(level)) return;
  log_->write(level, 0, message, error_number);
  if (!use_stderr_ || level > LogLevel::warn || on_stderr_) return;
  print_stderr(fmt::format("[{}] {}{}", log_level_name(level), message, errno_suffix(error_number)));
}

BuiltinLog::BuiltinLog(const std::string& path, LogLevel level) {
  file_.fd = STDERR_FILENO;
  if (path != "stderr") {
    const int fd = open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
    if (fd < 0) {
      print_stderr(fmt::format("[alert] could not open error log file: open() \"{}\" failed{}", path,
                               errno_suffix(errno)));
    } else {
      file_.fd = fd;
      file_.path = path;
    }
  }
  log_.add(file_, level);
}

void BuiltinLog::close() {
  if (!on_stderr() && file_.fd >= 0) ::close(file_.fd);
  file_.fd = -1;
}

}  // namespace uringx
