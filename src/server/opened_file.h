// OpenedFile is a file open for serving: its descriptor and what was true of it when it was opened.
// Owned by one Exchange, or shared by the exchanges of a worker through its open file cache.
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <string>

namespace uringx {

struct OpenedFile {
  int fd = -1;
  struct stat info {};
  bool local = false;  // reading attributes and closing cannot wait for a file server
};

}  // namespace uringx
