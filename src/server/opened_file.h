// OpenedFile is a file open for serving: its descriptor and what was true of it when it was opened.
// Owned by one Exchange, or shared by the exchanges of a worker through its open file cache.
#pragma once

#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <cstdint>
#include <string>

#include "ring/recent_pages.h"

namespace uringx {

struct OpenedFile {
  int fd = -1;
  struct stat info {};
  bool local = false;  // reading attributes and closing cannot wait for a file server

  // Not known of a file whose server may change it, or take its pages away.
  FileIdentity identity() const { return local ? FileIdentity{info.st_dev, info.st_ino} : FileIdentity{}; }
};

// The attributes that serving looks at.
inline struct stat to_stat(const struct statx& attributes) {
  struct stat info {};
  info.st_dev = makedev(attributes.stx_dev_major, attributes.stx_dev_minor);
  info.st_ino = attributes.stx_ino;
  info.st_mode = attributes.stx_mode;
  info.st_uid = attributes.stx_uid;
  info.st_size = static_cast<off_t>(attributes.stx_size);
  info.st_mtim.tv_sec = attributes.stx_mtime.tv_sec;
  info.st_mtim.tv_nsec = attributes.stx_mtime.tv_nsec;
  info.st_ctim.tv_sec = attributes.stx_ctime.tv_sec;
  info.st_ctim.tv_nsec = attributes.stx_ctime.tv_nsec;
  return info;
}

}  // namespace uringx
