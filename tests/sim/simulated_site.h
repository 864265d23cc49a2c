// SimulatedSite is a Worker that serves a configuration over a simulated kernel, and clients that check what
// they get. Made by a test and driven by it, step by step, on its thread.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/error_log.h"
#include "config/route_table.h"
#include "server/worker.h"
#include "simulated_backend.h"
#include "simulated_kernel.h"

namespace uringx {

struct SimulatedAnswer {
  int status = 0;
  std::string head;  // with its empty line
  std::string body;
};

// A request over HTTP/1.1; `fields` are whole lines.
std::string get(std::string_view path, std::string_view fields = {});

// Takes the next whole answer (to a GET) from the front of `bytes`; nullopt while it is not complete.
std::optional<SimulatedAnswer> take_answer(std::string& bytes);
// Whether `bytes` could be the beginning of an answer: what a connection that broke may have left.
bool may_begin_answer(std::string_view bytes);

class SimulatedSite {
 public:
  // `server_directives` go into the one server block. Logs are /log/access.log and /log/error.log.
  explicit SimulatedSite(std::uint64_t seed, std::string_view server_directives = {});
  ~SimulatedSite();
  SimulatedSite(const SimulatedSite&) = delete;
  SimulatedSite& operator=(const SimulatedSite&) = delete;

  SimulatedKernel& kernel() { return kernel_; }
  SimulatedBackend& backend() { return *backend_; }
  Worker& worker() { return *worker_; }

  SimulatedClient connect();
  void turn();
  // Turns until nothing happens by itself.
  void settle();
  // Lets timeouts pass: advances the clock in steps, with turns between.
  void let_pass(Clock::duration time);
  // Stops the worker as QUIT does and destroys it. What went wrong: connections that do not end, descriptors
  // or buffers that were not given back, misuse; empty when all is well.
  std::string shut_down();

  const std::string& access_log() const { return log("/log/access.log"); }
  const std::string& error_log() const { return log("/log/error.log"); }
  std::size_t access_log_lines() const;

 private:
  const std::string& log(const char* path) const;

  SimulatedKernel kernel_;
  std::shared_ptr<const RouteTable> routes_;
  SimulatedBackend* backend_ = nullptr;  // of the worker's ring
  std::unique_ptr<Worker> worker_;
};

}  // namespace uringx
