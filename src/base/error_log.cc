#include "base/error_log.h"

#include <spdlog/details/log_msg.h>
#include <spdlog/pattern_formatter.h>
#include <string.h>  // strerrordesc_np
#include <unistd.h>

#include <algorithm>
#include <memory>

namespace uringx {
namespace {

constexpr std::string_view kLevelNames[] = {"stderr", "emerg", "alert", "crit", "error", "warn", "notice", "info", "debug"};

// spdlog prints the time (it keeps the broken-down local time of the second) and the shape of the line. Its levels are
// fewer than nginx's, so ours goes through a flag of our own, and the filter is ErrorLog's.
class LevelFlag final : public spdlog::custom_flag_formatter {
 public:
  explicit LevelFlag(const LogLevel& level) : level_(level) {}
  void format(const spdlog::details::log_msg&, const std::tm&, spdlog::memory_buf_t& out) override {
    const std::string_view name = log_level_name(level_);
    out.append(name.data(), name.data() + name.size());
  }
  std::unique_ptr<custom_flag_formatter> clone() const override { return std::make_unique<LevelFlag>(level_); }

 private:
  const LogLevel& level_;
};

// One for each thread, because spdlog's formatter caches the time without a lock.
class LinePrinter {
 public:
  LinePrinter() : formatter_(spdlog::pattern_time_type::local, "") {
    formatter_.add_flag<LevelFlag>('*', level_).set_pattern("%Y/%m/%d %H:%M:%S [%*] ");
  }

  // The line up to the message.
  void print_head(LogLevel level, std::uint64_t connection, spdlog::memory_buf_t& line) {
    level_ = level;
    formatter_.format(spdlog::details::log_msg(spdlog::string_view_t(), spdlog::level::info, spdlog::string_view_t()), line);
    // Not spdlog's %t: it remembers the thread's number, which is another one after fork().
    fmt::format_to(std::back_inserter(line), "{}#{}: ", getpid(), gettid());
    if (connection != 0) fmt::format_to(std::back_inserter(line), "*{} ", connection);
  }

 private:
  LogLevel level_ = LogLevel::info;
  spdlog::pattern_formatter formatter_;
};

void append_cut(spdlog::memory_buf_t& line, std::string_view text) {
  const std::size_t room = kErrorLineBytesMax - std::min(line.size(), kErrorLineBytesMax);
  line.append(text.data(), text.data() + std::min(text.size(), room));
}

// ngx_log_errno: a long message gives way to "..." so that the error itself is never cut.
void append_error(spdlog::memory_buf_t& line, int error_number) {
  constexpr std::size_t kErrorRoomBytes = 50;
  if (line.size() > kErrorLineBytesMax - kErrorRoomBytes) {
    line.resize(kErrorLineBytesMax - kErrorRoomBytes);
    append_cut(line, "...");
  }
  append_cut(line, fmt::format(" ({}: {})", error_number, error_text(error_number)));
}

}  // namespace

std::string_view log_level_name(LogLevel level) { return kLevelNames[static_cast<std::size_t>(level)]; }

std::optional<LogLevel> parse_log_level(std::string_view name) {
  const auto* const found = std::find(std::begin(kLevelNames) + 1, std::end(kLevelNames), name);
  if (found == std::end(kLevelNames)) return std::nullopt;
  return static_cast<LogLevel>(found - std::begin(kLevelNames));
}

std::string_view error_text(int error_number) {
  const char* const text = strerrordesc_np(error_number);
  return text == nullptr ? "Unknown error" : text;
}

bool ErrorLog::wants(LogLevel level) const {
  return std::any_of(targets_.begin(), targets_.end(), [level](const Target& target) { return level <= target.level; });
}

void ErrorLog::write(LogLevel level, std::uint64_t connection, std::string_view message, int error_number,
                     std::string_view context) const {
  if (!wants(level)) return;
  thread_local LinePrinter printer;
  spdlog::memory_buf_t line;
  printer.print_head(level, connection, line);
  append_cut(line, message);
  if (error_number != 0) append_error(line, error_number);
  append_cut(line, context);
  if (line.size() > kErrorLineBytesMax - 1) line.resize(kErrorLineBytesMax - 1);
  line.push_back('\n');
  for (const Target& target : targets_) {
    if (level <= target.level) append_line(*target.file, {line.data(), line.size()});
  }
}

}  // namespace uringx
