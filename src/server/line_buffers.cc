#include "server/line_buffers.h"

#include <fcntl.h>
#include <linux/openat2.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "server/gzip_member.h"

namespace uringx {
namespace {

constexpr std::chrono::milliseconds kRetryAfter{1000};  // a full disk is asked again this often
constexpr std::int64_t kQuietAfterAlert_s = 60;         // and told of this often

}  // namespace

// One log file: lines being collected, lines being written. A file whose path came from variables is opened for every
// batch and closed after it, so that a rotated or removed file is noticed as nginx notices it, unless its cache keeps it
// open for a while.
struct LineBuffers::File : DirtyFile, KeptFile {
  File(LineBuffers& owner, const LogFile* log_file) : buffers(owner), fixed(log_file) {}
  File(LineBuffers& owner, const LogFileCache* file_cache, std::string_view file_path)
      : buffers(owner), fixed(nullptr), path(file_path), cache(file_cache) {}

  // Nothing of it is on its way: it may be forgotten.
  bool idle() const { return !busy && !DirtyFile::linked() && collected.empty() && writing.empty(); }
  std::string_view name() const { return fixed == nullptr ? path : fixed->path; }

  // Begins the write of what was collected; nothing when one is under way.
  void write_collected() {
    if (busy || (due_bytes == 0 && writing.empty())) return;
    if (writing.empty()) take_due();
    busy = true;
    if (fixed != nullptr) {
      write(fixed->fd);
    } else if (opened_fd >= 0 && buffers.now_s() - opened_s < cache->valid_s) {
      write(opened_fd);
    } else {
      close_opened();
      open();
    }
  }

  void take_due() {
    if (due_bytes == collected.size()) {
      writing.swap(collected);
    } else {
      writing.assign(collected, 0, due_bytes);
      collected.erase(0, due_bytes);
    }
    due_bytes = 0;
    writing_first_line = collected_first_line;
    collected_first_line = 0;
  }

  void open() {
    how.flags = O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC;
    how.mode = 0644;
    buffers.ring_.open(open_operation, path.c_str(), &how);
  }
  void on_opened(Completion completion) {
    if (completion.result < 0) {
      buffers.log_failed_open(path, -completion.result);
      uses = 0;
      give_up_writing();
      return;
    }
    opened_fd = completion.result;
    opened_s = buffers.now_s();
    write(opened_fd);
  }

  void write(int fd) {
    if (fd < 0) {
      give_up_writing();
      return;
    }
    buffers.ring_.write(write_operation, fd, {writing.data() + written_bytes, writing.size() - written_bytes});
  }
  void on_written(Completion completion) {
    if (completion.result < 0 && completion.result != -EINTR && completion.result != -EAGAIN) {
      tell_of_failure(-completion.result);
      retry_later();
      return;
    }
    if (completion.result > 0) written_bytes += static_cast<std::size_t>(completion.result);
    if (written_bytes < writing.size()) {
      write(fixed != nullptr ? fixed->fd : opened_fd);
      return;
    }
    failed = false;
    finish_batch();
  }

  // As nginx, of access logs only: what the error log cannot take has no other place.
  void tell_of_failure(int error_number) {
    const std::int64_t now_s = buffers.now_s();
    if (!has_access_lines || now_s - told_s < kQuietAfterAlert_s) return;
    told_s = now_s;
    buffers.log_failed_write(name(), error_number);
  }

  // The disk is full, or worse: what was not written stays and is tried again; connections go on meanwhile.
  void retry_later() {
    failed = true;
    if (buffers.ending_) {
      give_up_writing();
      return;
    }
    writing.erase(0, written_bytes);
    written_bytes = 0;
    writing_first_line = 0;
    collected_first_line = 0;
    close_opened();
    buffers.timers_.arm(retry, buffers.ring_.now(), kRetryAfter);
    buffers.wake();
  }
  void on_retry() {
    busy = false;
    write_collected();
  }

  void give_up_writing() {
    writing.clear();
    written_bytes = 0;
    finish_batch();
  }

  void finish_batch() {
    if (std::exchange(dropped_lines, 0) != 0) buffers.log_dropped_lines(name());
    writing.clear();
    written_bytes = 0;
    writing_first_line = 0;
    busy = false;
    const bool kept_open = cache != nullptr && uses >= cache->uses_min && !stale && !buffers.ending_;
    if (!kept_open) close_opened();
    stale = false;
    if (due_bytes == 0) DirtyFile::unlink();
    buffers.wake();
  }

  void close_opened() {
    if (opened_fd >= 0) buffers.ring_.close(opened_fd);
    opened_fd = -1;
  }

  void on_flush_time() { buffers.mark_buffered_due(*this); }

