// HotFiles keeps the files that are asked for most open, and yet every change of a file, of its name or of the way to it is
// seen by the next request, as without a cache. Owned by a worker, used on its thread only.
//
// open_file_cache is nginx's cache with nginx's staleness; this one is on wherever that is not set, for files on file systems
// that tell their changes (FileSystems::tells_changes). What it saves: open, statx and close, a fifth of the CPU time of a
// small answer.
#pragma once

#include <cstdint>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "ring/timers.h"
#include "server/open_file_cache.h"
#include "server/path_watch.h"

namespace uringx {

class HotFiles {
 public:
  // A file is opened anew after so long in any case, and let go when nobody asked for it for so long.
  static constexpr std::chrono::seconds kValid{1};
  static constexpr std::chrono::seconds kInactive{5};

  // `files_max`: descriptors it may hold; 0 turns it off.
  HotFiles(Ring& ring, Timers& timers, std::size_t files_max);

  // A new loop turn: requests of it were received before now, changes made before them are to be seen.
  void start_turn() { up_to_date_ = false; }

  // The file of this path, held for the caller who gives it back to cache(); nullptr when it has to be opened.
  CachedFile* find(std::string_view path);
  // A file just opened for the second time, of a file system that tells changes. Taken over (the entry held for the caller)
  // when there is place and it can be watched; else nullptr and the file stays the caller's. Brings `file.info` up to date.
  CachedFile* offer(std::string_view path, OpenedFile& file);

  // Closes what is not in use: descriptors have run out.
  void clear();

  OpenFileCache& cache() { return cache_; }
  std::size_t size() const { return cache_.size(); }

 private:
  bool has_place();
  bool leads_to(std::string_view path, OpenedFile& file);
  void take_changes();
  void forget_watched(int id);
  static void forgotten(void* owner, CachedFile& entry);
  void on_idle_check();

  Ring& ring_;
  Timers& timers_;
  OpenFileCachePolicy policy_;
  OpenFileCache cache_;
  PathWatch paths_;
  bool up_to_date_ = false;
  std::unordered_multimap<int, CachedFile*> by_watch_;
  std::vector<int> changed_;
  Timer idle_check_{this, Timer::calls<&HotFiles::on_idle_check>};
};

}  // namespace uringx
