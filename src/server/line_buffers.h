// LineBuffers collects a worker's log lines and writes them through its ring, one write a file and loop turn.
// Owned by a worker, used on its thread only; it is what append_line() and the access log write to on that thread.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/error_log.h"
#include "base/intrusive_list.h"
#include "base/log_file.h"
#include "modules/log.h"
#include "ring/ring.h"
#include "ring/timers.h"

namespace uringx {

// Waits until every line up to a given one is in its file. Lives in a Connection.
class LineWaiter : public ListNode {
 public:
  using Handler = void (*)(void* owner);
  LineWaiter(void* owner, Handler handler) : owner_(owner), handler_(handler) {}
  bool waiting() const { return linked(); }

 private:
  friend class LineBuffers;
  void* owner_;
  Handler handler_;
  std::uint64_t line_ = 0;
};

class LineBuffers : public LineWriter, public AccessLogSink {
 public:
  // So much of one file goes out at the end of the turn even if it is a busy one.
  static constexpr std::size_t kLargeBytes = 64 * 1024;
  // Lines of one file kept while its disk refuses them; what comes on top is dropped and counted.
  static constexpr std::size_t kPendingBytesMax = 1024 * 1024;
  // Files named by variables that are remembered without open_log_file_cache, and need not be made anew for their next line.
  static constexpr std::size_t kPathsKept = 1024;

  // `log_files` are the configuration's, by index; `error_log` is told of files that cannot be opened.
  LineBuffers(Ring& ring, Timers& timers, std::span<const std::unique_ptr<LogFile>> log_files, const ErrorLog& error_log);
  ~LineBuffers() override;

  // LineWriter: error log lines.
  void append(const LogFile& file, std::string_view line) override;
  // AccessLogSink: access log lines, into a fixed file or one whose path has variables.
  void append(const AccessLog& log, std::string_view path, std::string_view line) override;
  ssize_t send(const AccessLog& log, std::string_view datagram) override;
  SyslogSocket* syslog_socket(const SyslogPeer& peer) override { return &syslog_sockets_[&peer]; }
  const ErrorLog* main_log() const override { return &error_log_; }

  // The number of the last line that has to be in its file before its request's connection goes on; lines of logs with
  // buffer= do not count.
  std::uint64_t last_line() const { return last_line_; }
  // Whether every line up to `line` has been written (or given up).
  bool written(std::uint64_t line) const;
  // Calls the waiter's handler once written(line); from the loop.
  void wait(LineWaiter& waiter, std::uint64_t line);

  // Lines wait that no write has been started for.
  bool unwritten() const;
  // A connection waits for a line, or so much was collected that it should go.
  bool wanted() const { return !waiters_.empty() || large_; }

  // Starts the writes of this loop turn.
  void flush();
  // Starts the last writes of a worker that ends: what cannot be written now is given up.
  void write_the_last();
  // Marks buffered logs (buffer=) for the next flush too, and opens files named by variables anew: at reopen.
  void reopen();
  // Nothing waits to be written and nothing is under way.
  bool idle() const { return dirty_.empty(); }

 private:
  struct File;
  struct DirtyFile : ListNode {};
  struct KeptFile : ListNode {};
  struct PathFiles;
  File& file_of(const LogFile& log_file);
  PathFiles& path_files_of(const LogFileCache* cache);
  File& file_of_path(const LogFileCache* cache, std::string_view path);
  void append_buffered(File& file, const LogBuffer& buffer, std::string_view line);
  bool must_drop(File& file, std::string_view line);
  void append_line(File& file, std::string_view line, bool ordered);
  void mark_due(File& file);
  void mark_buffered_due(File& file);
  void expire(PathFiles& files, bool make_room);
  void forget_idle_paths();
  std::int64_t now_s() const;
  void log_dropped_lines(std::string_view path);
  void log_failed_open(std::string_view path, int error_number);
  void log_failed_write(std::string_view path, int error_number);
  void wake();

  Ring& ring_;
  Timers& timers_;
  std::span<const std::unique_ptr<LogFile>> log_files_;
  const ErrorLog& error_log_;
  std::uint64_t last_line_ = 0;
  std::vector<std::unique_ptr<File>> by_index_;
  std::vector<std::unique_ptr<PathFiles>> path_files_;  // by LogFileCache::number, [0] without a cache
  std::unordered_map<const SyslogPeer*, SyslogSocket> syslog_sockets_;
  IntrusiveList<File, DirtyFile> dirty_;
  IntrusiveList<LineWaiter> waiters_;
  bool ending_ = false;
  bool large_ = false;  // some file has kLargeBytes due
};

}  // namespace uringx
