#include "process/cycle.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/paths.h"

namespace uringx {

std::shared_ptr<const RouteTable> load_routes(const LoadOptions& options, LoadReport report,
                                              const ProcessLog& log) {
  LoadedConfig loaded = load_config(options);
  const auto later = std::ranges::find_if(loaded.messages, &ConfigMessage::after_reading);
  const auto log_all = [&log](auto first, auto last) {
    for (; first != last; ++first) log.write(first->level, first->text);
  };

  log_all(loaded.messages.begin(), later);
  if (report.print_syntax_ok && (loaded.routes != nullptr || later != loaded.messages.end())) {
    print_stderr(fmt::format("the configuration file {} syntax is ok", options.conf_file));
  }
  log_all(later, loaded.messages.end());
  return loaded.routes;
}

std::string pid_file_of(const CoreMainSettings& settings) {
  const std::string& configured = *settings.pid;
  return configured.empty() ? std::string(kPidFile) : configured;
}

Cycle::Cycle(std::shared_ptr<const RouteTable> routes, std::unique_ptr<OpenLogFiles> log_files,
             std::optional<Identity> identity)
    : routes_(std::move(routes)), log_files_(std::move(log_files)), identity_(std::move(identity)) {
  for (const ErrorLog::Target& target : error_log().targets()) {
    if (target.file == nullptr) continue;
    if (first_error_file_ == nullptr) first_error_file_ = target.file;
    if (target.file->path.empty()) logs_to_stderr_ = true;
  }
}

std::shared_ptr<Cycle> Cycle::create(std::shared_ptr<const RouteTable> routes, const ProcessLog& log) {
  auto identity = worker_identity(routes->main.get<CoreMainSettings>());
  if (!identity) {
    log.write(LogLevel::emerg, identity.error());
    return nullptr;
  }
  auto log_files = OpenLogFiles::open(routes);
  if (!log_files) {
    log.write(LogLevel::emerg, log_files.error());
    return nullptr;
  }
  return std::shared_ptr<Cycle>(new Cycle(std::move(routes), std::move(*log_files), std::move(*identity)));
}

bool Cycle::open_listeners(const Listeners& previous, OpenMode mode, const ProcessLog& log) {
  const bool opened = listeners_.open(*routes_, previous, worker_count(), mode, log);
  if (!opened && mode == OpenMode::serve) listeners_.remove_unix_files(&previous, true, log);
  // -t only tries.
  if (!opened || mode == OpenMode::test) listeners_.close();
  return opened;
}

unsigned Cycle::worker_count() const {
  return static_cast<unsigned>(std::max<std::int64_t>(1, core().worker_processes->count));
}

void Cycle::redirect_stderr() {
  // One error log on stderr, wherever it is configured, keeps stderr as it is.
  const auto is_stderr = [](const std::unique_ptr<LogFile>& file) { return file->path.empty(); };
  if (first_error_file_ == nullptr || std::ranges::any_of(routes_->log_files, is_stderr)) return;
  log_files_->redirect_stderr_to(first_error_file_->index);
}

}  // namespace uringx
