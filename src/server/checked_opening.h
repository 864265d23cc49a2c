// CheckedOpening opens a file whose path may not lead through symbolic links, name by name as nginx does
// (ngx_open_file_wrapper), on a helper's thread: each name may have to come from a disk.
// Owned by an Exchange, on its worker's thread until it was started, and again when it was answered.
#pragma once

#include <sys/stat.h>

#include "base/owned_fd.h"
#include "modules/action.h"
#include "modules/disable_symlinks.h"
#include "server/helper_threads.h"

namespace uringx {

class CheckedOpening final : public HelperJob {
 public:
  // `path` is NUL-terminated and lives until the answer.
  CheckedOpening(void* owner, Handler handler, std::string_view path, const LinkRule& rule)
      : HelperJob(owner, handler), path_(path), rule_(rule) {}

  std::string_view path() const { return path_; }
  const FileAnswer& answer() const { return answer_; }
  // With its attributes, when the answer is without error; the caller's to close from here on.
  int release_file(struct statx& attributes);

 private:
  void work() override;
  OwnedFd walk();
  OwnedFd open_name(const OwnedFd& directory, const char* name, int flags) const;

  const std::string_view path_;
  const LinkRule rule_;
  FileAnswer answer_;
  OwnedFd file_;
  struct statx attributes_ {};
};

}  // namespace uringx