  LineBuffers& buffers;
  const LogFile* fixed;
  std::string path;
  const LogFileCache* cache = nullptr;
  std::unique_ptr<GzipMember> gzip;
  open_how how{};
  std::string collected;
  std::string writing;
  std::size_t due_bytes = 0;      // of `collected`: to be written; the rest waits for buffer= to fill
  std::size_t written_bytes = 0;  // of `writing`
  std::uint64_t collected_first_line = 0;  // ordered ones only; 0: none
  std::uint64_t writing_first_line = 0;
  std::uint64_t dropped_lines = 0;
  int opened_fd = -1;
  std::int64_t opened_s = 0;
  std::int64_t accessed_s = 0;
  std::int64_t uses = 0;        // lines since it is remembered
  std::int64_t told_s = -kQuietAfterAlert_s;
  bool has_access_lines = false;
  bool busy = false;    // a write, its open, or the wait for a retry is under way
  bool stale = false;   // to be opened anew, whatever its cache says
  bool failed = false;
  Operation open_operation{this, Operation::calls<&File::on_opened>};
  Operation write_operation{this, Operation::calls<&File::on_written>};
  Timer retry{this, Timer::calls<&File::on_retry>};
  Timer flush_time{this, Timer::calls<&File::on_flush_time>};
};

// The files whose names have variables, of one open_log_file_cache or of none.
struct LineBuffers::PathFiles {
  explicit PathFiles(const LogFileCache* settings) : cache(settings) {}

