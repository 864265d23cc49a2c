// A Cycle is one configuration in force in this process: its routes, open logs and listening sockets
// (ngx_cycle_t). Owned by the master; a worker process forked for it has a copy. Used on the main thread.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "config/load_config.h"
#include "modules/core_main.h"
#include "process/listeners.h"
#include "process/log_files.h"
#include "process/privileges.h"
#include "process/process_log.h"

namespace uringx {

// The `pid` directive's path, or where nginx's packages put it.
std::string pid_file_of(const CoreMainSettings& settings);

class Cycle {
 public:
  // Opens the logs of a configuration that was read; nothing listens yet. A failure is logged, and nullptr.
  static std::shared_ptr<Cycle> create(std::shared_ptr<const RouteTable> routes, const ProcessLog& log);

  // Listens, taking over from `previous` what it has open already. A failure is logged, and what was opened
  // is gone again.
  bool open_listeners(const Listeners& previous, OpenMode mode, const ProcessLog& log);

  const std::shared_ptr<const RouteTable>& routes() const { return routes_; }
  const CoreMainSettings& core() const { return routes_->main.get<CoreMainSettings>(); }
  const std::optional<Identity>& identity() const { return identity_; }
  Listeners& listeners() { return listeners_; }
  const Listeners& listeners() const { return listeners_; }
  OpenLogFiles& log_files() { return *log_files_; }
  unsigned worker_count() const;
  std::string pid_file() const { return pid_file_of(core()); }

  // The main error log; warnings of the process go there.
  const ErrorLog& error_log() const { return routes_->error_log; }
  bool logs_to_stderr() const { return logs_to_stderr_; }
  // Puts the error log behind stderr, unless it is stderr itself.
  void redirect_stderr();

 private:
  Cycle(std::shared_ptr<const RouteTable> routes, std::unique_ptr<OpenLogFiles> log_files,
        std::optional<Identity> identity);

  std::shared_ptr<const RouteTable> routes_;
  std::unique_ptr<OpenLogFiles> log_files_;
  const LogFile* first_error_file_ = nullptr;
  bool logs_to_stderr_ = false;
  std::optional<Identity> identity_;
  Listeners listeners_;
};

// Reads a configuration and logs what its build had to say; nullptr when it was refused. With `test` the
// result of the syntax check is printed where nginx prints it (ngx_init_cycle: before what is found out
// later).
struct LoadReport {
  bool print_syntax_ok = false;
};
std::shared_ptr<const RouteTable> load_routes(const LoadOptions& options, LoadReport report,
                                              const ProcessLog& log);

}  // namespace uringx
