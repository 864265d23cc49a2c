// FileInfo is what serving knows of a file: the few of its attributes (statx(2)) that answers are made from. Plain data.
#pragma once

#include <sys/stat.h>
#include <sys/types.h>

#include <ctime>

namespace uringx {

struct FileInfo {
  dev_t device = 0;
  ino_t inode = 0;
  off_t bytes = 0;
  timespec modified{};
  timespec changed{};  // also its permissions, its names
  mode_t mode = 0;     // kind and permissions

  bool is_directory() const { return S_ISDIR(mode); }
  bool is_regular() const { return S_ISREG(mode); }
};

}  // namespace uringx
