// PathResolving resolves the links of a path on a helper's thread: the kernel has no operation for it on a ring, and each
// folder of the path may be on a slow disk.
// Owned by an Exchange, on its worker's thread until it was started, and again when it was answered.
#pragma once

#include <climits>
#include <string_view>

#include "modules/action.h"
#include "server/helper_threads.h"

namespace uringx {

class PathResolving final : public HelperJob {
 public:
  // `path` is NUL-terminated and lives until the answer.
  PathResolving(void* owner, Handler handler, std::string_view path) : HelperJob(owner, handler), path_(path) {}

  PathAnswer answer() const { return {error_number_, error_number_ == 0 ? std::string_view(resolved_) : std::string_view()}; }

 private:
  void work() override;

  const std::string_view path_;
  int error_number_ = 0;
  char resolved_[PATH_MAX] = {};
};

}  // namespace uringx
