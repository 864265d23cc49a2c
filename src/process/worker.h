// The worker process from fork to exit: what it takes over from the master, then run_worker_process().
// Called once, on the main thread of the forked process.
#pragma once

#include "base/owned_fd.h"
#include "process/cycle.h"
#include "process/daemon.h"
#include "process/process_log.h"

namespace uringx {

// Exit code of a worker that would fail again in the same way: the master does not start another one (nginx's
// value).
inline constexpr int kFatalExitCode = 2;

// Serves `cycle` until it is told to stop. A byte in `ready` tells the master that connections are accepted.
// Gives the process's exit code.
int run_worker(Cycle& cycle, OwnedFd ready, ProcessLog log);

// master_process off: the one process serves and keeps the pid file as well; no privileges are given up.
int run_single_process(Cycle& cycle, StartReport report, ProcessLog log);

}  // namespace uringx
