#include "process/worker.h"

#include <signal.h>
#include <unistd.h>

#include <cstdlib>

#include "process/pid_file.h"
#include "process/process_title.h"
#include "process/signals.h"
#include "server/worker_process.h"

namespace uringx {
namespace {

// run_worker_process() with what both kinds of process have in common.
int serve(Cycle& cycle, const ProcessLog& log, bool single_process, std::function<void()> on_ready) {
  auto signal_fd = open_signal_fd(worker_signals());
  if (!signal_fd) {
    log.write(LogLevel::alert, signal_fd.error());
    return kFatalExitCode;
  }
  WorkerProcessOptions options{
      .routes = cycle.routes(),
      .listeners = cycle.listeners().for_workers(cycle.worker_count()),
      .error_log = &cycle.error_log(),
      .signal_fd = signal_fd->get(),
      .reopen_logs =
          [&cycle, &log] {
            cycle.log_files().reopen(log, std::nullopt);
            cycle.redirect_stderr();
          },
      .on_ready = std::move(on_ready),
      .on_draining = single_process ? std::function<void()>() : [] { set_process_title("worker process is shutting down"); },
      .on_refused = [&log](std::string_view message) { log.write(LogLevel::emerg, message); },
      .single_process = single_process,
  };
  return run_worker_process(options);
}

}  // namespace

int run_worker(Cycle& cycle, OwnedFd ready, ProcessLog log) {
  set_process_title("worker process");
  if (auto entered = enter_worker_process(cycle.core(), cycle.identity(), log); !entered) {
    log.write(LogLevel::emerg, entered.error());
    return kFatalExitCode;
  }
  const int code = serve(cycle, log, false, [&] {
    cycle.redirect_stderr();
    log.stop_using_stderr();
    constexpr char kReady = '+';
    // A master that died meanwhile cannot read it; this process serves all the same, as nginx's workers do.
    [[maybe_unused]] const ssize_t written = write(ready.get(), &kReady, 1);
    ready.reset();
  });
  if (code == 0) log.write(LogLevel::notice, "exit");
  return code;
}

int run_single_process(Cycle& cycle, StartReport report, ProcessLog log) {
  bool pid_file_written = false;
  const int code = serve(cycle, log, true, [&] {
    const auto written = write_pid_file(cycle.pid_file(), getpid());
    pid_file_written = written.has_value();
    if (!pid_file_written) {
      log.write(LogLevel::emerg, written.error());
      kill(getpid(), SIGTERM);  // read from the signalfd like any other: the rings end in order
      return;
    }
    cycle.redirect_stderr();
    log.stop_using_stderr();
    report.succeeded();
  });
  cycle.listeners().remove_unix_files(nullptr, false, log);
  cycle.listeners().close();
  if (pid_file_written) {
    if (auto removed = remove_pid_file(cycle.pid_file()); !removed) {
      log.write(LogLevel::alert, removed.error());
    }
  }
  if (code == 0) log.write(LogLevel::notice, "exit");
  return code == 0 && pid_file_written ? EXIT_SUCCESS : EXIT_FAILURE;
}

}  // namespace uringx
