// run_worker_process is the whole life of the worker process: rings, threads, accepting, signals, until it is stopped.
// Called by process/ on the main thread of the worker process (after fork and after privileges are dropped), once.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "base/error_log.h"
#include "config/route_table.h"

namespace uringx {

// A listening socket that the master opened.
struct OpenListener {
  std::size_t listen_index;  // into RouteTable::listens
  int fd;
  unsigned worker;           // index of the worker thread it belongs to; of meaning with reuseport only
  bool reuseport;            // one socket for each worker thread; false: the main thread accepts and hands over
};

struct WorkerProcessOptions {
  std::shared_ptr<const RouteTable> routes;
  std::vector<OpenListener> listeners;
  const ErrorLog* error_log;          // main error log
  int signal_fd;                      // signalfd, read through the main thread's ring: TERM, INT (fast), QUIT (graceful),
                                      // USR1 (reopen), WINCH
  std::function<void()> reopen_logs;  // called on the worker process's main thread at USR1
  std::function<void()> on_ready;     // called when the rings stand and accepting started
  std::function<void()> on_draining;  // called when it begins to stop gracefully
  // Called when there can be no rings, with the reason: it is for the error log and for who reads stderr.
  std::function<void(std::string_view message)> on_refused;
  bool single_process;                // master_process off
};

// Runs until stopped; gives the exit code: 0, or 2 when it cannot start (rings refused: the message is already in
// stderr and the error log, and a restart would end the same way).
int run_worker_process(const WorkerProcessOptions& options);

}  // namespace uringx
