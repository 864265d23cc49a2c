#include "server/file_opener.h"

#include <fcntl.h>

#include <cerrno>

namespace uringx {
namespace {

// O_NONBLOCK: opening a FIFO must not wait for a writer; it has no effect on regular files.
constexpr std::uint64_t kOpenFlags = O_RDONLY | O_NONBLOCK | O_CLOEXEC;

bool is_absence(int error_number) { return error_number == ENOENT || error_number == ENOTDIR; }
bool descriptors_ran_out(int error_number) { return error_number == EMFILE || error_number == ENFILE; }

}  // namespace

std::optional<FileAnswer> FileOpener::open(std::string_view path, bool test_only, const OpenFileCachePolicy& policy) {
  test_only_ = test_only;
  if (file().fd >= 0 && path == path_) return opened();
  close();
  path_ = path;
  policy_ = policy;
  if (policy_.entries_max != 0) {
    cached_ = hold(cache_, cache_.find(path_, policy_));
    if (cached_ != nullptr && cached_->error_number == 0) return opened();
    if (cached_ != nullptr) {
      const int error_number = cached_->error_number;
      close();
      return failed(error_number);
    }
  } else if (policy_.keeps_hot_files) {
    cached_ = hold(hot_files_.cache(), hot_files_.find(path_));
    if (cached_ != nullptr) return opened();
  }
  if (knows_absent() && hot_files_.is_absent(path_)) return failed(ENOENT);
  how_ = {.flags = kOpenFlags, .mode = 0, .resolve = 0};
  if (file_systems_.known_local(path_)) {
    if (std::optional<FileAnswer> answer = open_now()) return answer;
  }
  open_on_ring();
  return std::nullopt;
}

std::optional<FileAnswer> FileOpener::open_now() {
  const int fd = ring_.backend().open_cached(path_.data(), how_);
  if (fd == -EAGAIN) return std::nullopt;
  if (fd < 0) {
    if (fd == -EACCES && test_only_) return std::nullopt;  // the ring's way tells what it is
    if (descriptors_ran_out(-fd)) return std::nullopt;  // the ring's way makes room
    if (fd == -ENOENT && knows_absent()) hot_files_.offer_absent(path_);
    return refused(-fd);
  }
  struct statx attributes {};
  const int error = ring_.backend().stat_open_file(fd, &attributes);
  if (error < 0) {
    ring_.backend().close_now(fd);
    return failed(-error);
  }
  take(fd, attributes);
  if (cached_ == nullptr && policy_.keeps_hot_files && file_.info.is_regular() &&
      file_systems_.tells_changes(attributes.stx_dev_major, attributes.stx_dev_minor)) {
    cached_ = hold(hot_files_.cache(), hot_files_.offer(path_, file_));
  }
  return opened();
}

void FileOpener::open_on_ring() { ring_.open_and_stat(open_chain_, path_.data(), &how_, &attributes_); }

void FileOpener::on_opened(const Chain::Outcome& outcome) {
  const int fd = outcome.results[0];
  if (abandoned_) {
    if (fd >= 0) ring_.close(fd, Medium::remote);  // it may be
    handler_(owner_, failed(ECANCELED));
    return;
  }
  if (fd == -EACCES && test_only_) {
    stat_unreadable();
    return;
  }
  if (descriptors_ran_out(-fd) && hot_files_.size() != 0) {
    hot_files_.clear();
    open_on_ring();
    return;
  }
  if (fd < 0) {
    if (is_absence(-fd)) file_systems_.remember_local(path_);
    handler_(owner_, refused(-fd));
    return;
  }
  // The linked statx went by path and brought the attributes into memory; the file under that path may be another one by
  // now, so ask the open file itself, which can't wait any more.
  struct statx attributes {};
  const int error = ring_.backend().stat_open_file(fd, &attributes);
  if (error < 0) {
    ring_.close(fd, Medium::remote);
    handler_(owner_, failed(-error));
    return;
  }
  handler_(owner_, take(fd, attributes));
}

// A file that may not be read still exists for index and try_files, which nginx asks stat() for.
void FileOpener::stat_unreadable() { ring_.stat(stat_operation_, AT_FDCWD, path_.data(), 0, &attributes_); }

void FileOpener::on_unreadable_stat(Completion completion) {
  if (completion.result < 0) {
    handler_(owner_, failed(-completion.result));
    return;
  }
  handler_(owner_, FileAnswer{.failed_call = "stat()", .info = to_file_info(attributes_)});
}

// What open_file_cache_errors keeps is kept as nginx does.
bool FileOpener::knows_absent() const { return policy_.entries_max != 0 ? !policy_.errors : policy_.keeps_hot_files; }

FileAnswer FileOpener::opened() {
  FileAnswer answer{.info = file().info};
  if (cached_ == nullptr) return answer;
  cached_->texts.set(answer.info.modified.tv_sec, static_cast<std::uint64_t>(answer.info.bytes));
  answer.texts = &cached_->texts;
  return answer;
}

FileAnswer FileOpener::failed(int error_number) const {
  return FileAnswer{.error_number = error_number, .failed_call = test_only_ ? "stat()" : "open()"};
}

// The same, remembered where errors are (open_file_cache_errors).
FileAnswer FileOpener::refused(int error_number) {
  if (policy_.entries_max != 0) cache_.remember_error(path_, error_number, policy_);
  return failed(error_number);
}

FileAnswer FileOpener::take(int fd, const struct statx& attributes) {
  file_.fd = fd;
  file_.info = to_file_info(attributes);
  file_.local = file_systems_.is_local(attributes.stx_dev_major, attributes.stx_dev_minor);
  if (file_.local) {
    file_systems_.remember_local(path_);
  } else {
    file_systems_.forget(path_);
  }
  if (policy_.entries_max != 0) cached_ = hold(cache_, cache_.remember(path_, file_, policy_));
  return opened();
}

FileAnswer FileOpener::adopt(std::string_view path, int fd, const struct statx& attributes) {
  close();
  path_ = path;
  file_.fd = fd;
  file_.info = to_file_info(attributes);
  file_.local = file_systems_.is_local(attributes.stx_dev_major, attributes.stx_dev_minor);
  return opened();
}

// An entry that is held is its cache's to close.
CachedFile* FileOpener::hold(OpenFileCache& cache, CachedFile* entry) {
  if (entry == nullptr) return nullptr;
  held_from_ = &cache;
  file_.fd = -1;
  return entry;
}

void FileOpener::close() {
  if (cached_ != nullptr) {
    held_from_->release(*cached_);
    cached_ = nullptr;
  }
  if (file_.fd < 0) return;
  ring_.close(file_.fd, file_.medium());
  file_.fd = -1;
}

void FileOpener::cancel() {
  abandoned_ = true;
  ring_.cancel(open_chain_);
  ring_.cancel(stat_operation_);
}

}  // namespace uringx
