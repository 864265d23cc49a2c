#include "server/line_buffers.h"

#include <fcntl.h>
#include <linux/openat2.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace uringx {
namespace {

constexpr std::chrono::milliseconds kRetryAfter{1000};  // a full disk is asked again this often

}  // namespace

// One log file: lines being collected, lines being written. A file whose path came from variables is opened for every
// batch and closed after it, so that a rotated or removed file is noticed as nginx notices it.
struct LineBuffers::File : ListNode {
  File(LineBuffers& owner, const LogFile* log_file, std::string_view file_path)
      : buffers(owner), fixed(log_file), path(file_path) {}

  // Begins the write of what was collected; nothing when one is under way.
  void write_collected() {
    if (busy || (due_bytes == 0 && writing.empty())) return;
    if (writing.empty()) take_due();
    busy = true;
    if (fixed != nullptr) {
      write(fixed->fd);
    } else {
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
      give_up_writing();
      return;
    }
    opened_fd = completion.result;
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
    if (std::exchange(dropped_lines, 0) != 0) buffers.log_dropped_lines(path.empty() ? fixed->path : path);
    writing.clear();
    written_bytes = 0;
    writing_first_line = 0;
    busy = false;
    close_opened();
    if (due_bytes == 0) unlink();
    buffers.wake();
  }

  void close_opened() {
    if (opened_fd >= 0) buffers.ring_.close(opened_fd);
    opened_fd = -1;
  }

  void on_flush_time() {
    buffers.mark_due(*this);
  }

  LineBuffers& buffers;
  const LogFile* fixed;
  std::string path;
  open_how how{};
  std::string collected;
  std::string writing;
  std::size_t due_bytes = 0;      // of `collected`: to be written; the rest waits for buffer= to fill
  std::size_t written_bytes = 0;  // of `writing`
  std::uint64_t collected_first_line = 0;  // ordered ones only; 0: none
  std::uint64_t writing_first_line = 0;
  std::uint64_t dropped_lines = 0;
  int opened_fd = -1;
  bool busy = false;    // a write, its open, or the wait for a retry is under way
  bool failed = false;
  Operation open_operation{this, Operation::calls<&File::on_opened>};
  Operation write_operation{this, Operation::calls<&File::on_written>};
  Timer retry{this, Timer::calls<&File::on_retry>};
  Timer flush_time{this, Timer::calls<&File::on_flush_time>};
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

LineBuffers::File& LineBuffers::file_of(const LogFile& log_file) {
  if (log_file.index >= by_index_.size()) by_index_.resize(log_file.index + 1);
  std::unique_ptr<File>& file = by_index_[log_file.index];
  if (file == nullptr) file = std::make_unique<File>(*this, &log_file, std::string_view());
  return *file;
}

LineBuffers::File& LineBuffers::file_of_path(std::string_view path) {
  auto [found, added] = by_path_.try_emplace(std::string(path));
  if (added) found->second = std::make_unique<File>(*this, nullptr, path);
  return *found->second;
}

void LineBuffers::append(const LogFile& log_file, std::string_view line) {
  File& file = file_of(log_file);
  append_line(file, line, true);
  mark_due(file);
}

void LineBuffers::append(const AccessLog& log, std::string_view path, std::string_view line) {
  File& file = log.path ? file_of_path(path) : file_of(*log_files_[log.log_file]);
  if (log.buffer == nullptr || log.buffer->bytes == 0) {
    append_line(file, line, true);
    mark_due(file);
    return;
  }
  const std::size_t fill_bytes = std::min<std::size_t>(log.buffer->bytes, kPendingBytesMax / 2);
  if (file.collected.size() - file.due_bytes + line.size() > fill_bytes) mark_due(file);
  append_line(file, line, false);
  if (log.buffer->flush_ms > 0 && !file.flush_time.armed()) {
    timers_.arm(file.flush_time, ring_.now(), std::chrono::milliseconds(log.buffer->flush_ms));
  }
}

void LineBuffers::append_line(File& file, std::string_view line, bool ordered) {
  // A healthy file takes what a crowd brings: every connection waits for its own line before it can add another.
  if (file.failed && file.collected.size() + line.size() > kPendingBytesMax) {
    ++file.dropped_lines;
    return;
  }
  file.collected.append(line);
  if (!ordered || file.failed) return;
  ++last_line_;
  if (file.collected_first_line == 0) file.collected_first_line = last_line_;
}

// Everything collected so far goes out with the next flush.
void LineBuffers::mark_due(File& file) {
  file.due_bytes = file.collected.size();
  if (file.due_bytes >= kLargeBytes) large_ = true;
  if (file.due_bytes != 0 && !file.linked()) dirty_.push_back(file);
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
  flush_buffered();
  flush();
}

// Names made of variables are the clients' to choose: files that nothing is known of are forgotten.
void LineBuffers::forget_idle_paths() {
  std::erase_if(by_path_, [](const auto& entry) {
    const File& file = *entry.second;
    return !file.busy && !file.linked() && file.collected.empty() && file.writing.empty();
  });
}

void LineBuffers::flush() {
  large_ = false;
  if (by_path_.size() > kPathsKept) forget_idle_paths();
  dirty_.for_each([](File& file) { file.write_collected(); });
}

void LineBuffers::flush_buffered() {
  const auto mark = [this](const std::unique_ptr<File>& file) {
    if (file != nullptr) mark_due(*file);
  };
  for (const auto& file : by_index_) mark(file);
  for (const auto& [path, file] : by_path_) mark(file);
}

}  // namespace uringx
