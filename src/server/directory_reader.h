// DirectoryReading reads a directory for autoindex or random_index on a helper's thread, and makes there what they want of
// it: the kernel has no operation for it on a ring, and a directory of a hundred thousand entries (or on a slow disk) must
// not stop a worker.
// Owned by an Exchange, on its worker's thread until it was started, and again when it was answered.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "modules/handler.h"
#include "server/helper_threads.h"

namespace uringx {

class DirectoryReading final : public HelperJob {
 public:
  // `path`, and what `work` views, stay as they are until the answer.
  DirectoryReading(void* owner, Handler handler, std::string_view path, const DirectoryWork& work)
      : HelperJob(owner, handler), path_(path), work_(work) {}

  int error_number() const { return error_number_; }  // errno of opendir(), 0: read
  std::string_view text() const { return text_; }     // what the work made of it
  std::span<const DirectoryFailure> failures() const { return failures_; }

 private:
  void work() override;
  void read();

  std::string path_;
  const DirectoryWork& work_;
  int error_number_ = 0;
  std::string text_;
  std::vector<DirectoryFailure> failures_;
};

}  // namespace uringx
