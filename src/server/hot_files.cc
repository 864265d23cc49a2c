#include "server/hot_files.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>

#include <string>

namespace uringx {

HotFiles::HotFiles(Ring& ring, Timers& timers, std::size_t files_max)
    : ring_(ring),
      timers_(timers),
      policy_{.entries_max = files_max, .inactive = kInactive, .valid = kValid},
      cache_(ring) {
  cache_.on_forget(this, forgotten);
}

CachedFile* HotFiles::find(std::string_view path) {
  if (cache_.size() == 0) return nullptr;
  if (!up_to_date_) take_changes();
  return cache_.find(path, policy_);
}

CachedFile* HotFiles::offer(std::string_view path, OpenedFile& file) {
  cache_.forget(path);
  if (!has_place()) return nullptr;
  const int watch = paths_.watch(path, file.fd, ring_.now());
  if (watch < 0) return nullptr;
  CachedFile* const entry = leads_to(path, file) ? cache_.remember(path, file, policy_) : nullptr;
  if (entry == nullptr) {
    forget_watched(watch);
    paths_.unwatch(watch);
    return nullptr;
  }
  entry->watch = watch;
  by_watch_.emplace(watch, entry);
  if (!idle_check_.armed()) timers_.arm(idle_check_, ring_.now(), kInactive);
  return entry;
}

// A full cache of files in use changes slowly: a site much larger than it would only be opened and closed for nothing.
bool HotFiles::has_place() {
  if (cache_.size() < policy_.entries_max) return true;
  return cache_.size() != 0 && ring_.now() - cache_.oldest().accessed > kValid;
}

// Whether the path leads to the file now that both are watched; what is known of the file is then what holds.
bool HotFiles::leads_to(std::string_view path, OpenedFile& file) {
  struct statx named {}, opened {};
  const open_how how{.flags = O_PATH | O_CLOEXEC, .mode = 0, .resolve = 0};
  const int fd = ring_.backend().open_cached(path.data(), how);
  if (fd < 0) return false;
  const int error = ring_.backend().stat_open_file(fd, &named);
  ring_.backend().close_now(fd);
  if (error < 0 || ring_.backend().stat_open_file(file.fd, &opened) < 0) return false;
  const bool same = named.stx_ino == opened.stx_ino && named.stx_dev_major == opened.stx_dev_major &&
                    named.stx_dev_minor == opened.stx_dev_minor;
  if (same) file.info = to_stat(opened);
  return same;
}

void HotFiles::take_changes() {
  up_to_date_ = true;
  changed_.clear();
  if (!paths_.read_changes(changed_)) return cache_.forget_all();
  for (const int id : changed_) forget_watched(id);
}

void HotFiles::forget_watched(int id) {
  for (auto found = by_watch_.find(id); found != by_watch_.end(); found = by_watch_.find(id)) {
    const std::string path = found->second->path;
    cache_.forget(path);
  }
}

// The last entry of a file takes the watch along.
void HotFiles::forgotten(void* owner, CachedFile& entry) {
  auto& self = *static_cast<HotFiles*>(owner);
  auto [at, end] = self.by_watch_.equal_range(entry.watch);
  while (at != end && at->second != &entry) ++at;
  if (at == end) return;
  self.by_watch_.erase(at);
  if (!self.by_watch_.contains(entry.watch)) self.paths_.unwatch(entry.watch);
}

void HotFiles::clear() { cache_.forget_all(); }

void HotFiles::on_idle_check() {
  cache_.forget_inactive(policy_);
  if (cache_.size() != 0) timers_.arm(idle_check_, ring_.now(), kInactive);
}

}  // namespace uringx
