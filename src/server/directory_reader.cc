#include "server/directory_reader.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <memory>
#include <new>

namespace uringx {

std::span<DirectoryEntry> DirectoryReading::copy_entries(Arena& arena) const {
  const std::span<DirectoryEntry> copies = arena.make_array<DirectoryEntry>(entries_.size());
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    const Entry& entry = entries_[i];
    copies[i] = {arena.copy(entry.name), entry.is_directory, entry.is_file, entry.size, entry.modified};
  }
  return copies;
}

void DirectoryReading::work() {
  try {
    list();
  } catch (const std::bad_alloc&) {
    error_number_ = ENOMEM;
  }
}

void DirectoryReading::list() {
  DIR* const directory = opendir(path_.c_str());
  if (directory == nullptr) {
    error_number_ = errno;
    return;
  }
  const std::unique_ptr<DIR, int (*)(DIR*)> closed_at_end(directory, closedir);
  while (const dirent* entry = readdir(directory)) {
    if (entry->d_name[0] == '.') continue;
    struct stat info {};
    if (fstatat(dirfd(directory), entry->d_name, &info, 0) != 0 &&
        fstatat(dirfd(directory), entry->d_name, &info, AT_SYMLINK_NOFOLLOW) != 0) {
      continue;  // removed meanwhile
    }
    entries_.push_back({entry->d_name, S_ISDIR(info.st_mode), S_ISREG(info.st_mode), info.st_size, info.st_mtime});
  }
}

}  // namespace uringx
