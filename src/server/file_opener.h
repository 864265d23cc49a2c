// FileOpener opens one file for an Exchange without ever waiting: at once when its path is cached and local, else by a
// linked open and statx on the ring. Owned by the Exchange, on its worker's thread.
#pragma once

#include <linux/openat2.h>
#include <sys/stat.h>

#include <optional>
#include <string_view>

#include "modules/action.h"
#include "ring/ring.h"
#include "server/file_systems.h"
#include "server/hot_files.h"
#include "server/open_file_cache.h"
#include "server/opened_file.h"

namespace uringx {

class FileOpener {
 public:
  using Handler = void (*)(void* owner, const FileAnswer& answer);

  FileOpener(Ring& ring, FileSystems& file_systems, OpenFileCache& cache, HotFiles& hot_files, void* owner, Handler handler)
      : ring_(ring), file_systems_(file_systems), cache_(cache), hot_files_(hot_files), owner_(owner), handler_(handler) {}
  ~FileOpener() { close(); }

  // Opens `path` (NUL-terminated, living until the answer); the file opened before is closed unless it is the same path.
  // The answer at once, or nullopt and later through the handler. `test_only`: existence and kind suffice.
  // `policy`: the location's open_file_cache settings.
  std::optional<FileAnswer> open(std::string_view path, bool test_only, const OpenFileCachePolicy& policy);

  // Takes over a file that was opened elsewhere (under `path`, which lives on), in place of the one before. It is kept in no
  // cache.
  FileAnswer adopt(std::string_view path, int fd, const struct statx& attributes);

  // The file of the last answer without error; fd -1 when there is none.
  const OpenedFile& file() const { return cached_ != nullptr ? cached_->file : file_; }
  void close();

  bool pending() const { return open_chain_.pending() || stat_operation_.pending(); }
  void cancel();

 private:
  std::optional<FileAnswer> open_now();
  void open_on_ring();
  void on_opened(const Chain::Outcome& outcome);
  void stat_unreadable();
  void on_unreadable_stat(Completion completion);
  bool knows_absent() const;
  FileAnswer opened();
  FileAnswer failed(int error_number) const;
  FileAnswer refused(int error_number);
  FileAnswer take(int fd, const struct statx& attributes);
  CachedFile* hold(OpenFileCache& cache, CachedFile* entry);

  Ring& ring_;
  FileSystems& file_systems_;
  OpenFileCache& cache_;
  HotFiles& hot_files_;
  void* owner_;
  Handler handler_;
  std::string_view path_;
  bool test_only_ = false;
  bool abandoned_ = false;  // cancel() was called: what still arrives is closed
  OpenedFile file_;                // ours to close, unless
  CachedFile* cached_ = nullptr;  // it is held from a cache:
  OpenFileCache* held_from_ = nullptr;
  OpenFileCachePolicy policy_;
  open_how how_{};
  struct statx attributes_ {};
  Chain open_chain_{this, Chain::calls<&FileOpener::on_opened>};
  Operation stat_operation_{this, Operation::calls<&FileOpener::on_unreadable_stat>};
};

}  // namespace uringx
