// OpenedFile is a file open for serving: its descriptor and what was true of it when it was opened.
// Owned by one Exchange, or shared by the exchanges of a worker through its open file cache.
#pragma once

#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <compare>
#include <cstdint>
#include <string>

#include "modules/file_info.h"
#include "ring/ring.h"

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

inline FileVersion version_of(const FileInfo& file) {
  return {.device = file.device,
          .inode = file.inode,
          .bytes = file.bytes,
          .modified_ns = nanoseconds(file.modified),
          .changed_ns = nanoseconds(file.changed)};
}

struct OpenedFile {
  int fd = -1;
  FileInfo info{};
  bool local = false;  // reading attributes and closing cannot wait for a file server
  Medium medium() const { return local ? Medium::local : Medium::remote; }
};

inline timespec to_timespec(const statx_timestamp& time) { return {.tv_sec = time.tv_sec, .tv_nsec = time.tv_nsec}; }

inline FileInfo to_file_info(const struct statx& attributes) {
  return {.device = makedev(attributes.stx_dev_major, attributes.stx_dev_minor),
          .inode = attributes.stx_ino,
          .bytes = static_cast<off_t>(attributes.stx_size),
          .modified = to_timespec(attributes.stx_mtime),
          .changed = to_timespec(attributes.stx_ctime),
          .mode = attributes.stx_mode};
}

}  // namespace uringx
