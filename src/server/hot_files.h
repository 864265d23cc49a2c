// HotFiles keeps the files that are asked for most open; whoever changes a file, its name or the way to it, and then asks for
// it, gets the new one, as without a cache. Owned by a worker, used on its thread only.
//
// open_file_cache is nginx's cache with nginx's staleness; this one is on wherever that is not set, for files on file systems
// that tell their changes (FileSystems::tells_changes). What it saves: open, statx and close, a fifth of the CPU time of a
// small answer. It also remembers paths at which there is nothing (what try_files and gzip_static ask for with every request),
// until a name comes into their directory; so it does beside open_file_cache, as long as that keeps no errors. Names and
// permissions are PathWatch's to see; times and size are compared besides, once a turn, because not every way of writing is told.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "base/text_map.h"
#include "ring/timers.h"
#include "server/open_file_cache.h"
#include "server/path_watch.h"

namespace uringx {

class HotFiles {
 public:
  static constexpr std::size_t kFilesMax = 1024;
  // A file is opened anew after so long in any case, and let go when nobody asked for it for so long (looked at that often).
  static constexpr std::chrono::seconds kValid{1};
  static constexpr std::chrono::seconds kInactive{5};

  // Paths without anything that are remembered, and how long they may be.
  static constexpr std::size_t kAbsentMax = 1024;
  static constexpr std::size_t kAbsentBytesMax = 512;

  // `files_max`: descriptors it may hold; 0 turns it off.
  HotFiles(Ring& ring, Timers& timers, FileSystems& file_systems, std::size_t files_max);
  ~HotFiles() { cache_.forget_all(); }
  HotFiles(const HotFiles&) = delete;
  HotFiles& operator=(const HotFiles&) = delete;

  // A new loop turn: requests of it were received before now, changes made before them are to be seen.
  void start_turn() { ++turn_; }

  // The file of this path, held for the caller who gives it back to cache(); nullptr when it has to be opened.
  CachedFile* find(std::string_view path);
  // A file just opened, not for the first time, of a file system that tells changes; `path` is NUL-terminated. Taken over
  // (the entry held for the caller) when there is place, it can be watched, and it does not change all the time; else nullptr
  // and the file stays the caller's. Brings `file.info` up to date.
  CachedFile* offer(std::string_view path, OpenedFile& file);

  // Whether nothing is at this path, as it was found within kValid and no change since.
  bool is_absent(std::string_view path);
  // Nothing was found at this path, not for the first time; NUL-terminated. Remembered when names that come into its directory
  // are told.
  void offer_absent(std::string_view path);

  // Closes what is not in use: descriptors have run out.
  void clear() { cache_.forget_all(); }

  OpenFileCache& cache() { return cache_; }
  std::size_t size() const { return cache_.size(); }
  std::size_t absent_count() const { return absent_.size(); }

 private:
  // A path whose file changed is asked for so often before it is taken again; an absent one after names came into a directory,
  // which may do so all the time, so often; one that could not be taken, so often.
  static constexpr std::uint8_t kAsksAfterChange = 3;
  static constexpr std::uint8_t kAsksAfterNames = 30;
  static constexpr std::uint8_t kAsksAfterRefusal = 255;
  static constexpr std::size_t kPathsInWaiting = 4096;  // a power of two; paths that share a place wait for each other

  std::uint8_t& asks_to_wait(std::string_view path);
  bool make_place();
  bool look_at(const char* path, std::uint64_t flags, struct statx& info);
  bool leads_to(std::string_view path, OpenedFile& file);
  bool is_as_it_was(CachedFile& entry);
  bool leads_nowhere(std::string_view path);
  void forget_absent();
  void forget_expired_absent();
  void take_changes();
  static void forgotten(void* owner, CachedFile& entry);
  void on_idle_check();

  Ring& ring_;
  Timers& timers_;
  OpenFileCachePolicy policy_;
  FileSystems& file_systems_;
  PathWatch paths_;
  std::unordered_set<int> watched_;  // the files' ids; a file has one entry, whatever its names
  TextMap<Clock::time_point> absent_;  // until when it needs no look
  PathWatch::Changes changes_;
  std::array<std::uint8_t, kPathsInWaiting> waiting_{};
  std::uint64_t turn_ = 1;
  std::uint64_t seen_turn_ = 0;  // the turn in which changes were last looked at
  OpenFileCache cache_;
  Timer idle_check_{this, Timer::calls<&HotFiles::on_idle_check>};
};

}  // namespace uringx
