// PathWatch tells when a path may no longer lead to the file it led to, or that file changed: by inotify, on the file and on
// every directory and symbolic link on the way to it. Owned by a worker's HotFiles, used on its thread only; nothing here
// waits (paths are walked with RESOLVE_CACHED).
//
// What it relies on (fsnotify): the event is queued before the call that made the change returns, so whoever changes a file
// and then sends a request has the event seen by a look at the queue that follows the request. A rename tells the inode that
// moved (MOVE_SELF) and the one that lost its name (ATTRIB: the link count), an unlink likewise. A directory that is removed is
// told only when nobody has it open any more (DELETE_SELF), so that its parent is asked about it (DELETE); about names that come
// (CREATE, MOVED_TO) directories are asked only for names that are not there yet. Mounts are told by /proc/self/mountinfo
// (proc(5)). Not told: writes through a mapping or by libaio, a mount point that is renamed in another mount namespace, and what a
// network or FUSE server does.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "base/owned_fd.h"
#include "ring/backend.h"
#include "server/file_systems.h"

namespace uringx {

class PathWatch {
 public:
  // Watches that cannot be had at all (no inotify, no /proc, a directory that may be passed but not read) are asked for again
  // after so long.
  static constexpr Clock::duration kRetryAfter = std::chrono::seconds(10);

  // Of a flood of events no more is read at a time: it counts as lost.
  static constexpr int kReadsMax = 4;
  static constexpr std::size_t kEventBytes = 16 * 1024;
  static constexpr std::size_t kChangesMax = kReadsMax * kEventBytes / 16;  // an event without a name has 16 bytes

  explicit PathWatch(FileSystems& file_systems) : file_systems_(file_systems) {}

  // Watches the file open as `fd` and the way to it. An id for it (several paths of one file share it), or -1. From then on
  // every change is told; that `path` still leads to the file, and that it may still be read, has to be checked after this
  // call. `path` is absolute, and its last component no symbolic link: the way through that is not watched.
  int watch(std::string_view path, int fd, Clock::time_point now);
  // Forgets the file, not the way to it.
  void unwatch(int id);
  // From then on a name that comes into the directory is told, and what changes the way to it. That a name is not in it has to
  // be checked after this call. `directory` is absolute and ends with "/". False: it cannot be watched.
  bool watch_names(const std::string& directory, Clock::time_point now);

  struct Changes {
    std::vector<int> files;  // ids of changed files, in no order
    bool names_came = false;  // into a directory of watch_names()
  };
  // Ends every watch that is not a file's: nobody asks for a path any more.
  void forget_directories();

  // What happened since the last call. False: any path may lead elsewhere; the way to no file is watched any more, nor any
  // directory's names, and the caller unwatches the files.
  bool read_changes(Changes& changes);

 private:
  struct Node;
  bool open_queues();
  int add(int fd, std::uint32_t events);
  bool may_watch(Clock::time_point now);
  bool read_events(Changes& changes);
  bool watch_directory(std::string_view path, Clock::time_point now);
  bool walk(std::string_view path, bool watching, std::vector<Node>& passed);
  bool pass(int fd, bool watching, std::vector<Node>& passed);

  FileSystems& file_systems_;
  OwnedFd events_;
  OwnedFd mounts_;
  std::unordered_set<int> on_the_way_;  // ids of directories and symbolic links
  std::set<std::string, std::less<>> names_on_the_way_;  // theirs
  // Directories by the path they were asked for: watched (kWatched), or not to be had and when to ask again.
  std::map<std::string, Clock::time_point, std::less<>> directories_;
  Clock::time_point retry_at_{};  // there were no watches to be had
};

}  // namespace uringx
