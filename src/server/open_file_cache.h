// OpenFileCache is what open_file_cache asks for: files kept open, with their attributes and errors, for a while
// (ngx_open_file_cache.c). One for each worker, used on its thread only.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/intrusive_list.h"
#include "http/file_texts.h"
#include "ring/ring.h"
#include "server/opened_file.h"

namespace uringx {

// The open_file_cache* settings of a location.
struct OpenFileCachePolicy {
  std::uint64_t entries_max = 0;  // 0: off
  std::chrono::seconds inactive{60};
  std::chrono::seconds valid{60};
  std::int64_t uses_min = 1;
  bool errors = false;
  bool keeps_hot_files = true;  // where entries_max is 0 (HotFiles); not where open_file_cache off stands
};

// What is known of a path. Held by the cache and by the exchanges that serve from it.
struct CachedFile : ListNode {
  std::string path;
  OpenedFile file;       // fd -1: not used often enough to stay open, or an error
  FileTexts texts;       // of the file when it was last asked for
  int error_number = 0;
  Clock::time_point checked{};
  Clock::time_point accessed{};
  std::int64_t uses = 0;
  unsigned holders = 0;  // exchanges
  bool forgotten = false;  // no longer in the cache: goes with its last holder
  // Of HotFiles:
  int watch = -1;               // its id
  std::uint64_t seen_turn = 0;  // the loop turn in which it was last seen to be as it was
};

class OpenFileCache {
 public:
  explicit OpenFileCache(Ring& ring) : ring_(ring) {}
  ~OpenFileCache();
  OpenFileCache(const OpenFileCache&) = delete;
  OpenFileCache& operator=(const OpenFileCache&) = delete;

  // An entry to answer from, held for the caller (who gives it back with release()), or nullptr: open the file and tell
  // the cache by remember() or remember_error().
  CachedFile* find(std::string_view path, const OpenFileCachePolicy& policy);

  // Takes over `file` when it is used often enough to stay open: the entry that now owns it, held for the caller; else
  // nullptr and the file stays the caller's.
  CachedFile* remember(std::string_view path, const OpenedFile& file, const OpenFileCachePolicy& policy);
  void remember_error(std::string_view path, int error_number, const OpenFileCachePolicy& policy);

  void release(CachedFile& entry);

  // Entries leave the cache: the one of this path, this one, those not accessed for `policy.inactive`, all. Descriptors still held
  // are closed when they are released.
  void forget(std::string_view path);
  void forget(CachedFile& entry);
  void forget_inactive(const OpenFileCachePolicy& policy);
  void forget_all();

  std::size_t size() const { return by_path_.size(); }
  // The entry accessed least lately; the cache must not be empty.
  CachedFile& oldest() { return by_access_.front(); }
  // Forgets the entries of which `is_meant(entry)` is true.
  template <typename Predicate>
  void forget_if(Predicate is_meant) {
    by_access_.for_each([&](CachedFile& entry) {
      if (is_meant(entry)) forget(entry);
    });
  }
  // Calls `(owner, entry)` for every entry that leaves the cache.
  using ForgetHandler = void (*)(void* owner, CachedFile& entry);
  void on_forget(void* owner, ForgetHandler handler) { forget_owner_ = owner, forget_handler_ = handler; }

 private:
  CachedFile& entry_of(std::string_view path, const OpenFileCachePolicy& policy);
  void expire(const OpenFileCachePolicy& policy);
  void close(CachedFile& entry);

  struct Hash : std::hash<std::string_view> {
    using is_transparent = void;
  };

  Ring& ring_;
  std::unordered_map<std::string, std::unique_ptr<CachedFile>, Hash, std::equal_to<>> by_path_;
  IntrusiveList<CachedFile> by_access_;  // the longest unused first
  void* forget_owner_ = nullptr;
  ForgetHandler forget_handler_ = nullptr;
};

}  // namespace uringx
