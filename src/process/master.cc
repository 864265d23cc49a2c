#include "process/master.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "process/pid_file.h"
#include "process/process_title.h"
#include "process/signals.h"
#include "process/worker.h"

namespace uringx {
namespace {

// A worker that died before it served would most likely do so again at once.
constexpr std::chrono::milliseconds kRespawnPause{1000};
// TERM is repeated after 50 ms and then twice as long each time; from a second on it is KILL
// (ngx_master_process_cycle).
constexpr std::chrono::milliseconds kFirstEscalation{50};
constexpr std::chrono::milliseconds kPatience{1000};

}  // namespace

Master::Master(MasterOptions options, std::shared_ptr<Cycle> cycle, OwnedFd signal_fd, StartReport report,
               ProcessLog& log)
    : options_(std::move(options)),
      cycle_(std::move(cycle)),
      signal_fd_(std::move(signal_fd)),
      report_(std::move(report)),
      log_(log) {}

int Master::run() {
  set_process_title(fmt::format("master process {}", fmt::join(options_.arguments, " ")));
  log_.write(LogLevel::notice, "start worker processes");
  if (!start_worker(cycle_, generation_, log_)) fail_start();
  while (!exit_code_) {
    wait();
    read_signals();
    // Before the dead are counted: one that served and died did serve.
    note_ready_workers();
    reap_children();
    act();
  }
  return *exit_code_;
}

// --- waiting -------------------------------------------------------------------------------------

void Master::wait() const {
  std::vector<pollfd> watched{{signal_fd_.get(), POLLIN, 0}};
  for (const Worker& worker : workers_) {
    if (worker.ready) watched.push_back({worker.ready.get(), POLLIN, 0});
  }
  // What poll() has to say is asked for again below, from each descriptor itself.
  poll(watched.data(), watched.size(), wait_timeout_ms());
}

int Master::wait_timeout_ms() const {
  std::optional<Clock::time_point> next = respawn_at_;
  if (escalate_at_ && (!next || *escalate_at_ < *next)) next = escalate_at_;
  if (!next) return -1;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(*next - Clock::now());
  return static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 3'600'000));
}

void Master::read_signals() {
  while (const auto signal = read_signal(signal_fd_.get())) note_signal(signal->number, signal->sender);
}

void Master::note_signal(int signal, pid_t sender) {
  const std::string_view consequence = take_request(signal);
  const std::string from = sender == 0 ? "" : fmt::format(" from {}", sender);
  log_.write(LogLevel::notice,
             fmt::format("signal {} ({}) received{}{}", signal, signal_name(signal), from, consequence));
  if (consequence == ", ignoring") {
    log_.write(LogLevel::crit,
               "the changing binary signal is ignored: you should shutdown or terminate before either old or "
               "new binary's process");
  }
}

// Gives what nginx says will happen (ngx_signal_handler).
std::string_view Master::take_request(int signal) {
  switch (signal) {
    case SIGQUIT:
      requests_.quit = true;
      return ", shutting down";
    case SIGTERM:
    case SIGINT:
      requests_.terminate = true;
      return ", exiting";
    case SIGHUP:
      requests_.reload = true;
      return ", reconfiguring";
    case SIGUSR1:
      requests_.reopen = true;
      return ", reopening logs";
    case SIGWINCH:
      if (!options_.daemonized) return "";
      requests_.stop_accepting = true;
      return ", stop accepting connections";
    case SIGUSR2:
      // Either an older binary still runs above this one, or a newer one below it.
      if (getppid() == options_.parent || new_binary_ > 0) return ", ignoring";
      requests_.change_binary = true;
      return ", changing binary";
    default:
      return "";
  }
}

void Master::note_ready_workers() {
  for (Worker& worker : workers_) {
    char byte = 0;
    if (!worker.ready) continue;
    const ssize_t size = read(worker.ready.get(), &byte, 1);
    if (size < 0) continue;
    worker.ready.reset();
    if (size == 0) continue;  // it is about to die: SIGCHLD will say so
    worker.serving = true;
    if (!started_) finish_start();
    if (pending_ && worker.generation == generation_ + 1) commit_reload();
    // commit_reload() may have told others to end, but changes none of the items.
  }
}

void Master::reap_children() {
  int status = 0;
  for (pid_t pid = 0; (pid = waitpid(-1, &status, WNOHANG)) > 0;) {
    if (pid == new_binary_) {
      new_binary_ended();
      continue;
    }
    const auto found = std::ranges::find(workers_, pid, &Worker::pid);
    if (found == workers_.end()) continue;  // a child from before this program was executed
    Worker worker = std::move(*found);
    workers_.erase(found);
    worker_ended(std::move(worker), status);
  }
}

// --- acting, in the order of ngx_master_process_cycle --------------------------------------------

void Master::act() {
  if (exit_code_) return;
  if (requests_.terminate || requests_.quit) {
    act_on_shutdown();
    return;
  }
  if (respawn_at_ && Clock::now() >= *respawn_at_) {
    respawn_at_.reset();
    if (!start_worker(cycle_, generation_, log_)) respawn(false);
  }
  // One at a time, and the first start before any: a request that comes meanwhile is kept.
  if (requests_.reload && started_ && !pending_) {
    requests_.reload = false;
    begin_reload();
  }
  if (std::exchange(requests_.reopen, false)) reopen_logs();
  if (std::exchange(requests_.change_binary, false)) change_binary();
  if (std::exchange(requests_.stop_accepting, false)) {
    not_accepting_ = true;
    respawn_at_.reset();
    signal_workers(SIGQUIT);
  }
}

