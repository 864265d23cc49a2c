#include "base/error_log.h"

#include <spdlog/details/log_msg.h>
#include <spdlog/pattern_formatter.h>
#include <string.h>  // strerrordesc_np
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

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

// connect() to a datagram's address fails for this machine's reasons only; of send() see ngx_connection_error.
void ErrorLog::write_syslog_failure(const SyslogSent& sent) const {
  constexpr std::string_view kFailed[] = {"socket() failed", "connect() failed", "send() failed"};
  constexpr int kOfTheNetwork[] = {ECONNRESET,   EPIPE,    ENOTCONN,     ETIMEDOUT,  ECONNREFUSED,
                                   ENETDOWN,     ENETUNREACH, EHOSTDOWN, EHOSTUNREACH};
  const bool network = sent.call == SyslogSent::Call::send &&
                       std::ranges::find(kOfTheNetwork, sent.error_number) != std::end(kOfTheNetwork);
  write(network ? LogLevel::error : LogLevel::alert, 0, kFailed[static_cast<std::size_t>(sent.call)], sent.error_number);
}

// The talkative ones first, as ngx_log_insert keeps them.
void ErrorLog::add(Target target) {
  const auto place = std::ranges::find_if(targets_, [&](const Target& other) { return other.level < target.level; });
  targets_.insert(place, std::move(target));
}

bool ErrorLog::wants(LogLevel level, bool debug_connection) const {
  if (debug_connection) return !targets_.empty();
  return std::any_of(targets_.begin(), targets_.end(), [level](const Target& target) { return level <= target.level; });
}

void ErrorLog::write(LogLevel level, std::uint64_t connection, std::string_view message, int error_number,
                     std::string_view context, bool debug_connection) const {
  if (!wants(level, debug_connection)) return;
  thread_local LinePrinter printer;
  spdlog::memory_buf_t line;
  printer.print_head(level, connection, line);
  append_cut(line, message);
  if (error_number != 0) append_error(line, error_number);
  append_cut(line, context);
  if (line.size() > kErrorLineBytesMax - 1) line.resize(kErrorLineBytesMax - 1);
  line.push_back('\n');
  const std::string_view text(line.data(), line.size());
  for (const Target& target : targets_) {
    if (level > target.level && !debug_connection) continue;
    if (target.file != nullptr) append_line(*target.file, text);
    if (target.syslog != nullptr) send(*target.syslog, level, text);
    if (target.memory != nullptr) target.memory->append(text);
  }
}

// ngx_syslog_writer: the whole line, its own time included, goes up to its newline or a NUL.
void ErrorLog::send(const SyslogPeer& peer, LogLevel level, std::string_view line) const {
  LineWriter* const writer = LineWriter::installed();
  SyslogSocket* own = writer == nullptr ? nullptr : writer->syslog_socket(peer);
  std::unique_lock<std::recursive_mutex> common;
  if (own == nullptr) {
    common = std::unique_lock(peer.common_mutex);
    own = &peer.common_socket;
  }
  if (own->busy) return;
  own->busy = true;
  std::string datagram;
  append_syslog_header(peer, static_cast<unsigned>(level) - 1, std::time(nullptr), datagram);
  line.remove_suffix(1);
  datagram += line.substr(0, line.find('\0'));
  const SyslogSent sent = own->send(peer, datagram);
  const ErrorLog* const main_log = writer == nullptr ? nullptr : writer->main_log();
  if (sent.error_number != 0) (main_log == nullptr ? *this : *main_log).write_syslog_failure(sent);
  own->busy = false;
}

}  // namespace uringx
