// FileSystems tells local file systems from those that ask a server (FUSE, NFS, CIFS, 9p), by device number.
// Owned by a worker, used on its thread only. A plain open() of a file on one that asks could stop the whole worker.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "server/known_paths.h"

namespace uringx {

class FileSystems {
 public:
  // Whether opening a file of this device whose path is cached cannot wait. Reads /proc/self/mountinfo (no disk, no
  // server) when the device was not seen before.
  bool is_local(std::uint32_t device_major, std::uint32_t device_minor);

  // Whether everything that happens to a file of this device happens through this kernel's own inodes, so that inotify tells
  // it: not on network and FUSE file systems, nor on layers over others (overlay), nor where contents are made up (proc).
  bool tells_changes(std::uint32_t device_major, std::uint32_t device_minor);

  // Whether directories of this device are seen to change where they are looked at from here; those of layers are (overlay).
  bool tells_ways(std::uint32_t device_major, std::uint32_t device_minor);
  // File systems came or went: device numbers may mean others now.
  void forget_all();

  // Remembers that the path led to a local file system (or to nothing), so that the next open may be tried at once.
  void remember_local(std::string_view path) { local_paths_.add(path); }
  void forget(std::string_view path) { local_paths_.remove(path); }
  bool known_local(std::string_view path) const { return local_paths_.contains(path); }

 private:
  struct Device {
    std::uint32_t major;
    std::uint32_t minor;
    bool local;
    bool tells_changes;
    bool tells_ways;
  };
  const Device& device(std::uint32_t device_major, std::uint32_t device_minor);

  std::vector<Device> devices_;
  KnownPaths local_paths_;  // a lost one costs one slow open
};

}  // namespace uringx
