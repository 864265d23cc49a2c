// daemonize() sends the process to the background, and the process that was started waits until it serves.
// Called once on the main thread, before any fork of a worker.
#pragma once

#include <expected>

#include "base/owned_fd.h"
#include "process/process_log.h"

namespace uringx {

// What the background process tells the one in the foreground, which exits with 0 or 1 accordingly. One that
// was made by default tells nobody. Going without a word (a crash too) counts as a failure.
class StartReport {
 public:
  StartReport() = default;
  explicit StartReport(OwnedFd pipe) : pipe_(std::move(pipe)) {}

  void succeeded();
  // In a forked child, which must not keep the foreground process waiting.
  void forget() { pipe_.reset(); }

 private:
  OwnedFd pipe_;
};

// Forks, starts a session, puts /dev/null behind stdin and stdout (ngx_daemon); returns in the background
// process only. Unlike nginx's, the foreground process exits when the start has succeeded or failed, so its
// exit code can be believed.
std::expected<StartReport, SystemError> daemonize();

}  // namespace uringx
