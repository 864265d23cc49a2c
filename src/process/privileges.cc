#include "process/privileges.h"

#include <fmt/format.h>
#include <grp.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>

#include "process/environment.h"
#include "server/hot_files.h"

namespace uringx {
namespace {

constexpr const char* kDefaultUser = "nobody";

SystemError failed(std::string message) { return {std::move(message), errno}; }

// Debian calls nobody's group nogroup, others call it nobody: the one that /etc/passwd names is right
// everywhere.
std::expected<gid_t, SystemError> group_of(const passwd& user, const std::string& group) {
  if (group.empty() && user.pw_name == std::string_view(kDefaultUser)) return user.pw_gid;
  const std::string name = group.empty() ? user.pw_name : group;
  errno = 0;
  const struct group* entry = getgrnam(name.c_str());
  if (entry == nullptr) return std::unexpected(failed(fmt::format("getgrnam(\"{}\") failed", name)));
  return entry->gr_gid;
}

void set_priority(std::int64_t priority, const ProcessLog& log) {
  if (priority == 0) return;
  if (setpriority(PRIO_PROCESS, 0, static_cast<int>(priority)) < 0) {
    log.write(LogLevel::alert, failed(fmt::format("setpriority({}) failed", priority)));
  }
}

std::uint64_t worker_count_of(const CoreMainSettings& settings) {
  return static_cast<std::uint64_t>(std::max<std::int64_t>(1, settings.worker_processes->count));
}

void set_descriptor_limit(const CoreMainSettings& settings, const ProcessLog& log) {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) < 0) return;
  const std::int64_t per_worker = settings.worker_rlimit_nofile->count;
  const rlimit wanted = descriptor_limit(limit, per_worker, worker_count_of(settings), geteuid() == 0);
  if (per_worker < 0) {
    // Files kept open are to take none of the descriptors that connections have with nginx.
    const rlim_t for_files = std::min<rlim_t>(HotFiles::kFilesMax * worker_count_of(settings), wanted.rlim_max - wanted.rlim_cur);
    const rlimit more{wanted.rlim_cur + for_files, wanted.rlim_max};
    setrlimit(RLIMIT_NOFILE, &more);
    return;
  }
  // The product may be above fs.nr_open where one worker's share is not: then that has to do.
  const auto share = static_cast<rlim_t>(per_worker);
  const rlimit asked{share, share};
  const bool done = wanted.rlim_cur >= share && setrlimit(RLIMIT_NOFILE, &wanted) == 0;
  if (!done && setrlimit(RLIMIT_NOFILE, &asked) < 0) {
    log.write(LogLevel::alert, failed(fmt::format("setrlimit(RLIMIT_NOFILE, {}) failed", per_worker)));
  }
}

void set_core_limit(const CoreMainSettings& settings, const ProcessLog& log) {
  if (!settings.worker_rlimit_core.is_set()) return;
  const rlim_t bytes = settings.worker_rlimit_core->count;
  const rlimit limit{bytes, bytes};
  if (setrlimit(RLIMIT_CORE, &limit) < 0) {
    log.write(LogLevel::alert, failed(fmt::format("setrlimit(RLIMIT_CORE, {}) failed", bytes)));
  }
}

std::expected<void, SystemError> become(const Identity& identity, const ProcessLog& log) {
  if (setgid(identity.gid) < 0) {
    return std::unexpected(failed(fmt::format("setgid({}) failed", identity.gid)));
  }
  if (initgroups(identity.user.c_str(), identity.gid) < 0) {
    log.write(LogLevel::emerg, failed(fmt::format("initgroups({}, {}) failed", identity.user, identity.gid)));
  }
  if (setuid(identity.uid) < 0) {
    return std::unexpected(failed(fmt::format("setuid({}) failed", identity.uid)));
  }
  return {};
}

}  // namespace

std::expected<std::optional<Identity>, SystemError> worker_identity(const CoreMainSettings& settings) {
  if (geteuid() != 0) return std::nullopt;
  const auto& [user, group] = *settings.user;
  const std::string name = user.empty() ? kDefaultUser : user;
  errno = 0;
  const passwd* entry = getpwnam(name.c_str());
  if (entry == nullptr) return std::unexpected(failed(fmt::format("getpwnam(\"{}\") failed", name)));
  auto gid = group_of(*entry, group);
  if (!gid) return std::unexpected(std::move(gid.error()));
  return Identity{name, entry->pw_uid, *gid};
}

rlimit descriptor_limit(const rlimit& current, std::int64_t per_worker, std::uint64_t worker_count,
                        bool may_raise) {
  const rlim_t each = per_worker >= 0 ? static_cast<rlim_t>(per_worker) : current.rlim_cur;
  // Also keeps RLIM_INFINITY what it is.
  const bool overflows = each > RLIM_INFINITY / worker_count;
  const rlim_t wanted = overflows ? RLIM_INFINITY : each * worker_count;
  if (may_raise && per_worker >= 0) return {wanted, wanted};
  return {std::min(wanted, current.rlim_max), current.rlim_max};
}

void check_descriptor_limit(const CoreMainSettings& settings, std::int64_t worker_connections,
                            const ProcessLog& log) {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) < 0) return;
  const std::uint64_t worker_count = worker_count_of(settings);
  const rlimit planned =
      descriptor_limit(limit, settings.worker_rlimit_nofile->count, worker_count, geteuid() == 0);
  const rlim_t share = planned.rlim_cur / worker_count;
  if (static_cast<rlim_t>(worker_connections) <= share) return;
  log.write(LogLevel::warn, fmt::format("{} worker_connections exceed open file resource limit: {}",
                                        worker_connections, share));
}

std::expected<void, SystemError> enter_worker_process(const CoreMainSettings& settings,
                                                      const std::optional<Identity>& identity,
                                                      const ProcessLog& log) {
  replace_environment(environment_for_children(settings.environment));
  set_priority(settings.worker_priority->count, log);
  set_descriptor_limit(settings, log);
  set_core_limit(settings, log);
  if (identity) {
    if (auto done = become(*identity, log); !done) return done;
  }
  // setuid() switched core dumps off; worker_rlimit_core would be without effect.
  if (prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) < 0) {
    log.write(LogLevel::alert, failed("prctl(PR_SET_DUMPABLE) failed"));
  }

  const std::string& directory = *settings.working_directory;
  if (!directory.empty() && chdir(directory.c_str()) < 0) {
    return std::unexpected(failed(fmt::format("chdir(\"{}\") failed", directory)));
  }
  return {};
}

}  // namespace uringx
