#include "server/directory_reader.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <memory>
#include <memory_resource>
#include <new>
#include <optional>

namespace uringx {
namespace {

// A directory that may be read and not searched fails for every name: the log need not hold all of them.
constexpr std::size_t kFailuresMax = 100;

DirectoryEntry described(std::string_view name, const struct stat& info) {
  return {name, S_ISDIR(info.st_mode), S_ISREG(info.st_mode), info.st_size, info.st_mtime};
}

// The attributes of what a link leads to, or its own where that is nothing; 0 or the errno that is worth a line in the log.
int look_at(int directory_fd, const char* name, struct stat& info) {
  if (fstatat(directory_fd, name, &info, 0) == 0) return 0;
  if (errno != ENOENT && errno != ELOOP) return errno;
  return fstatat(directory_fd, name, &info, AT_SYMLINK_NOFOLLOW) == 0 ? 0 : errno;
}

}  // namespace

void DirectoryReading::work() {
  try {
    read();
  } catch (const std::bad_alloc&) {
    error_number_ = ENOMEM;
  }
}

void DirectoryReading::read() {
  const std::unique_ptr<DIR, int (*)(DIR*)> directory(opendir(path_.c_str()), closedir);
  if (directory == nullptr) {
    error_number_ = errno;
    return;
  }
  if (work_.read == DirectoryWork::Read::nothing) return;

  std::pmr::monotonic_buffer_resource names;  // gone before the page is sent
  std::vector<DirectoryEntry> entries;
  while (const dirent* found = readdir(directory.get())) {
    if (found->d_name[0] == '.') continue;
    const std::string_view name = found->d_name;
    struct stat info {};
    info.st_mode = DTTOIF(found->d_type);
    if (work_.read == DirectoryWork::Read::attributes || found->d_type == DT_UNKNOWN) {
      if (const int error = look_at(dirfd(directory.get()), found->d_name, info)) {
        if (error != ENOENT && failures_.size() < kFailuresMax) failures_.push_back({std::string(name), error});
        continue;
      }
    }
    char* const copy = static_cast<char*>(names.allocate(name.size(), 1));
    name.copy(copy, name.size());
    entries.push_back(described({copy, name.size()}, info));
  }
  text_ = work_.make(work_, entries);
}

}  // namespace uringx
