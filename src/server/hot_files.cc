#include "server/hot_files.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <functional>
#include <new>

namespace uringx {
namespace {

bool is_same_time(const timespec& time, const statx_timestamp& other) {
  return time.tv_sec == other.tv_sec && time.tv_nsec == static_cast<long>(other.tv_nsec);
}

}  // namespace

HotFiles::HotFiles(Ring& ring, Timers& timers, FileSystems& file_systems, std::size_t files_max)
    : ring_(ring),
      timers_(timers),
      policy_{.entries_max = files_max, .inactive = kInactive, .valid = kValid},
      file_systems_(file_systems),
      paths_(file_systems),
      cache_(ring) {
  cache_.on_forget(this, forgotten);
  changes_.files.reserve(PathWatch::kChangesMax);  // what was read from the queue must not be lost for want of memory
}

CachedFile* HotFiles::find(std::string_view path) {
  if (cache_.size() == 0) return nullptr;
  if (seen_turn_ != turn_) take_changes();
  CachedFile* const entry = cache_.find(path, policy_);
  if (entry == nullptr || entry->seen_turn == turn_ || is_as_it_was(*entry)) return entry;
  cache_.forget(*entry);
  cache_.release(*entry);
  asks_to_wait(path) = kAsksAfterChange;
  return nullptr;
}

CachedFile* HotFiles::offer(std::string_view path, OpenedFile& file) {
  std::uint8_t& asks = asks_to_wait(path);
  if (asks != 0) {
    --asks;
    return nullptr;
  }
  cache_.forget(path);
  if (!make_place()) return nullptr;
  asks = kAsksAfterRefusal;
  const int watch = paths_.watch(path, file.fd, ring_.now());
  if (watch < 0 || !watched_.insert(watch).second) return nullptr;
  CachedFile* entry = nullptr;
  try {
    if (leads_to(path, file)) entry = cache_.remember(path, file, policy_);
  } catch (const std::bad_alloc&) {  // then it is served without being kept
  }
  if (entry == nullptr) {
    watched_.erase(watch);
    paths_.unwatch(watch);
    return nullptr;
  }
  asks = 0;
  entry->watch = watch;
  entry->seen_turn = turn_;
  if (!idle_check_.armed()) timers_.arm(idle_check_, ring_.now(), kInactive);
  return entry;
}

std::uint8_t& HotFiles::asks_to_wait(std::string_view path) {
  return waiting_[std::hash<std::string_view>()(path) % kPathsInWaiting];
}

// A full cache of files in use changes slowly: a site much larger than it would only be opened and closed for nothing.
bool HotFiles::make_place() {
  if (cache_.size() < policy_.entries_max) return true;
  if (cache_.size() == 0 || ring_.now() - cache_.oldest().accessed <= kValid) return false;
  cache_.forget(cache_.oldest());
  return true;
}

// What is at the path now, as it is known in memory; false: nothing, or it would have to be waited for.
bool HotFiles::look_at(const char* path, std::uint64_t flags, struct statx& info) {
  const open_how how{.flags = flags | O_CLOEXEC, .mode = 0, .resolve = 0};
  const int fd = ring_.backend().open_cached(path, how);
  if (fd < 0) return false;
  const int error = ring_.backend().stat_open_file(fd, &info);
  ring_.backend().close_now(fd);
  return error >= 0;
}

// Whether the path leads to the file, not by a symbolic link of its own, and may be read, now that both are watched. What is
// known of the file is then what holds.
bool HotFiles::leads_to(std::string_view path, OpenedFile& file) {
  struct statx named {}, opened {};
  if (!look_at(path.data(), O_RDONLY | O_NONBLOCK | O_NOFOLLOW, named)) return false;
  if (ring_.backend().stat_open_file(file.fd, &opened) < 0) return false;
  const bool same = named.stx_ino == opened.stx_ino && named.stx_dev_major == opened.stx_dev_major &&
                    named.stx_dev_minor == opened.stx_dev_minor;
  if (same) file.info = to_file_info(opened);
  return same;
}

bool HotFiles::is_as_it_was(CachedFile& entry) {
  struct statx now {};
  if (ring_.backend().stat_open_file(entry.file.fd, &now) < 0) return false;
  const FileInfo& before = entry.file.info;
  const bool same = static_cast<std::uint64_t>(before.bytes) == now.stx_size &&
                    is_same_time(before.modified, now.stx_mtime) && is_same_time(before.changed, now.stx_ctime);
  if (same) entry.seen_turn = turn_;
  return same;
}

bool HotFiles::is_absent(std::string_view path) {
  if (absent_.empty()) return false;
  if (seen_turn_ != turn_) take_changes();
  const auto found = absent_.find(path);
  return found != absent_.end() && ring_.now() <= found->second;
}

void HotFiles::offer_absent(std::string_view path) {
  if (policy_.entries_max == 0 || path.size() > kAbsentBytesMax) return;
  std::uint8_t& asks = asks_to_wait(path);
  if (asks != 0) {
    --asks;
    return;
  }
  const Clock::time_point now = ring_.now();
  asks = kAsksAfterNames;  // a full one is not gone through each time
  if (absent_.size() >= kAbsentMax) forget_expired_absent();
  if (absent_.size() >= kAbsentMax) return;
  asks = kAsksAfterRefusal;
  try {
    if (!leads_nowhere(path)) return;
    absent_.insert_or_assign(std::string(path), now + kValid);
  } catch (const std::bad_alloc&) {  // then it is looked for each time
    return;
  }
  asks = 0;
  if (!idle_check_.armed()) timers_.arm(idle_check_, now, kInactive);
}

// Whether there is nothing at the path, not even a link to nowhere, now that names coming into its directory are told.
bool HotFiles::leads_nowhere(std::string_view path) {
  const std::string name(path.substr(0, path.find_last_not_of('/') + 1));
  const std::string directory = name.substr(0, name.rfind('/') + 1);
  if (directory.empty()) return false;
  struct statx info {};
  if (!look_at(directory.c_str(), O_PATH | O_DIRECTORY, info)) return false;
  if (!file_systems_.tells_changes(info.stx_dev_major, info.stx_dev_minor)) return false;
  if (!paths_.watch_names(directory, ring_.now())) return false;
  const open_how itself{.flags = O_PATH | O_NOFOLLOW | O_CLOEXEC, .mode = 0, .resolve = 0};
  const int found = ring_.backend().open_cached(name.c_str(), itself);
  if (found >= 0) ring_.backend().close_now(found);
  return found == -ENOENT;
}

void HotFiles::forget_expired_absent() {
  std::erase_if(absent_, [now = ring_.now()](const auto& entry) { return entry.second < now; });
}

void HotFiles::forget_absent() {
  for (const auto& [path, until] : absent_) asks_to_wait(path) = kAsksAfterNames;
  absent_.clear();
}

void HotFiles::take_changes() {
  changes_.files.clear();
  changes_.names_came = false;
  if (!paths_.read_changes(changes_)) {
    cache_.forget_all();
    absent_.clear();
  } else if (!changes_.files.empty()) {
    cache_.forget_if([this](const CachedFile& entry) {
      const bool changed = std::ranges::find(changes_.files, entry.watch) != changes_.files.end();
      if (changed) asks_to_wait(entry.path) = kAsksAfterChange;
      return changed;
    });
  }
  if (changes_.names_came) forget_absent();
  seen_turn_ = turn_;
}

void HotFiles::forgotten(void* owner, CachedFile& entry) {
  auto& self = *static_cast<HotFiles*>(owner);
  if (self.watched_.erase(entry.watch) != 0) self.paths_.unwatch(entry.watch);
}

// Also lets go of files that were removed and that nobody asks for any more.
void HotFiles::on_idle_check() {
  take_changes();
  cache_.forget_inactive(policy_);
  forget_expired_absent();
  if (cache_.size() + absent_.size() != 0) {
    timers_.arm(idle_check_, ring_.now(), kInactive);
  } else {
    paths_.forget_directories();  // nobody would read what they tell
  }
}

}  // namespace uringx
