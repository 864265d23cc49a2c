// Settings of nginx's core module and of events{}: process-wide matters (ngx_core_module, ngx_events_module).
// One of each in RouteTable::main.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error_log.h"
#include "modules/access.h"
#include "modules/module.h"

namespace uringx {

// error_log PATH LEVEL, at any level of configuration.
struct ErrorLogTarget {
  static constexpr std::uint32_t kNoFile = UINT32_MAX;

  std::uint32_t log_file = kNoFile;  // index into RouteTable::log_files, unless it is one of these:
  LogLevel level = LogLevel::error;
  std::shared_ptr<const SyslogPeer> syslog{};
  std::shared_ptr<MemoryLog> memory{};
};

// A pool that thread_pool defines or aio uses. Kernel threads do what it does in nginx: only its name counts.
struct ThreadPool {
  std::string name;
  std::string first_place;  // FILE:LINE
  bool defined = false;
};

// The pool of `aio threads`, which needs no definition.
inline constexpr std::string_view kDefaultThreadPool = "default";

struct CoreMainSettings : Settings {
  static constexpr ModuleId kModule = ModuleId::core;

  Setting<bool> daemon{true};
  Setting<bool> master_process{true};
  Setting<std::string> pid{};                    // full path; empty: the compiled-in default
  Setting<std::pair<std::string, std::string>> user{};  // name, group (empty: the user's own)
  Setting<Number> worker_processes{Number{1}};   // 0: auto was resolved to the number of CPUs by the parser
  Setting<std::vector<std::vector<bool>>> worker_cpu_affinity{};
  bool worker_cpu_affinity_auto = false;
  Setting<Number> worker_rlimit_nofile{Number{-1}};
  Setting<Offset> worker_rlimit_core{};
  Setting<Number> worker_priority{Number{0}};
  Setting<std::string> working_directory{};
  Setting<Milliseconds> worker_shutdown_timeout{Milliseconds{0}};
  Setting<std::vector<ErrorLogTarget>> error_log{};
  std::vector<ThreadPool> thread_pools;          // in the order of their first mention
  std::vector<std::string> environment;          // env NAME[=VALUE]

  // The pool of that name, mentioned by the directive for the first time or again (ngx_thread_pool_add).
  ThreadPool& thread_pool(std::string_view name, const Directive& directive);
};

struct EventsSettings : Settings {
  static constexpr ModuleId kModule = ModuleId::events;

  Setting<Number> worker_connections{Number{512}};
  std::vector<AddressRange> debug_connections;  // their error lines are logged whatever their level
};

extern const Module kCoreMainModule;
extern const Module kEventsModule;

class BuildContext;

// The words of an error_log directive, added to `targets` (ngx_log_set_log).
Applied apply_error_log(BuildContext& context, const Directive& directive, std::vector<ErrorLogTarget>& targets);

}  // namespace uringx
