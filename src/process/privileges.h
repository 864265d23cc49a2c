// What a worker process gives up and what it takes before it serves: user and group, limits, priority,
// directory. Runs once on the worker process's main thread, before it has rings or other threads (setuid
// covers one thread only).
#pragma once

#include <sys/resource.h>
#include <sys/types.h>

#include <cstdint>
#include <expected>
#include <optional>
#include <string>

#include "modules/core_main.h"
#include "process/process_log.h"

namespace uringx {

struct Identity {
  std::string user;
  uid_t uid;
  gid_t gid;
};

// Who the workers run as: the `user` directive, or nobody. nullopt when the process is not root's: then
// nothing changes.
std::expected<std::optional<Identity>, SystemError> worker_identity(const CoreMainSettings& settings);

// The descriptors the process may have. worker_rlimit_nofile (or the soft limit as it is) counts for one
// worker, as in nginx; here all workers share one table, so it is multiplied. `may_raise` (root): the hard
// limit is moved as well.
rlimit descriptor_limit(const rlimit& current, std::int64_t per_worker, std::uint64_t worker_count,
                        bool may_raise);

// Warns when worker_connections are more than the descriptors a worker will have (ngx_event_module_init).
void check_descriptor_limit(const CoreMainSettings& settings, std::int64_t worker_connections,
                            const ProcessLog& log);

// In nginx's order: environment, priority, limits, group and user, core dumps, directory. An error means that
// the process must not go on; what nginx carries on without is logged to `log` as [alert].
std::expected<void, SystemError> enter_worker_process(const CoreMainSettings& settings,
                                                      const std::optional<Identity>& identity,
                                                      const ProcessLog& log);

}  // namespace uringx
