// Files whose pages the kernel has forgotten.
#pragma once

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/statfs.h>
#include <unistd.h>

namespace uringx {

// Writes the file out and asks the kernel to forget its pages; false on file systems that live in memory.
inline bool evict(int fd) {
  struct statfs file_system {};
  fstatfs(fd, &file_system);
  if (file_system.f_type == TMPFS_MAGIC || file_system.f_type == RAMFS_MAGIC) return false;
  return fdatasync(fd) == 0 && posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED) == 0;
}

}  // namespace uringx
