// What several tests of process/ need: a directory that goes with the test, and a log that can be read back.
#pragma once

#include <filesystem>
#include <string>

#include "base/error_log.h"
#include "process/process_log.h"

namespace uringx {

std::string read_text(const std::string& path);
void write_text(const std::string& path, const std::string& text);

class TemporaryDirectory {
 public:
  TemporaryDirectory();
  ~TemporaryDirectory();
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

  std::string operator/(const std::string& name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

// Lines of every level down to [info]; nothing goes to stderr.
class ReadableLog {
 public:
  ReadableLog();
  ~ReadableLog();
  ReadableLog(const ReadableLog&) = delete;
  ReadableLog& operator=(const ReadableLog&) = delete;

  const ProcessLog& log() const { return log_; }
  std::string text() const;
  bool has(const std::string& part) const { return text().find(part) != std::string::npos; }

 private:
  TemporaryDirectory directory_;
  LogFile file_;
  ErrorLog error_log_;
  ProcessLog log_;
};

}  // namespace uringx