  const LogFileCache* cache;
  std::unordered_map<std::string, std::unique_ptr<File>> by_path;
  IntrusiveList<File, KeptFile> by_access;  // the longest unused first
};

LineBuffers::LineBuffers(Ring& ring, Timers& timers, std::span<const std::unique_ptr<LogFile>> log_files,
                         const ErrorLog& error_log)
    : ring_(ring), timers_(timers), log_files_(log_files), error_log_(error_log) {}
LineBuffers::~LineBuffers() = default;

void LineBuffers::log_dropped_lines(std::string_view path) {
  std::string message("lines of \"");
  message.append(path).append("\" were dropped: it could not be written for too long");
  error_log_.write(LogLevel::alert, 0, message);
}

void LineBuffers::log_failed_open(std::string_view path, int error_number) {
  std::string message("open() \"");
  message.append(path).append("\" failed");
  error_log_.write(LogLevel::crit, 0, message, error_number, " while logging request");
}

void LineBuffers::log_failed_write(std::string_view path, int error_number) {
  std::string message("write() to \"");
  message.append(path).append("\" failed");
  error_log_.write(LogLevel::alert, 0, message, error_number, " while logging request");
}

std::int64_t LineBuffers::now_s() const {
  return std::chrono::duration_cast<std::chrono::seconds>(ring_.now().time_since_epoch()).count();
}

LineBuffers::File& LineBuffers::file_of(const LogFile& log_file) {
  if (log_file.index >= by_index_.size()) by_index_.resize(log_file.index + 1);
  std::unique_ptr<File>& file = by_index_[log_file.index];
  if (file == nullptr) file = std::make_unique<File>(*this, &log_file);
  return *file;
}

LineBuffers::PathFiles& LineBuffers::path_files_of(const LogFileCache* cache) {
  const std::size_t number = cache == nullptr ? 0 : cache->number;
  if (number >= path_files_.size()) path_files_.resize(number + 1);
  std::unique_ptr<PathFiles>& files = path_files_[number];
  if (files == nullptr) files = std::make_unique<PathFiles>(cache);
  return *files;
}

LineBuffers::File& LineBuffers::file_of_path(const LogFileCache* cache, std::string_view path) {
  PathFiles& files = path_files_of(cache);
  const auto [found, added] = files.by_path.try_emplace(std::string(path));
  if (added) found->second = std::make_unique<File>(*this, cache, path);
  File& file = *found->second;
  if (cache == nullptr) return file;
  file.KeptFile::unlink();
  expire(files, files.by_path.size() > cache->entries_max);
  files.by_access.push_back(file);
  file.accessed_s = now_s();
  ++file.uses;
  return file;
}

// ngx_expire_old_cached_files: one or two that nobody used for a while, and the longest unused one to make room. Where that
// one is being written still, the next line's turn will do.
void LineBuffers::expire(PathFiles& files, bool make_room) {
  for (int looked_at = make_room ? 0 : 1; looked_at < 3 && !files.by_access.empty(); ++looked_at) {
    File& oldest = files.by_access.front();
    const bool inactive = now_s() - oldest.accessed_s > files.cache->inactive_s;
    if ((looked_at != 0 && !inactive) || !oldest.idle()) return;
    oldest.close_opened();
    files.by_path.erase(files.by_path.find(oldest.path));
  }
}

void LineBuffers::append(const LogFile& log_file, std::string_view line) {
  File& file = file_of(log_file);
  append_line(file, line, !log_file.secret);  // nobody's answer waits for who looks at the wire
  mark_due(file);
}

void LineBuffers::append(const AccessLog& log, std::string_view path, std::string_view line) {
  File& file = log.path ? file_of_path(log.cache, path) : file_of(*log_files_[log.log_file]);
  file.has_access_lines = true;
  if (log.buffer != nullptr && log.buffer->bytes != 0) {
    append_buffered(file, *log.buffer, line);
    return;
  }
  append_line(file, line, true);
  mark_due(file);
}

void LineBuffers::append_buffered(File& file, const LogBuffer& buffer, std::string_view line) {
  const bool compressed = buffer.gzip_level != 0;
  if (compressed && file.gzip == nullptr) file.gzip = std::make_unique<GzipMember>(buffer.gzip_level, buffer.bytes);
  const std::size_t room = compressed ? buffer.bytes : std::min<std::size_t>(buffer.bytes, kPendingBytesMax / 2);
  const std::size_t held = compressed ? file.gzip->text_bytes() : file.collected.size() - file.due_bytes;
  if (held + line.size() > room) mark_buffered_due(file);
  if (compressed && !must_drop(file, line)) {
    file.gzip->add(line);
  } else if (!compressed) {
    append_line(file, line, false);
  }
  if (line.size() > room) mark_buffered_due(file);
  if (buffer.flush_ms > 0 && !file.flush_time.armed()) {
    timers_.arm(file.flush_time, ring_.now(), std::chrono::milliseconds(buffer.flush_ms));
  }
}

ssize_t LineBuffers::send(const AccessLog& log, std::string_view datagram) {
  const SyslogSent sent = syslog_sockets_[log.syslog.get()].send(*log.syslog, datagram);
  if (sent.error_number != 0) error_log_.write_syslog_failure(sent);
  return sent.bytes;
}

// A healthy file takes what a crowd brings: a connection waits for its lines before it can add more than those of one batch of
// answers, but for those of a secret file.
bool LineBuffers::must_drop(File& file, std::string_view line) {
  const bool may_grow = file.failed || (file.fixed != nullptr && file.fixed->secret);
  if (!may_grow || file.collected.size() + line.size() <= kPendingBytesMax) return false;
  ++file.dropped_lines;
  return true;
}

void LineBuffers::append_line(File& file, std::string_view line, bool ordered) {
  if (must_drop(file, line)) return;
  file.collected.append(line);
  if (!ordered || file.failed) return;
  ++last_line_;
  if (file.collected_first_line == 0) file.collected_first_line = last_line_;
}

// Everything collected so far goes out with the next flush.
void LineBuffers::mark_due(File& file) {
  file.due_bytes = file.collected.size();
  if (file.due_bytes >= kLargeBytes) large_ = true;
  if (file.due_bytes != 0 && !file.DirtyFile::linked()) dirty_.push_back(file);
}

// The same with the member that its gzip has under way.
void LineBuffers::mark_buffered_due(File& file) {
  if (file.gzip != nullptr) file.gzip->finish(file.collected);
  mark_due(file);
}

bool LineBuffers::written(std::uint64_t line) const {
  bool all = true;
  dirty_.for_each([&](const File& file) {
    const std::uint64_t first = file.writing_first_line != 0 ? file.writing_first_line : file.collected_first_line;
    if (first != 0 && first <= line) all = false;
  });
  return all;
}

void LineBuffers::wait(LineWaiter& waiter, std::uint64_t line) {
  waiter.line_ = line;
  waiters_.push_back(waiter);
}

void LineBuffers::wake() {
  while (!waiters_.empty() && written(waiters_.front().line_)) {
    LineWaiter& waiter = waiters_.pop_front();
    waiter.handler_(waiter.owner_);
  }
}

bool LineBuffers::unwritten() const {
  bool any = false;
  dirty_.for_each([&](const File& file) { any = any || (file.due_bytes != 0 && !file.busy); });
  return any;
}

void LineBuffers::write_the_last() {
  ending_ = true;
  const auto hurry = [](File& file) {
    if (!file.retry.armed()) return;
    file.retry.disarm();
    file.on_retry();
  };
  dirty_.for_each(hurry);
  reopen();
  flush();
}

// Names made of variables are the clients' to choose: files that nothing is known of are forgotten.
void LineBuffers::forget_idle_paths() {
  if (path_files_.empty() || path_files_[0] == nullptr || path_files_[0]->by_path.size() <= kPathsKept) return;
  std::erase_if(path_files_[0]->by_path, [](const auto& entry) { return entry.second->idle(); });
}

void LineBuffers::flush() {
  large_ = false;
  forget_idle_paths();
  dirty_.for_each([](File& file) { file.write_collected(); });
}

void LineBuffers::reopen() {
  for (const auto& file : by_index_) {
    if (file != nullptr) mark_buffered_due(*file);
  }
  for (const auto& files : path_files_) {
    if (files == nullptr) continue;
    for (const auto& [path, file] : files->by_path) {
      file->stale = file->busy;
      if (!file->busy) file->close_opened();
    }
  }
}

}  // namespace uringx
