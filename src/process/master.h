// The master process: starts the worker process, replaces it when it dies or the configuration changes, and
// ends with it. One object for the life of the process, on its only thread; it waits in one poll() and holds
// no ring.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/owned_fd.h"
#include "process/cycle.h"
#include "process/daemon.h"
#include "process/process_log.h"

namespace uringx {

struct MasterOptions {
  LoadOptions load;                    // how a reload finds its configuration
  std::vector<std::string> arguments;  // argv: shown in the title, and what a new binary is started with
  bool daemonized = false;             // nginx minds SIGWINCH in the background only
  // Of the process that was started: while it lives, sockets it handed over are its own as well.
  pid_t parent = 0;
};

class Master {
 public:
  // `cycle` listens already. The signals of master_signals() must be blocked, `signal_fd` reads them.
  Master(MasterOptions options, std::shared_ptr<Cycle> cycle, OwnedFd signal_fd, StartReport report,
         ProcessLog& log);

  // Until everything has ended; gives the exit code. In a forked worker process it does not return.
  int run();

 private:
  using Clock = std::chrono::steady_clock;

  struct Worker {
    pid_t pid;
    std::uint64_t generation;  // of the configuration it serves
    OwnedFd ready;             // read end of its pipe, until it has said that it serves
    bool serving = false;
    bool exiting = false;                           // told to end
  };

  // What has happened and waits for its turn.
  struct Requests {
    bool terminate = false;
    bool quit = false;
    bool reload = false;
    bool reopen = false;
    bool change_binary = false;
    bool stop_accepting = false;
  };

  // One turn of the loop: wait, then take note, then act.
  void wait() const;
  int wait_timeout_ms() const;
  void read_signals();
  void note_signal(int signal, pid_t sender);
  std::string_view take_request(int signal);
  void note_ready_workers();
  void reap_children();
  void act();
  void act_on_shutdown();

  // The start: the first worker serves, or none ever will.
  void finish_start();
  void fail_start();

  // False when there are no more processes to be had; logged.
  bool start_worker(const std::shared_ptr<Cycle>& cycle, std::uint64_t generation, const ProcessLog& log);
  [[noreturn]] void become_worker(std::shared_ptr<Cycle> cycle, OwnedFd ready, ProcessLog log);
  void worker_ended(Worker worker, int status);
  void respawn(bool at_once);

  // Reload: prepared and committed when the new worker serves, or dropped when it cannot.
  void begin_reload();
  bool move_pid_file(const Cycle& fresh, const ProcessLog& log);
  void commit_reload();
  void drop_reload();

  void reopen_logs();
  void change_binary();
  void new_binary_ended();

  void signal_workers(int signal);
  void signal_worker(Worker& worker, int signal) const;
  void escalate_termination();
  void finish();
  bool shares_sockets_with_parent() const;
  std::string pid_file_now() const;

  MasterOptions options_;
  std::shared_ptr<Cycle> cycle_;  // in force
  std::uint64_t generation_ = 1;  // of cycle_
  // Of a reload whose worker does not serve yet; its generation is the next one.
  std::shared_ptr<Cycle> pending_;
  OwnedFd signal_fd_;
  StartReport report_;
  ProcessLog& log_;

  std::vector<Worker> workers_;
  Requests requests_;
  bool started_ = false;
  bool not_accepting_ = false;  // SIGWINCH: no workers are wanted
  pid_t new_binary_ = 0;
  std::optional<Clock::time_point> respawn_at_;
  std::optional<Clock::time_point> escalate_at_;
  std::chrono::milliseconds escalation_delay_{0};
  std::optional<int> exit_code_;
};

}  // namespace uringx
