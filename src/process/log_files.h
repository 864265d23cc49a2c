// OpenLogFiles are the log files of one configuration, open for appending from construction to destruction.
// Owned by a Cycle, on the main thread; worker threads write to the descriptors, whose numbers never change.
#pragma once

#include <sys/types.h>

#include <expected>
#include <memory>
#include <optional>

#include "config/route_table.h"
#include "process/process_log.h"

namespace uringx {

class OpenLogFiles {
 public:
  // Opens every file of routes.log_files, creating those that are missing (0644, as ngx_init_cycle does; 0600 a secret one).
  static std::expected<std::unique_ptr<OpenLogFiles>, SystemError> open(
      std::shared_ptr<const RouteTable> routes);
  ~OpenLogFiles();
  OpenLogFiles(const OpenLogFiles&) = delete;
  OpenLogFiles& operator=(const OpenLogFiles&) = delete;

  // Opens each path again and puts the new file behind the old descriptor's number (ngx_reopen_files). With
  // an owner the file is given to that user first, who has to be able to open it as well. A file that fails
  // stays as it was; `log` gets the reason.
  void reopen(const ProcessLog& log, std::optional<uid_t> owner);

  // Puts the file of index `log_file` behind stderr, so that what libraries print there is kept
  // (ngx_log_redirect_stderr).
  void redirect_stderr_to(std::uint32_t log_file);

 private:
  explicit OpenLogFiles(std::shared_ptr<const RouteTable> routes) : routes_(std::move(routes)) {}

  std::shared_ptr<const RouteTable> routes_;
};

}  // namespace uringx
