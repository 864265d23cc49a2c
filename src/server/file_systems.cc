#include "server/file_systems.h"

#include <algorithm>
#include <array>
#include <fstream>
#include <sstream>
#include <string>

namespace uringx {
namespace {

// File systems whose open() may ask a server or a process. Unknown ones on a block device are taken for local.
constexpr std::array<std::string_view, 12> kRemoteTypes = {
    "fuse", "fuseblk", "nfs", "nfs4", "cifs", "smb3", "9p", "ceph", "afs", "autofs", "lustre", "glusterfs"};

// File systems whose files are this kernel's inodes and nobody else's.
constexpr std::array<std::string_view, 7> kTellingTypes = {"ext2", "ext3", "ext4", "xfs", "tmpfs", "f2fs", "bcachefs"};

bool is_remote_type(std::string_view type) {
  return type.starts_with("fuse.") || std::ranges::find(kRemoteTypes, type) != kRemoteTypes.end();
}

// proc(5), mountinfo: "ID PARENT MAJOR:MINOR ROOT MOUNTPOINT OPTIONS [TAGS...] - TYPE SOURCE OPTIONS".
// The type of the file system on a device; empty when no mount shows the device.
std::string read_type(std::uint32_t device_major, std::uint32_t device_minor) {
  std::ifstream mounts("/proc/self/mountinfo");
  const std::string wanted = std::to_string(device_major) + ":" + std::to_string(device_minor);
  for (std::string line; std::getline(mounts, line);) {
    std::istringstream words(line);
    std::string id, parent, device, word;
    words >> id >> parent >> device;
    if (device != wanted) continue;
    while (words >> word && word != "-") {
    }
    words >> word;
    return word;
  }
  return {};
}

}  // namespace

bool FileSystems::is_local(std::uint32_t device_major, std::uint32_t device_minor) {
  return device(device_major, device_minor).local;
}

bool FileSystems::tells_changes(std::uint32_t device_major, std::uint32_t device_minor) {
  return device(device_major, device_minor).tells_changes;
}

const FileSystems::Device& FileSystems::device(std::uint32_t device_major, std::uint32_t device_minor) {
  for (const Device& known : devices_) {
    if (known.major == device_major && known.minor == device_minor) return known;
  }
  const std::string type = read_type(device_major, device_minor);
  // Subvolumes (btrfs) have devices of their own that no mount shows: without a block device be careful.
  const bool local = type.empty() ? device_major != 0 : !is_remote_type(type);
  const bool tells_changes = std::ranges::find(kTellingTypes, type) != kTellingTypes.end();
  devices_.push_back({device_major, device_minor, local, tells_changes, tells_changes || type == "overlay"});
  return devices_.back();
}

bool FileSystems::tells_ways(std::uint32_t device_major, std::uint32_t device_minor) {
  return device(device_major, device_minor).tells_ways;
}

void FileSystems::forget_all() {
  devices_.clear();
  local_paths_.clear();
}

}  // namespace uringx
