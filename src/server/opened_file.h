// OpenedFile is a file open for serving: its descriptor and what was true of it when it was opened.
// Owned by one Exchange, or shared by the exchanges of a worker through its open file cache.
#pragma once

#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <compare>
#include <cstdint>
#include <string>

namespace uringx {

// What tells a file, as it is, from every other one and from what it was before: to the kernel's tick.
struct FileVersion {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::int64_t bytes = 0;
  std::int64_t modified_ns = 0;
  std::int64_t changed_ns = 0;
  auto operator<=>(const FileVersion&) const = default;
};

inline std::int64_t nanoseconds(const timespec& time) { return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec; }

inline FileVersion version_of(const struct stat& file) {
  return {.device = file.st_dev,
          .inode = file.st_ino,
          .bytes = file.st_size,
          .modified_ns = nanoseconds(file.st_mtim),
          .changed_ns = nanoseconds(file.st_ctim)};
}

struct OpenedFile {
  int fd = -1;
  struct stat info {};
  bool local = false;  // reading attributes and closing cannot wait for a file server
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
