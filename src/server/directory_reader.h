// DirectoryReading lists a directory for autoindex on a helper's thread: the kernel has no operation for it on a ring, and a
// directory of a hundred thousand entries (or on a slow disk) must not stop a worker.
// Owned by an Exchange, on its worker's thread until it was started, and again when it was answered.
#pragma once

#include <ctime>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/arena.h"
#include "modules/handler.h"
#include "server/helper_threads.h"

namespace uringx {

class DirectoryReading final : public HelperJob {
 public:
  DirectoryReading(void* owner, Handler handler, std::string_view path) : HelperJob(owner, handler), path_(path) {}

  int error_number() const { return error_number_; }  // errno of opendir(), 0: listed
  // "." , ".." and names beginning with a dot are left out, as nginx does. Symbolic links are followed.
  std::span<DirectoryEntry> copy_entries(Arena& arena) const;

 private:
  struct Entry {
    std::string name;
    bool is_directory;
    bool is_file;
    std::int64_t size;
    std::time_t modified;
  };

  void work() override;
  void list();

  std::string path_;
  int error_number_ = 0;
  std::vector<Entry> entries_;
};

}  // namespace uringx
