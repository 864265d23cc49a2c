#include "server/checked_opening.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <new>
#include <string>

namespace uringx {
namespace {

constexpr int kFileFlags = O_RDONLY | O_NONBLOCK | O_CLOEXEC;
constexpr int kDirectoryFlags = O_PATH | O_DIRECTORY | O_CLOEXEC;

constexpr std::string_view kOpen = "open()";
constexpr std::string_view kOpenAt = "openat()";

}  // namespace

void CheckedOpening::work() {
  try {
    answer_.failed_call = kOpenAt;
    file_ = walk();
    if (!file_) {
      answer_.error_number = errno;
    } else if (statx(file_.get(), "", AT_EMPTY_PATH, STATX_BASIC_STATS, &attributes_) != 0) {
      answer_ = {.error_number = errno, .failed_call = "fstat()"};
      file_.reset();
    }
  } catch (const std::bad_alloc&) {
    answer_.error_number = ENOMEM;
  }
}

int CheckedOpening::release_file(struct statx& attributes) {
  attributes = attributes_;
  return file_.release();
}

// No descriptor: errno says why, and answer_.failed_call which call it was.
OwnedFd CheckedOpening::walk() {
  const std::string path(path_);
  const std::string start = rule_.trusted_bytes == 0 ? "/" : path.substr(0, rule_.trusted_bytes);
  OwnedFd at(open(start.c_str(), kDirectoryFlags));
  if (!at) {
    if (rule_.trusted_bytes != 0) answer_.failed_call = kOpen;
    return {};
  }
  std::size_t from = rule_.trusted_bytes + 1;
  for (std::size_t slash = path.find('/', from); slash != std::string::npos; from = slash + 1, slash = path.find('/', from)) {
    if (slash == from) continue;
    OwnedFd next = open_name(at, path.substr(from, slash - from).c_str(), kDirectoryFlags);
    if (!next) return {};
    at = std::move(next);
  }
  if (from == path.size()) return OwnedFd(openat(at.get(), ".", kFileFlags));  // the path ended in a slash
  return open_name(at, path.c_str() + from, kFileFlags);
}

// ngx_openat_file_owner: a link is followed when it belongs to whom it leads to. Both are compared even where the name is no
// link, because it may have been one a moment ago.
OwnedFd CheckedOpening::open_name(const OwnedFd& directory, const char* name, int flags) const {
  if (rule_.policy == LinkPolicy::on) return OwnedFd(openat(directory.get(), name, flags | O_NOFOLLOW));
  OwnedFd opened(openat(directory.get(), name, flags));
  if (!opened) return {};
  struct stat link {};
  struct stat target {};
  int error_number = 0;
  if (fstatat(directory.get(), name, &link, AT_SYMLINK_NOFOLLOW) != 0 || fstat(opened.get(), &target) != 0) {
    error_number = errno;
  } else if (link.st_uid != target.st_uid) {
    error_number = ELOOP;
  }
  if (error_number == 0) return opened;
  opened.reset();
  errno = error_number;
  return {};
}

}  // namespace uringx
