#include "server/worker_process.h"

#include <malloc.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <climits>
#include <latch>
#include <optional>
#include <string>
#include <system_error>
#include <thread>

#include "modules/core_main.h"
#include "modules/http_core.h"
#include "modules/ssl.h"
#include "server/acceptor.h"
#include "server/helper_threads.h"
#include "server/worker.h"
#include "server/worker_counters.h"
#include "tls/stapling_fetcher.h"
#include "tls/tls_context.h"

namespace uringx {
namespace {

constexpr int kCannotStart = 2;  // the master does not start another one
constexpr unsigned kMainRingEntries = 256;
constexpr Clock::duration kMainWaitMax = std::chrono::seconds(60);
// Of each thread's heap: what is asked for and freed with each answer that is changed on its way is kept, where giving it to the
// kernel and taking it back, page by page, cost a quarter of what compressing a page of 100 KiB does.
constexpr int kKeptHeapBytesMax = 4 << 20;
constexpr int kMappedBytesMin = 1 << 20;

std::vector<const TlsContext*> tls_contexts(const RouteTable& routes) {
  std::vector<const TlsContext*> contexts;
  for (const auto& server : routes.servers) contexts.push_back(server->settings.get<ServerSsl>().context);
  return contexts;
}

bool looks_names_up(const RouteTable& routes) {
  return std::ranges::any_of(routes.servers, [](const auto& server) {
    const TlsContext* const context = server->settings.template get<ServerSsl>().context;
    return context != nullptr && context->ocsp != nullptr &&
           *server->root.settings.template get<HttpCoreLocation>().resolver;
  });
}

// One worker and its thread. The Worker is made on the thread itself: its ring belongs to it.
struct WorkerThread {
  std::thread thread;
  std::unique_ptr<Worker> worker;  // set before `ready` counts down; destroyed on the thread
  Worker* published = nullptr;
  std::string refusal;             // why there is no worker
  WorkerCounters* counters = nullptr;
  std::atomic<bool> ended{false};
  std::atomic<bool> may_leave{false};  // the main thread no longer looks at the worker
};

class WorkerProcess {
 public:
  WorkerProcess(const WorkerProcessOptions& options, Ring& ring)
      : options_(options),
        core_(options.routes->main.get<CoreMainSettings>()),
        ring_(ring),
        threads_(static_cast<std::size_t>(std::max<std::int64_t>(core_.worker_processes->count, 1))),
        helpers_(options.routes->used_modules, looks_names_up(*options.routes)) {
    char name[HOST_NAME_MAX + 1] = {};
    gethostname(name, sizeof(name) - 1);
    hostname_ = name;
    std::ranges::transform(hostname_, hostname_.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  }

  int run();

 private:
  static void message_arrived(void*, std::uint32_t, std::int32_t) {}  // "look again" from a worker that ended

  bool start_workers();
  void serve(std::size_t index, std::latch& ready);
  std::size_t connections_max() const {
    return static_cast<std::size_t>(options_.routes->main.get<EventsSettings>().worker_connections->count);
  }
  std::size_t hot_files_max() const;
  bool worker_accepts(const OpenListener& listener, std::size_t index) const;
  void pin(std::size_t index);
  void accept_all();
  void on_signals(Completion completion);
  void take_signal(int signal_number);
  void tell_workers(WorkerMessage message);
  void on_told(Completion) {}
  void on_shutdown_timeout() { tell_workers(WorkerMessage::stop_now); }
  bool workers_ended() const;
  void join();

  const WorkerProcessOptions& options_;
  const CoreMainSettings& core_;
  Ring& ring_;
  Timers timers_;
  std::vector<WorkerThread> threads_;
  std::vector<Worker*> workers_;
  std::string hostname_;
  Helpers helpers_;
  std::unique_ptr<Acceptor> acceptor_;
  bool stopping_ = false;
  bool workers_told_ = false;
  WorkerMessage how_to_stop_ = WorkerMessage::stop_gracefully;
  std::vector<std::unique_ptr<Operation>> told_;
  Operation signals_{this, Operation::calls<&WorkerProcess::on_signals>};
  Timer shutdown_timeout_{this, Timer::calls<&WorkerProcess::on_shutdown_timeout>};
};

int WorkerProcess::run() {
  ring_.on_message(this, message_arrived);
  if (!start_workers()) return kCannotStart;
  acceptor_ = std::make_unique<Acceptor>(ring_, timers_, workers_, *options_.error_log);
  accept_all();
  ring_.poll(signals_, options_.signal_fd, POLLIN);
  ring_.run_once(Clock::duration::zero());
  if (options_.on_ready) options_.on_ready();
  const StaplingFetcher stapling(tls_contexts(*options_.routes), *options_.error_log);

  while (!workers_ended()) {
    // Before anything is waited for: the signal may have come with the first turn.
    if (stopping_ && !workers_told_ && acceptor_->done()) {
      workers_told_ = true;  // after the last connection was handed over
      tell_workers(how_to_stop_);
    }
    ring_.run_once(timers_.until_next(ring_.now(), kMainWaitMax));
    timers_.expire(ring_.now());
  }
  options_.error_log->write(LogLevel::notice, 0, "exiting");
  join();
  ring_.cancel(signals_);
  while (ring_.in_flight() != 0) ring_.run_once(std::chrono::seconds(1));
  return 0;
}

bool WorkerProcess::start_workers() {
  std::latch ready(static_cast<std::ptrdiff_t>(threads_.size()));
  for (std::size_t i = 0; i < threads_.size(); ++i) {
    threads_[i].thread = std::thread([this, i, &ready] { serve(i, ready); });
  }
  ready.wait();
  for (WorkerThread& thread : threads_) {
    if (thread.published != nullptr) {
      workers_.push_back(thread.published);
    } else {
      options_.on_refused(thread.refusal);
    }
  }
  if (workers_.size() == threads_.size()) return true;
  tell_workers(WorkerMessage::stop_now);
  ring_.run_once(Clock::duration::zero());
  join();
  return false;
}

void WorkerProcess::serve(std::size_t index, std::latch& ready) {
  WorkerThread& self = threads_[index];
  pin(index);
  auto backend = make_kernel_backend({.probes_pages = true});
  if (!backend) {
    self.refusal = backend.error().message;
    ready.count_down();
    return;
  }
  self.counters = CounterBoard::shared().take();
  try {
    self.worker = std::make_unique<Worker>(
        std::move(*backend),
        WorkerOptions{.index = static_cast<unsigned>(index),
                      .connections_max = connections_max(),
                      .hot_files_max = hot_files_max(),
                      .routes = options_.routes,
                      .error_log = options_.error_log,
                      .host_info = {hostname_, getpid(), [] { return CounterBoard::shared().sum(); }, options_.error_log},
                      .counters = self.counters,
                      .helpers = &helpers_});
  } catch (const std::exception& error) {
    self.refusal = std::string("a worker cannot start: ") + error.what();
    ready.count_down();
    return;
  }
  for (const OpenListener& listener : options_.listeners) {
    if (worker_accepts(listener, index)) self.worker->listen_on(listener.fd, listener.listen_index);
  }
  self.published = self.worker.get();
  ready.count_down();
  self.worker->run();
  self.ended = true;
  // The main thread waits on its ring: a message makes it look.
  Operation wake(this, Operation::calls<&WorkerProcess::on_told>);
  self.worker->ring().message(wake, ring_.fd(), 0, 0);
  while (wake.pending()) self.worker->ring().run_once(std::chrono::seconds(1));
  self.may_leave.wait(false);
  self.worker.reset();
  if (self.counters != nullptr) CounterBoard::shared().give_back(*self.counters);
}

// Of a worker's share of the descriptors what its connections and a few other things leave; at least a few: when
// they run out the files are closed.
std::size_t WorkerProcess::hot_files_max() const {
  constexpr std::size_t kLeast = 16, kOtherDescriptors = 64;
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) < 0) return kLeast;
  const std::size_t taken = 2 * connections_max() + kOtherDescriptors;  // a socket, and the file it is sent
  const std::size_t share = limit.rlim_cur / threads_.size();
  return std::clamp(share > taken ? share - taken : 0, kLeast, HotFiles::kFilesMax);
}

// A worker accepts on the sockets that are its own; a single one on all: handing over would only switch threads twice.
bool WorkerProcess::worker_accepts(const OpenListener& listener, std::size_t index) const {
  return listener.reuseport ? listener.worker == index : threads_.size() == 1;
}

// worker_cpu_affinity: one mask a worker, the last one for all further ones; auto: a processor each.
void WorkerProcess::pin(std::size_t index) {
  const auto& masks = *core_.worker_cpu_affinity;
  cpu_set_t set;
  CPU_ZERO(&set);
  if (core_.worker_cpu_affinity.is_set() && !masks.empty()) {
    const std::vector<bool>& mask = masks[std::min(index, masks.size() - 1)];
    if (core_.worker_cpu_affinity_auto) {
      std::vector<std::size_t> allowed;
      for (std::size_t cpu = 0; cpu < mask.size(); ++cpu) {
        if (mask[cpu]) allowed.push_back(cpu);
      }
      if (allowed.empty()) return;
      CPU_SET(allowed[index % allowed.size()], &set);
    } else {
      for (std::size_t cpu = 0; cpu < mask.size(); ++cpu) {
        if (mask[cpu]) CPU_SET(cpu, &set);
      }
    }
  } else {
    return;
  }
  if (pthread_setaffinity_np(pthread_self(), sizeof(set), &set) != 0) {
    options_.error_log->write(LogLevel::alert, 0, "sched_setaffinity() failed", errno);
  }
}

void WorkerProcess::accept_all() {
  for (const OpenListener& listener : options_.listeners) {
    if (!listener.reuseport && threads_.size() > 1) acceptor_->listen_on(listener.fd, listener.listen_index);
  }
}

void WorkerProcess::on_signals(Completion completion) {
  if (completion.result == -ECANCELED) return;
  signalfd_siginfo info{};
  while (read(options_.signal_fd, &info, sizeof(info)) == static_cast<ssize_t>(sizeof(info))) {
    take_signal(static_cast<int>(info.ssi_signo));
  }
  ring_.poll(signals_, options_.signal_fd, POLLIN);
}

void WorkerProcess::take_signal(int signal_number) {
  switch (signal_number) {
    case SIGTERM:
    case SIGINT:
      if (workers_told_) tell_workers(WorkerMessage::stop_now);
      how_to_stop_ = WorkerMessage::stop_now;
      stopping_ = true;
      acceptor_->stop();
      break;
    case SIGQUIT:
    case SIGWINCH:
      if (stopping_) break;
      options_.error_log->write(LogLevel::notice, 0, "gracefully shutting down");
      if (options_.on_draining) options_.on_draining();
      stopping_ = true;
      acceptor_->stop();
      if (core_.worker_shutdown_timeout->count > 0) {
        timers_.arm(shutdown_timeout_, ring_.now(), std::chrono::milliseconds(core_.worker_shutdown_timeout->count));
      }
      break;
    case SIGUSR1:
      options_.error_log->write(LogLevel::notice, 0, "reopening logs");
      tell_workers(WorkerMessage::flush_logs);
      if (options_.reopen_logs) options_.reopen_logs();
      break;
    default:
      break;
  }
}

void WorkerProcess::tell_workers(WorkerMessage message) {
  for (std::size_t i = 0; i < workers_.size(); ++i) {
    if (threads_[i].ended) continue;
    told_.push_back(std::make_unique<Operation>(this, Operation::calls<&WorkerProcess::on_told>));
    ring_.message(*told_.back(), workers_[i]->ring_fd(), static_cast<std::uint32_t>(message), 0);
  }
}

bool WorkerProcess::workers_ended() const {
  return std::ranges::all_of(threads_, [](const WorkerThread& thread) { return thread.ended.load(); });
}

void WorkerProcess::join() {
  for (WorkerThread& thread : threads_) {
    thread.may_leave = true;
    thread.may_leave.notify_one();
    if (thread.thread.joinable()) thread.thread.join();
  }
}

}  // namespace

int run_worker_process(const WorkerProcessOptions& options) {
  mallopt(M_TRIM_THRESHOLD, kKeptHeapBytesMax);
  mallopt(M_MMAP_THRESHOLD, kMappedBytesMin);
  auto backend = make_kernel_backend({.entries = kMainRingEntries});
  if (!backend) {
    options.on_refused(backend.error().message);
    return kCannotStart;
  }
  Ring ring(std::move(*backend));
  std::optional<WorkerProcess> process;
  try {
    process.emplace(options, ring);
  } catch (const std::system_error& error) {
    options.on_refused(std::string("helper threads cannot start: ") + error.what());
    return kCannotStart;
  }
  return process->run();
}

}  // namespace uringx