void Master::act_on_shutdown() {
  respawn_at_.reset();
  if (pending_) drop_reload();
  if (workers_.empty()) {
    finish();
    return;
  }
  if (requests_.terminate) {
    escalate_termination();
    return;
  }
  signal_workers(SIGQUIT);
  if (cycle_->listeners().all().empty()) return;
  // The port is free for others from here on, while the workers finish.
  if (new_binary_ == 0) cycle_->listeners().remove_unix_files(nullptr, shares_sockets_with_parent(), log_);
  cycle_->listeners().close();
}

void Master::escalate_termination() {
  const Clock::time_point now = Clock::now();
  if (escalate_at_ && now < *escalate_at_) return;
  escalation_delay_ = escalate_at_ ? escalation_delay_ * 2 : kFirstEscalation;
  escalate_at_ = now + escalation_delay_;
  for (Worker& worker : workers_) {
    const bool patient = escalation_delay_ <= kPatience;
    if (kill(worker.pid, patient ? SIGTERM : SIGKILL) == 0) worker.exiting = true;
  }
}

void Master::finish() {
  if (new_binary_ == 0) cycle_->listeners().remove_unix_files(nullptr, shares_sockets_with_parent(), log_);
  cycle_->listeners().close();
  if (started_) {
    if (auto removed = remove_pid_file(pid_file_now()); !removed) {
      log_.write(LogLevel::alert, removed.error());
    }
  }
  log_.write(LogLevel::notice, "exit");
  exit_code_ = started_ ? EXIT_SUCCESS : EXIT_FAILURE;
}

// --- the start -----------------------------------------------------------------------------------

void Master::finish_start() {
  if (auto written = write_pid_file(cycle_->pid_file(), getpid()); !written) {
    log_.write(LogLevel::emerg, written.error());
    requests_.terminate = true;
    return;
  }
  started_ = true;
  cycle_->redirect_stderr();
  log_.stop_using_stderr();
  report_.succeeded();
}

void Master::fail_start() { finish(); }

// --- workers -------------------------------------------------------------------------------------

bool Master::start_worker(const std::shared_ptr<Cycle>& cycle, std::uint64_t generation,
                          const ProcessLog& log) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0) {
    log.write(LogLevel::alert, "pipe() failed while spawning \"worker process\"", errno);
    return false;
  }
  OwnedFd read_end(ends[0]);
  OwnedFd write_end(ends[1]);
  const pid_t pid = fork();
  if (pid < 0) {
    log.write(LogLevel::alert, "fork() failed while spawning \"worker process\"", errno);
    return false;
  }
  if (pid == 0) {
    read_end.reset();
    become_worker(cycle, std::move(write_end), log);
  }
  log.write(LogLevel::notice, fmt::format("start worker process {}", pid));
  workers_.push_back({.pid = pid, .generation = generation, .ready = std::move(read_end)});
  return true;
}

void Master::become_worker(std::shared_ptr<Cycle> cycle, OwnedFd ready, ProcessLog log) {
  // What is the master's or belongs to another configuration is closed here: a listening socket stays open as
  // long as any process holds it.
  signal_fd_.reset();
  report_.forget();
  workers_.clear();
  if (cycle != cycle_) cycle_.reset();
  if (cycle != pending_) pending_.reset();
  std::exit(run_worker(*cycle, std::move(ready), log));
}

void Master::worker_ended(Worker worker, int status) {
  const int code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  if (WIFSIGNALED(status)) {
    log_.write(LogLevel::alert, fmt::format("worker process {} exited on signal {}{}", worker.pid,
                                            WTERMSIG(status), WCOREDUMP(status) ? " (core dumped)" : ""));
  } else {
    log_.write(LogLevel::notice, fmt::format("worker process {} exited with code {}", worker.pid, code));
  }
  if (requests_.terminate || requests_.quit) return;

  const bool of_reload = pending_ && worker.generation == generation_ + 1;
  if (!started_) {
    fail_start();
  } else if (of_reload) {
    log_.write(LogLevel::emerg, "the new configuration could not be served, the old one stays in force");
    drop_reload();
  } else if (worker.exiting || worker.generation != generation_ || not_accepting_) {
    // It was told to.
  } else if (code == kFatalExitCode) {
    log_.write(
        LogLevel::alert,
        fmt::format("worker process {} exited with fatal code {} and cannot be respawned", worker.pid, code));
  } else {
    respawn(worker.serving);
  }
}

void Master::respawn(bool at_once) {
  respawn_at_ = Clock::now() + (at_once ? std::chrono::milliseconds{0} : kRespawnPause);
}

void Master::signal_worker(Worker& worker, int signal) const {
  // Once is enough: a graceful end takes its time.
  if (worker.exiting && signal == SIGQUIT) return;
  if (kill(worker.pid, signal) < 0) {
    log_.write(LogLevel::alert, fmt::format("kill({}, {}) failed", worker.pid, signal), errno);
    return;
  }
  if (signal == SIGUSR1) return;
  worker.exiting = true;
}

void Master::signal_workers(int signal) {
  for (Worker& worker : workers_) signal_worker(worker, signal);
}

std::string Master::pid_file_now() const {
  return new_binary_ == 0 ? cycle_->pid_file() : cycle_->pid_file() + std::string(kOldPidSuffix);
}

bool Master::shares_sockets_with_parent() const { return getppid() == options_.parent; }

}  // namespace uringx
