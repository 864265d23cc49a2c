#include "process/run.h"

#include <fmt/format.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "base/version.h"
#include "config/directive_table.h"
#include "config/variable_list.h"
#include "lint/lint.h"
#include "process/command_line.h"
#include "process/cycle.h"
#include "process/lint_report.h"
#include "process/master.h"
#include "process/new_binary.h"
#include "process/pid_file.h"
#include "process/process_title.h"
#include "process/signals.h"
#include "process/version_text.h"
#include "process/worker.h"
#include "server/worker_counters.h"

namespace uringx {
namespace {

void print(std::FILE* stream, std::string_view text) { std::fwrite(text.data(), 1, text.size(), stream); }

void print_version(const CommandLine& line) {
  print(stderr, version_line());
  if (line.show_help) print(stderr, usage_text());
  if (line.show_configure) print(stderr, configure_text());
}

// The parts of the documentation that are made from the code; false when none was asked for.
bool print_tables(const CommandLine& line) {
  if (line.print_directives) print(stdout, directives_markdown());
  if (line.print_variables) print(stdout, variables_markdown());
  if (line.print_lint_rules) print(stdout, lint_rules_markdown());
  return line.print_directives || line.print_variables || line.print_lint_rules;
}

// -T: each file once, byte for byte.
void dump_files(const RouteTable& routes) {
  for (const ConfigFile& file : routes.files) {
    print(stdout, fmt::format("# configuration file {}:\n", file.path));
    print(stdout, file.text);
    print(stdout, "\n");
  }
}

// -t: everything a start does, short of serving, with nothing left behind but the log and pid files.
bool test_config(const CommandLine& line, const LoadOptions& load, ProcessLog& log,
                 std::shared_ptr<Cycle>& cycle) {
  const auto routes = load_routes(load, {.print_syntax_ok = !line.quiet}, log);
  if (routes == nullptr) return false;
  if (auto created = test_pid_file(pid_file_of(routes->main.get<CoreMainSettings>())); !created) {
    log.write(LogLevel::emerg, created.error());
    return false;
  }
  cycle = Cycle::create(routes, log);
  if (cycle == nullptr) return false;
  log.set_log(cycle->error_log(), cycle->logs_to_stderr());
  if (!cycle->open_listeners({}, OpenMode::test, log)) return false;
  check_descriptor_limit(cycle->core(), routes->main.get<EventsSettings>().worker_connections->count, log);
  return true;
}

int run_test(const CommandLine& line, const LoadOptions& load, ProcessLog& log) {
  std::shared_ptr<Cycle> cycle;
  const bool is_good = test_config(line, load, log, cycle);
  if (!is_good) {
    print_stderr(fmt::format("configuration file {} test failed", load.conf_file));
  } else if (!line.quiet) {
    print_stderr(fmt::format("configuration file {} test is successful", load.conf_file));
  }
  if (line.lint) {
    print_lint(load, is_good ? Verdict::accepted : Verdict::refused,
               line.quiet ? LintDetail::findings_only : LintDetail::with_summary);
  }
  if (is_good && line.dump) dump_files(*cycle->routes());
  return is_good ? EXIT_SUCCESS : EXIT_FAILURE;
}

// -s: the configuration says where the pid file is.
int send_signal(Instruction instruction, const LoadOptions& load, const ProcessLog& log) {
  const auto routes = load_routes(load, {}, log);
  if (routes == nullptr) return EXIT_FAILURE;
  log.write(LogLevel::notice, "signal process started");
  const auto pid = read_pid_file(pid_file_of(routes->main.get<CoreMainSettings>()));
  if (!pid) {
    log.write(LogLevel::error, pid.error());
    return EXIT_FAILURE;
  }
  const int signal = signal_of(instruction);
  if (kill(*pid, signal) == 0) return EXIT_SUCCESS;
  log.write(LogLevel::alert, fmt::format("kill({}, {}) failed", *pid, signal), errno);
  return EXIT_FAILURE;
}

void log_start(const Cycle& cycle, const ProcessLog& log) {
  log.write(LogLevel::notice, "using the \"io_uring\" event method");
  log.write(LogLevel::notice, kProductAndVersion);
  utsname system{};
  if (uname(&system) == 0) {
    log.write(LogLevel::notice, fmt::format("OS: {} {}", system.sysname, system.release));
  }
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    log.write(LogLevel::notice,
              fmt::format("getrlimit(RLIMIT_NOFILE): {}:{}", limit.rlim_cur, limit.rlim_max));
  }
  for (const std::string& notice : cycle.routes()->notices) log.write(LogLevel::notice, notice);
}

Listeners take_inherited_sockets(const ProcessLog& log) {
  const char* variable = std::getenv(kSocketsVariable);
  if (variable == nullptr) return {};
  const std::string value = variable;
  unsetenv(kSocketsVariable);
  return Listeners::inherited_from(value, log);
}

int serve(const LoadOptions& load, std::vector<std::string> arguments, BuiltinLog& builtin, ProcessLog& log) {
  const bool inherits = std::getenv(kSocketsVariable) != nullptr;
  pid_t parent = getppid();
  std::shared_ptr<Cycle> cycle;
  {
    const Listeners inherited = take_inherited_sockets(log);
    const auto routes = load_routes(load, {}, log);
    if (routes == nullptr) return EXIT_FAILURE;
    cycle = Cycle::create(routes, log);
    if (cycle == nullptr) return EXIT_FAILURE;
    log.set_log(cycle->error_log(), cycle->logs_to_stderr());
    builtin.close();
    if (!cycle->open_listeners(inherited, OpenMode::serve, log)) return EXIT_FAILURE;
    check_descriptor_limit(cycle->core(), routes->main.get<EventsSettings>().worker_connections->count, log);
  }
  log_start(*cycle, log);
  CounterBoard::shared();  // in this process's memory, for all that it forks

  StartReport report;
  const bool goes_to_background = *cycle->core().daemon && !inherits;
  if (goes_to_background) {
    parent = getpid();
    auto daemon = daemonize();
    if (!daemon) {
      log.write(LogLevel::emerg, daemon.error());
      return EXIT_FAILURE;
    }
    report = std::move(*daemon);
  }
  if (!*cycle->core().master_process) return run_single_process(*cycle, std::move(report), log);

  auto signal_fd = open_signal_fd(master_signals());
  if (!signal_fd) {
    log.write(LogLevel::emerg, signal_fd.error());
    return EXIT_FAILURE;
  }
  MasterOptions options{.load = load,
                        .arguments = std::move(arguments),
                        .daemonized = goes_to_background || inherits,
                        .parent = parent};
  return Master(std::move(options), std::move(cycle), std::move(*signal_fd), std::move(report), log).run();
}

}  // namespace

int run(int argc, char** argv) {
  std::vector<std::string> arguments(argv, argv + argc);
  const auto line =
      parse_command_line(std::span<const char* const>(argv, static_cast<std::size_t>(argc)).subspan(1));
  if (!line) {
    print_stderr(line.error());
    return EXIT_FAILURE;
  }
  if (print_tables(*line)) return EXIT_SUCCESS;
  if (line->show_version) {
    print_version(*line);
    if (!line->test) return EXIT_SUCCESS;
  }
  init_process_title(argv);

  const ProcessPaths paths = resolve_paths(*line);
  const LoadOptions load{.prefix = paths.prefix,
                         .conf_file = paths.conf_file,
                         .global_directives = line->global_directives,
                         .error_log_path = paths.error_log};
  BuiltinLog builtin(paths.error_log, line->test ? LogLevel::info : LogLevel::notice);
  ProcessLog log(builtin.log(), builtin.on_stderr());
  if (line->instruction != Instruction::none && !line->test) return send_signal(line->instruction, load, log);
  if (line->test) return run_test(*line, load, log);
  return serve(load, std::move(arguments), builtin, log);
}

}  // namespace uringx
