#include "modules/core_main.h"

#include <fmt/format.h>
#include <grp.h>
#include <netdb.h>
#include <pwd.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "modules/access.h"
#include "modules/build_context.h"
#include "modules/syslog_target.h"

namespace uringx {
namespace {

using Core = CoreMainSettings;

Applied refuse(std::string message) { return std::unexpected(Refusal{std::move(message)}); }
Applied refuse_directive(std::string message) {
  return std::unexpected(Refusal::directive(std::move(message)));
}

// ------------------------------------------------------------------------------------------------- error_log

struct LevelWord {
  std::string_view word;
  LogLevel level;
};
// The debug_* words choose parts of nginx's debug log; here they all mean debug.
constexpr std::array<LevelWord, 15> kLevels{{
    {"emerg", LogLevel::emerg},       {"alert", LogLevel::alert},        {"crit", LogLevel::crit},
    {"error", LogLevel::error},       {"warn", LogLevel::warn},          {"notice", LogLevel::notice},
    {"info", LogLevel::info},         {"debug", LogLevel::debug},        {"debug_core", LogLevel::debug},
    {"debug_alloc", LogLevel::debug}, {"debug_mutex", LogLevel::debug},  {"debug_event", LogLevel::debug},
    {"debug_http", LogLevel::debug},  {"debug_mail", LogLevel::debug},   {"debug_stream", LogLevel::debug},
}};

std::expected<LogLevel, Refusal> log_level(const Directive& directive) {
  if (directive.words.size() == 2) return LogLevel::error;
  std::optional<LogLevel> chosen;
  bool parts_only = false;  // only these may follow each other
  for (std::size_t i = 2; i < directive.words.size(); ++i) {
    const std::string& word = directive.words[i];
    const auto known =
        std::find_if(kLevels.begin(), kLevels.end(), [&](const LevelWord& l) { return l.word == word; });
    if (known == kLevels.end())
      return std::unexpected(Refusal{fmt::format("invalid log level \"{}\"", word)});
    const bool part = known->word.starts_with("debug_");
    if (chosen && !(part && parts_only)) {
      return std::unexpected(
          Refusal{fmt::format("{} log level \"{}\"", part ? "invalid" : "duplicate", word)});
    }
    chosen = known->level;
    parts_only = part;
  }
  return *chosen;
}

constexpr std::string_view kMemoryPrefix = "memory:";

// ngx_log_set_log: room for the head and one line at least.
std::expected<std::shared_ptr<MemoryLog>, Refusal> memory_log(const Directive& directive) {
  constexpr std::size_t kHeadWords = sizeof("MEMLOG  :\n");
  constexpr std::size_t kNumberDigits = 20;
  const std::string text = directive.words[1].substr(kMemoryPrefix.size());
  const auto bytes = parse_size(text);
  const std::size_t needed = kHeadWords + directive.file->size() + 2 * kNumberDigits + kErrorLineBytesMax;
  if (!bytes || static_cast<std::size_t>(*bytes) < needed) {
    return std::unexpected(Refusal{fmt::format("invalid buffer size \"{}\"", text)});
  }
  const std::size_t size = static_cast<std::size_t>(*bytes);
  return std::make_shared<MemoryLog>(size, fmt::format("MEMLOG {} {}:{}", size, *directive.file, directive.line));
}

Applied apply_main_error_log(BuildContext& context, const Directive& directive, Settings& settings) {
  return apply_error_log(context, directive, static_cast<Core&>(settings).error_log.amend());
}

// -------------------------------------------------------------------------------------- processes and rights

// The errno of a getpwnam() that found nobody is 0, and nginx then prints no text for it.
std::string with_errno(std::string message, int error) {
  return error == 0 ? message : message + fmt::format(" ({}: {})", error, error_text(error));
}

Applied apply_user(BuildContext& context, const Directive& directive, Settings& settings) {
  auto& user = static_cast<Core&>(settings).user;
  if (user.is_set()) return refuse_directive("is duplicate");
  if (geteuid() != 0) {
    context.warn(
        "the \"user\" directive makes sense only if the master process runs with super-user privileges, "
        "ignored");
    return {};
  }
  const std::string& name = directive.words[1];
  const std::string& group = directive.words.size() == 2 ? name : directive.words[2];
  errno = 0;
  if (getpwnam(name.c_str()) == nullptr)
    return refuse(with_errno(fmt::format("getpwnam(\"{}\") failed", until_nul(name)), errno));
  errno = 0;
  if (getgrnam(group.c_str()) == nullptr) {
    return refuse(with_errno(fmt::format("getgrnam(\"{}\") failed", until_nul(group)), errno));
  }
  user.set({name, group});
  return {};
}

std::int64_t processors() { return std::max<std::int64_t>(1, sysconf(_SC_NPROCESSORS_ONLN)); }

Applied apply_worker_processes(BuildContext&, const Directive& directive, Settings& settings) {
  auto& field = static_cast<Core&>(settings).worker_processes;
  if (field.is_set()) return refuse_directive("is duplicate");
  if (directive.words[1] == "auto") {
    field.set(Number{processors()});
    return {};
  }
  const auto count = parse_number(directive.words[1]);
  if (!count) return refuse_directive("invalid value");
  field.set(Number{*count});
  return {};
}

Applied apply_worker_priority(BuildContext&, const Directive& directive, Settings& settings) {
  auto& field = static_cast<Core&>(settings).worker_priority;
  if (field.is_set()) return refuse_directive("is duplicate");
  std::string_view word = directive.words[1];
  const bool negative = word.starts_with('-');
  if (negative || word.starts_with('+')) word.remove_prefix(1);
  const auto number = parse_number(word);
  if (!number) return refuse_directive("invalid number");
  field.set(Number{negative ? -*number : *number});
  return {};
}

// A mask of 0s and 1s with blanks between them, the first processor last (ngx_get_cpu_affinity).
std::expected<std::vector<bool>, Refusal> parse_cpu_mask(const std::string& word) {
  if (word.size() > CPU_SETSIZE) {
    return std::unexpected(
        Refusal{fmt::format("\"worker_cpu_affinity\" supports up to {} CPUs only", int{CPU_SETSIZE})});
  }
  std::vector<bool> mask;
  for (auto at = word.rbegin(); at != word.rend(); ++at) {
    if (*at == ' ') continue;
    if (*at != '0' && *at != '1') {
      return std::unexpected(
          Refusal{fmt::format("invalid character \"{}\" in \"worker_cpu_affinity\"", *at)});
    }
    mask.push_back(*at == '1');
  }
  return mask;
}

Applied apply_worker_cpu_affinity(BuildContext&, const Directive& directive, Settings& settings) {
  auto& core = static_cast<Core&>(settings);
  if (core.worker_cpu_affinity.is_set()) return refuse_directive("is duplicate");
  std::size_t first = 1;
  if (directive.words[1] == "auto") {
    if (directive.words.size() > 3) {
      return refuse("invalid number of arguments in \"worker_cpu_affinity\" directive");
    }
    core.worker_cpu_affinity_auto = true;
    first = 2;
  }
  std::vector<std::vector<bool>> masks;
  for (std::size_t i = first; i < directive.words.size(); ++i) {
    auto mask = parse_cpu_mask(directive.words[i]);
    if (!mask) return std::unexpected(std::move(mask.error()));
    masks.push_back(std::move(*mask));
  }
  core.worker_cpu_affinity.set(std::move(masks));
  return {};
}

Applied apply_pid(BuildContext& context, const Directive& directive, Settings& settings) {
  auto& field = static_cast<Core&>(settings).pid;
  if (field.is_set()) return refuse_directive("is duplicate");
  // nginx takes an empty name for none.
  const std::string& path = directive.words[1];
  field.set(path.empty() ? std::string() : context.full_path(path));
  return {};
}

Applied apply_env(BuildContext&, const Directive& directive, Settings& settings) {
  static_cast<Core&>(settings).environment.push_back(directive.words[1]);
  return {};
}

// A word that is none of the two is no error in nginx.
Applied apply_thread_pool(BuildContext&, const Directive& directive, Settings& settings) {
  ThreadPool& pool = static_cast<Core&>(settings).thread_pool(directive.words[1], directive);
  if (pool.defined) return refuse(fmt::format("duplicate thread pool \"{}\"", pool.name));
  for (std::size_t i = 2; i < directive.words.size(); ++i) {
    const std::string_view word = directive.words[i];
    if (word.starts_with("threads=")) {
      if (parse_number(word.substr(8)).value_or(0) == 0) {
        return refuse(fmt::format("invalid threads value \"{}\"", word));
      }
      pool.defined = true;
    }
    if (word.starts_with("max_queue=") && !parse_number(word.substr(10))) {
      return refuse(fmt::format("invalid max_queue value \"{}\"", word));
    }
  }
  if (!pool.defined) return refuse("\"thread_pool\" must have \"threads\" parameter");
  return {};
}

// ----------------------------------------------------------------------------------------------- load_module

// nginx's own dynamic modules. None is loaded: a configuration that then uses one finds its directives not
// served.
constexpr std::array<std::string_view, 8> kOwnModules{
    "ngx_http_geoip_module.so",   "ngx_http_image_filter_module.so",
    "ngx_http_perl_module.so",    "ngx_http_xslt_filter_module.so",
    "ngx_mail_module.so",         "ngx_stream_module.so",
    "ngx_stream_geoip_module.so", "ngx_otel_module.so",
};

Applied apply_load_module(BuildContext& context, const Directive& directive, Settings& settings) {
  if (context.blocks_begun()) return refuse_directive("is specified too late");
  const std::string path = context.full_path(directive.words[1]);
  const std::string_view file = std::string_view(path).substr(path.rfind('/') + 1);
  if (std::find(kOwnModules.begin(), kOwnModules.end(), file) != kOwnModules.end()) {
    if (!settings.note_first(file)) {
      return refuse(fmt::format("module \"{}\" is already loaded", file.substr(0, file.size() - 3)));
    }
    return {};
  }
  if (access(path.c_str(), F_OK) != 0) {
    return refuse(fmt::format("dlopen() \"{0}\" failed ({0}: cannot open shared object file: {1})", path,
                              error_text(errno)));
  }
  return refuse(fmt::format("module \"{}\" is not one of nginx's own and cannot be loaded by uringx", path));
}

// ---------------------------------------------------------------------------------------------------- events

Applied apply_worker_connections(BuildContext&, const Directive& directive, Settings& settings) {
  auto& field = static_cast<EventsSettings&>(settings).worker_connections;
  if (field.is_set()) return refuse_directive("is duplicate");
  const auto count = parse_number(directive.words[1]);
  if (!count) return refuse(fmt::format("invalid number \"{}\"", directive.words[1]));
  field.set(Number{*count});
  return {};
}

// The method that packages of nginx for Linux know; io_uring takes its place.
Applied apply_use(BuildContext&, const Directive& directive, Settings& settings) {
  if (!settings.note_first("use")) return refuse_directive("is duplicate");
  const std::string& method = directive.words[1];
  if (method == "epoll") return {};
  return refuse(fmt::format("invalid event type \"{}\"", method));
}

// ngx_event_debug_connection; a host stands for all its addresses.
Applied apply_debug_connection(BuildContext& context, const Directive& directive, Settings& settings) {
  auto& ranges = static_cast<EventsSettings&>(settings).debug_connections;
  const std::string& client = directive.words[1];
  if (client == "unix:") {
    ranges.push_back({.family = AddressRange::Family::unix_socket});
    return {};
  }
  if (const auto parsed = parse_address_range(client)) {
    if (parsed->low_bits_meaningless)
      context.warn(fmt::format("low address bits of {} are meaningless", client));
    ranges.push_back(parsed->range);
    return {};
  }
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_ADDRCONFIG;
  addrinfo* found = nullptr;
  if (getaddrinfo(client.c_str(), nullptr, &hints, &found) != 0) {
    return refuse(fmt::format("host not found in debug_connection \"{}\"", client));
  }
  char text[NI_MAXHOST];
  for (const addrinfo* one = found; one != nullptr; one = one->ai_next) {
    if (getnameinfo(one->ai_addr, one->ai_addrlen, text, sizeof(text), nullptr, 0, NI_NUMERICHOST) != 0) continue;
    if (const auto parsed = parse_address_range(text)) ranges.push_back(parsed->range);
  }
  freeaddrinfo(found);
  return {};
}

enum class DebugPoints { stop, abort };
constexpr EnumWord<DebugPoints> kDebugPoints[] = {{"stop", DebugPoints::stop}, {"abort", DebugPoints::abort}};

constexpr DirectiveRow main_row(std::string_view name, std::uint32_t arity,
                                decltype(DirectiveRow::apply) apply, Standing standing = Standing::served) {
  return {name, kMain, arity, Level::main, apply, nullptr, standing};
}
constexpr DirectiveRow events_row(std::string_view name, std::uint32_t arity,
                                  decltype(DirectiveRow::apply) apply, Standing standing = Standing::served) {
  return {name, kEvents, arity, Level::main, apply, nullptr, standing};
}

constexpr DirectiveRow kMainRows[] = {
    value_row<&Core::daemon>("daemon", kMain, Level::main),
    value_row<&Core::master_process>("master_process", kMain, Level::main),
    main_row("pid", kTake1, apply_pid),
    main_row("user", kTake12, apply_user),
    main_row("worker_processes", kTake1, apply_worker_processes),
    main_row("worker_priority", kTake1, apply_worker_priority),
    main_row("worker_cpu_affinity", kOneOrMore, apply_worker_cpu_affinity),
    value_row<&Core::worker_rlimit_nofile>("worker_rlimit_nofile", kMain, Level::main),
    value_row<&Core::worker_rlimit_core>("worker_rlimit_core", kMain, Level::main),
    value_row<&Core::worker_shutdown_timeout>("worker_shutdown_timeout", kMain, Level::main),
    value_row<&Core::working_directory>("working_directory", kMain, Level::main),
    main_row("env", kTake1, apply_env),
    main_row("error_log", kOneOrMore, apply_main_error_log),
    main_row("load_module", kTake1, apply_load_module),
    checked_row<Milliseconds>("timer_resolution", kMain, Level::main),
    checked_row<std::string>("lock_file", kMain, Level::main),
    checked_enum_row<kDebugPoints>("debug_points", kMain, Level::main),
    main_row("thread_pool", kTake2 | kTake3, apply_thread_pool, Standing::no_meaning),
    checked_row<bool>("pcre_jit", kMain, Level::main),
};

constexpr DirectiveRow kEventsRows[] = {
    events_row("worker_connections", kTake1, apply_worker_connections),
    events_row("use", kTake1, apply_use, Standing::no_meaning),
    checked_row<bool>("multi_accept", kEvents, Level::main),
    checked_row<bool>("accept_mutex", kEvents, Level::main),
    checked_row<Milliseconds>("accept_mutex_delay", kEvents, Level::main),
    events_row("debug_connection", kTake1, apply_debug_connection),
    checked_row<Number>("epoll_events", kEvents, Level::main),
    checked_row<Number>("worker_aio_requests", kEvents, Level::main),
};

}  // namespace

const Module kCoreMainModule = {
    .id = ModuleId::core, .name = "core", .rows = kMainRows, .make_main = make_settings<CoreMainSettings>};
const Module kEventsModule = {.id = ModuleId::events,
                              .name = "events",
                              .rows = kEventsRows,
                              .make_main = make_settings<EventsSettings>};

ThreadPool& CoreMainSettings::thread_pool(std::string_view name, const Directive& directive) {
  const auto known = std::find_if(thread_pools.begin(), thread_pools.end(),
                                  [&](const ThreadPool& pool) { return pool.name == name; });
  if (known != thread_pools.end()) return *known;
  return thread_pools.emplace_back(
      ThreadPool{std::string(name), fmt::format("{}:{}", *directive.file, directive.line)});
}

Applied apply_error_log(BuildContext& context, const Directive& directive,
                        std::vector<ErrorLogTarget>& targets) {
  const std::string_view where = directive.words[1];
  ErrorLogTarget target;
  if (where.starts_with(kSyslogPrefix)) {
    auto peer = parse_syslog_target(where);
    if (!peer) return std::unexpected(std::move(peer.error()));
    target.syslog = std::move(*peer);
  } else if (where.starts_with(kMemoryPrefix)) {
    auto memory = memory_log(directive);
    if (!memory) return std::unexpected(std::move(memory.error()));
    target.memory = std::move(*memory);
  } else {
    // An empty name is stderr too (ngx_conf_open_file).
    const bool to_stderr = where.empty() || where == "stderr";
    target.log_file = context.log_file(to_stderr ? std::string() : context.full_path(where));
  }
  const auto level = log_level(directive);
  if (!level) return std::unexpected(level.error());
  target.level = *level;
  targets.push_back(std::move(target));
  return {};
}

}  // namespace uringx
