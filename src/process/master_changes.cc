// What changes while the master runs: the configuration, the log files, the binary. The loop is in master.cc.
#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <cstdio>
#include <utility>

#include "process/master.h"
#include "process/new_binary.h"
#include "process/pid_file.h"

namespace uringx {

void Master::begin_reload() {
  // Back from an upgrade that went wrong: the old binary serves again what it served
  // (ngx_master_process_cycle).
  if (new_binary_ > 0 && std::exchange(not_accepting_, false)) {
    respawn(true);
    return;
  }
  log_.write(LogLevel::notice, "reconfiguring");
  std::shared_ptr<const RouteTable> routes = load_routes(options_.load, {}, log_);
  if (routes == nullptr) return;
  std::shared_ptr<Cycle> fresh = Cycle::create(std::move(routes), log_);
  if (fresh == nullptr) return;

  // From here on messages belong to the new error log.
  ProcessLog log(fresh->error_log(), fresh->logs_to_stderr());
  log.stop_using_stderr();
  if (!fresh->open_listeners(cycle_->listeners(), OpenMode::serve, log)) return;
  if (!move_pid_file(*fresh, log)) {
    fresh->listeners().remove_unix_files(&cycle_->listeners(), true, log);
    return;
  }
  const RouteTable& table = *fresh->routes();
  check_descriptor_limit(fresh->core(), table.main.get<EventsSettings>().worker_connections->count, log);
  for (const std::string& notice : table.notices) log.write(LogLevel::notice, notice);
  pending_ = std::move(fresh);
  log.write(LogLevel::notice, "start worker processes");
  if (!start_worker(pending_, generation_ + 1, log)) drop_reload();
}

// The new file exists before the old one goes: who looks finds one of them.
bool Master::move_pid_file(const Cycle& fresh, const ProcessLog& log) {
  if (fresh.pid_file() == cycle_->pid_file()) return true;
  auto written = write_pid_file(fresh.pid_file(), getpid());
  if (!written) log.write(LogLevel::emerg, written.error());
  return written.has_value();
}

void Master::commit_reload() {
  const std::shared_ptr<Cycle> old = std::exchange(cycle_, std::move(pending_));
  ++generation_;
  not_accepting_ = false;
  respawn_at_.reset();
  log_.set_log(cycle_->error_log(), cycle_->logs_to_stderr());
  cycle_->redirect_stderr();
  old->listeners().remove_unix_files(&cycle_->listeners(), shares_sockets_with_parent(), log_);
  if (old->pid_file() != cycle_->pid_file()) {
    if (auto removed = remove_pid_file(old->pid_file()); !removed) {
      log_.write(LogLevel::alert, removed.error());
    }
  }
  for (Worker& worker : workers_) {
    if (worker.generation != generation_) signal_worker(worker, SIGQUIT);
  }
}

void Master::drop_reload() {
  pending_->listeners().remove_unix_files(&cycle_->listeners(), true, log_);
  if (pending_->pid_file() != cycle_->pid_file()) (void)remove_pid_file(pending_->pid_file());
  pending_.reset();
}

// --- logs and binaries ---------------------------------------------------------------------------

void Master::reopen_logs() {
  log_.write(LogLevel::notice, "reopening logs");
  for (const std::shared_ptr<Cycle>& cycle : {cycle_, pending_}) {
    if (cycle == nullptr) continue;
    const std::optional<Identity>& identity = cycle->identity();
    cycle->log_files().reopen(log_, identity ? std::optional(identity->uid) : std::nullopt);
    cycle->redirect_stderr();
  }
  signal_workers(SIGUSR1);
}

void Master::change_binary() {
  log_.write(LogLevel::notice, "changing binary");
  const std::string path = cycle_->pid_file();
  const std::string old_path = path + std::string(kOldPidSuffix);
  if (rename(path.c_str(), old_path.c_str()) < 0) {
    log_.write(LogLevel::alert,
               fmt::format("rename() {} to {} failed before executing new binary process \"{}\"", path,
                           old_path, options_.arguments.front()),
               errno);
    return;
  }
  auto started = start_new_binary(options_.arguments, *cycle_, log_);
  if (started) {
    new_binary_ = *started;
    return;
  }
  log_.write(LogLevel::alert, started.error());
  new_binary_ended();
}

// Takes the pid file's name back, and the serving if it was given up.
void Master::new_binary_ended() {
  const std::string path = cycle_->pid_file();
  const std::string old_path = path + std::string(kOldPidSuffix);
  if (rename(old_path.c_str(), path.c_str()) < 0) {
    log_.write(LogLevel::alert,
               fmt::format("rename() {} back to {} failed after the new binary process \"{}\" exited",
                           old_path, path, options_.arguments.front()),
               errno);
  }
  new_binary_ = 0;
  if (!std::exchange(not_accepting_, false)) return;
  log_.write(LogLevel::notice, "start worker processes");
  respawn(true);
}

}  // namespace uringx
