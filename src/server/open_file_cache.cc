#include "server/open_file_cache.h"

namespace uringx {
namespace {

// How many of the longest unused entries are looked at for each request (nginx: two).
constexpr int kExpiredPerLookup = 2;

}  // namespace

OpenFileCache::~OpenFileCache() { forget_all(); }

void OpenFileCache::forget_all() {
  while (!by_access_.empty()) forget(by_access_.front());
}

void OpenFileCache::forget(std::string_view path) {
  const auto found = by_path_.find(path);
  if (found != by_path_.end()) forget(*found->second);
}

void OpenFileCache::forget_inactive(const OpenFileCachePolicy& policy) {
  while (!by_access_.empty() && ring_.now() - by_access_.front().accessed > policy.inactive) forget(by_access_.front());
}

CachedFile* OpenFileCache::find(std::string_view path, const OpenFileCachePolicy& policy) {
  expire(policy);
  const auto found = by_path_.find(path);
  if (found == by_path_.end()) return nullptr;
  CachedFile& entry = *found->second;
  ++entry.uses;
  entry.accessed = ring_.now();
  entry.unlink();
  by_access_.push_back(entry);
  if (ring_.now() - entry.checked >= policy.valid) return nullptr;
  if (entry.file.fd < 0 && entry.error_number == 0) return nullptr;
  ++entry.holders;
  return &entry;
}

CachedFile* OpenFileCache::remember(std::string_view path, const OpenedFile& file, const OpenFileCachePolicy& policy) {
  CachedFile& entry = entry_of(path, policy);
  if (entry.uses < policy.uses_min) return nullptr;
  if (entry.holders == 0) {
    close(entry);
    entry.file = file;
    ++entry.holders;
    return &entry;
  }
  // Others still serve from what was open before: they keep it, the cache starts anew.
  const std::int64_t uses = entry.uses;
  forget(entry);
  CachedFile& fresh = entry_of(path, policy);
  fresh.uses = uses;
  fresh.file = file;
  ++fresh.holders;
  return &fresh;
}

void OpenFileCache::remember_error(std::string_view path, int error_number, const OpenFileCachePolicy& policy) {
  forget(path);
  if (!policy.errors) return;
  entry_of(path, policy).error_number = error_number;
}

void OpenFileCache::release(CachedFile& entry) {
  --entry.holders;
  if (!entry.forgotten || entry.holders != 0) return;
  close(entry);
  delete &entry;
}

// The entry of a path that was just opened or found missing, made if need be.
CachedFile& OpenFileCache::entry_of(std::string_view path, const OpenFileCachePolicy& policy) {
  auto found = by_path_.find(path);
  if (found == by_path_.end()) {
    if (by_path_.size() >= policy.entries_max && !by_access_.empty()) forget(by_access_.front());
    found = by_path_.emplace(std::string(path), std::make_unique<CachedFile>()).first;
    CachedFile& entry = *found->second;
    entry.path = path;
    entry.uses = 1;
    entry.accessed = ring_.now();
    by_access_.push_back(entry);
  }
  found->second->error_number = 0;
  found->second->checked = ring_.now();
  return *found->second;
}

void OpenFileCache::expire(const OpenFileCachePolicy& policy) {
  for (int i = 0; i < kExpiredPerLookup && !by_access_.empty(); ++i) {
    CachedFile& oldest = by_access_.front();
    if (ring_.now() - oldest.accessed <= policy.inactive) return;
    forget(oldest);
  }
}

void OpenFileCache::forget(CachedFile& entry) {
  if (forget_handler_ != nullptr) forget_handler_(forget_owner_, entry);
  entry.unlink();
  entry.forgotten = true;
  const auto found = by_path_.find(entry.path);
  CachedFile* const owned = found->second.release();
  by_path_.erase(found);
  if (owned->holders != 0) return;
  close(*owned);
  delete owned;
}

void OpenFileCache::close(CachedFile& entry) {
  if (entry.file.fd < 0) return;
  ring_.close(entry.file.fd, entry.file.medium());
  entry.file.fd = -1;
}

}  // namespace uringx
