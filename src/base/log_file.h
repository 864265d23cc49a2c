// LogFile is an open file that whole lines are appended to; LineWriter is how a thread does that.
// Files are opened by the master and live as long as the configuration; a reopened file keeps its descriptor number
// (dup2), so that every thread writes to the new file from its next write on.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace uringx {

class ErrorLog;
class SyslogSocket;
struct SyslogPeer;

struct LogFile {
  std::string path;      // "" for stderr
  int fd = -1;           // O_APPEND; -1 until opened
  std::uint32_t index = 0;  // place in the process's list of log files
  bool secret = false;      // made for its owner's eyes only
};

// A worker installs its own, which collects lines and writes them through its ring once a loop turn. Without one
// (main thread, master) append_line writes at once.
class LineWriter {
 public:
  virtual ~LineWriter() = default;
  virtual void append(const LogFile& file, std::string_view line) = 0;
  // The thread's socket to that peer, and who is told of what fails on it; nullptr: the threads' common one, and the log
  // whose line it was.
  virtual SyslogSocket* syslog_socket(const SyslogPeer&) { return nullptr; }
  virtual const ErrorLog* main_log() const { return nullptr; }

  // Of the calling thread; nullptr: write at once.
  static void install(LineWriter* writer);
  static LineWriter* installed();
};

// `line` ends in '\n'.
void append_line(const LogFile& file, std::string_view line);

}  // namespace uringx
