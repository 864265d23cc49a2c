#include "modules/log.h"

#include <algorithm>

#include "base/paths.h"
#include "http/ascii.h"
#include "modules/build_context.h"
#include "modules/handler.h"
#include "modules/syslog_target.h"
#include "modules/value_parsers.h"

namespace uringx {
namespace {

constexpr std::string_view kCombined = "combined";
const std::string kCombinedFormat =
    "$remote_addr - $remote_user [$time_local] \"$request\" $status $body_bytes_sent \"$http_referer\" \"$http_user_agent\"";

Applied refuse(std::string message) { return std::unexpected(Refusal{std::move(message)}); }

// --- log_format -------------------------------------------------------------------------------------------------

constexpr std::string_view kEscapePrefix = "escape=";

std::optional<LogEscape> parse_escape(std::string_view name) {
  if (name == "default") return LogEscape::default_;
  if (name == "json") return LogEscape::json;
  if (name == "none") return LogEscape::none;
  return std::nullopt;
}

Applied apply_log_format(BuildContext& context, const Directive& directive, Settings& settings) {
  auto& formats = static_cast<LogMain&>(settings).formats;
  auto format = std::make_unique<LogFormat>();
  format->name = directive.words[1];
  const auto has_name = [&](const auto& known) { return known->name == format->name; };
  if (format->name == kCombined || std::any_of(formats.begin(), formats.end(), has_name)) {
    return refuse("duplicate \"log_format\" name \"" + format->name + "\"");
  }
  std::span<const std::string> words = std::span(directive.words).subspan(2);
  if (words.front().starts_with(kEscapePrefix)) {
    const std::string name = words.front().substr(kEscapePrefix.size());
    const auto escape = parse_escape(name);
    if (!escape) return refuse("unknown log format escaping \"" + name + "\"");
    format->escape = *escape;
    words = words.subspan(1);
  }
  auto line = Template::compile_log_format(words, context.variables());
  if (!line) return refuse(std::move(line.error()));
  format->line = std::move(*line);
  formats.push_back(std::move(format));
  return {};
}

// The built-in format, compiled when the first log asks for it.
const LogFormat& combined_format(BuildContext& context, LogMain& main) {
  for (const auto& format : main.formats) {
    if (format->name == kCombined) return *format;
  }
  auto format = std::make_unique<LogFormat>();
  format->name = kCombined;
  format->line = *Template::compile_log_format(std::span(&kCombinedFormat, 1), context.variables());
  // First, as nginx has it: names of formats are looked up without case.
  return **main.formats.insert(main.formats.begin(), std::move(format));
}

const LogFormat* find_format(BuildContext& context, LogMain& main, std::string_view name) {
  if (equal_ignore_case(name, kCombined)) return &combined_format(context, main);
  for (const auto& format : main.formats) {
    if (equal_ignore_case(format->name, name)) return format.get();
  }
  return nullptr;
}

// --- access_log -------------------------------------------------------------------------------------------------

// The words after the format's name.
struct LogOptions {
  std::uint64_t buffer_bytes = 0;
  std::int64_t flush_ms = 0;
  int gzip_level = 0;
  std::optional<Template> condition;
};

// Compressing needs a buffer, whether buffer= gives its size or not.
Applied parse_gzip(std::string_view word, LogOptions& options) {
  constexpr std::uint64_t kDefaultBufferBytes = 64 * 1024;
  constexpr std::string_view kWithLevel = "gzip=";
  if (options.buffer_bytes == 0) options.buffer_bytes = kDefaultBufferBytes;
  options.gzip_level = 1;  // Z_BEST_SPEED
  if (!word.starts_with(kWithLevel)) return {};
  const std::string_view text = word.substr(kWithLevel.size());
  const auto level = parse_number(text);
  if (!level || *level < 1 || *level > 9) return refuse("invalid compression level \"" + std::string(text) + "\"");
  options.gzip_level = static_cast<int>(*level);
  return {};
}

Applied parse_option(BuildContext& context, const std::string& word, LogOptions& options) {
  const std::string value = word.substr(std::min(word.find('='), word.size() - 1) + 1);
  if (word.starts_with("buffer=")) {
    const auto bytes = parse_size(value);
    if (!bytes || *bytes == 0) return refuse("invalid buffer size \"" + value + "\"");
    options.buffer_bytes = *bytes;
    return {};
  }
  if (word.starts_with("flush=")) {
    const auto flush = parse_milliseconds(value);
    if (!flush || *flush == 0) return refuse("invalid flush time \"" + value + "\"");
    options.flush_ms = *flush;
    return {};
  }
  if (word == "gzip" || word.starts_with("gzip=")) return parse_gzip(word, options);
  if (word.starts_with("if=")) {
    auto condition = context.compile_template(value);
    if (!condition) return std::unexpected(std::move(condition.error()));
    options.condition = std::move(*condition);
    return {};
  }
  return refuse("invalid parameter \"" + word + "\"");
}

// Where the lines go: a file of the configuration, or one named anew for each request.
Applied set_destination(BuildContext& context, const std::string& name, AccessLog& log) {
  if (name.starts_with(kSyslogPrefix)) {
    auto peer = parse_syslog_target(name);
    if (!peer) return std::unexpected(std::move(peer.error()));
    log.syslog = std::move(*peer);
    return {};
  }
  if (name.find('$') == std::string::npos) {
    log.log_file = context.log_file(name.empty() ? name : context.full_path(name));
    return {};
  }
  auto path = context.compile_template(context.full_path(name));
  if (!path) return std::unexpected(std::move(path.error()));
  log.path = std::move(*path);
  return {};
}

LogBuffer& buffer_of(LogMain& main, std::uint32_t log_file) {
  std::unique_ptr<LogBuffer>& buffer = main.buffers[log_file];
  if (buffer == nullptr) buffer = std::make_unique<LogBuffer>();
  return *buffer;
}

// nginx ends the words of a syslog target with NUL, in its memory and in this message.
std::string printed_name(std::string name, const AccessLog& log) {
  if (log.syslog != nullptr) std::ranges::replace(name, ',', '\0');
  return name;
}

Applied set_buffer(const std::string& name, const LogOptions& options, const AccessLog& log, LogBuffer* buffer) {
  if (options.buffer_bytes == 0) {
    if (options.flush_ms != 0) return refuse("no buffer is defined for access_log \"" + printed_name(name, log) + "\"");
    return {};
  }
  if (log.path) return refuse("buffered logs cannot have variables in name");
  if (log.syslog != nullptr) return refuse("logs to syslog cannot be buffered");
  const LogBuffer wanted{options.buffer_bytes, options.flush_ms, options.gzip_level};
  if (buffer->bytes != 0 && *buffer != wanted) {
    return refuse("access_log \"" + name + "\" already defined with conflicting parameters");
  }
  *buffer = wanted;
  return {};
}

Applied apply_access_log(BuildContext& context, const Directive& directive, Settings& settings) {
  const std::vector<std::string>& words = directive.words;
  LogSettings::Logs& logs = static_cast<LogSettings&>(settings).logs.amend();
  if (words[1] == "off") {
    logs.off = true;
    if (words.size() > 2) return refuse("invalid parameter \"" + words[2] + "\"");
    return {};
  }
  auto& main = context.main_settings().get<LogMain>();
  AccessLog log;
  if (Applied set = set_destination(context, words[1], log); !set) return set;
  const std::string format_name = words.size() > 2 ? words[2] : std::string(kCombined);
  log.format = find_format(context, main, format_name);
  if (log.format == nullptr) return refuse("unknown log format \"" + format_name + "\"");
  LogOptions options;
  for (std::size_t i = 3; i < words.size(); ++i) {
    if (Applied parsed = parse_option(context, words[i], options); !parsed) return parsed;
  }
  LogBuffer* const buffer = log.log_file == AccessLog::kNoFile ? nullptr : &buffer_of(main, log.log_file);
  if (Applied set = set_buffer(words[1], options, log, buffer); !set) return set;
  log.buffer = buffer;
  log.condition = std::move(options.condition);
  logs.list.push_back(std::move(log));
  return {};
}

// --- open_log_file_cache ----------------------------------------------------------------------------------------

// One word; false: it is no valid one.
bool parse_cache_word(std::string_view word, LogFileCache& cache, bool& off) {
  if (word == "off") return off = true;
  const std::size_t equals = std::min(word.find('='), word.size());
  const std::string_view name = word.substr(0, equals);
  const std::string_view value = word.substr(std::min(equals + 1, word.size()));
  if (name == "max" || name == "min_uses") {
    const auto number = parse_number(value);
    if (!number) return false;
    if (name == "max") cache.entries_max = static_cast<std::uint64_t>(*number);
    if (name == "min_uses") cache.uses_min = *number;
    return true;
  }
  if (name == "inactive" || name == "valid") {
    const auto seconds = parse_seconds(value);
    if (!seconds) return false;
    (name == "valid" ? cache.valid_s : cache.inactive_s) = *seconds;
    return true;
  }
  return false;
}

Applied apply_file_cache(BuildContext& context, const Directive& directive, Settings& settings) {
  auto& field = static_cast<LogSettings&>(settings).file_cache;
  if (field.is_set()) return std::unexpected(Refusal::directive("is duplicate"));
  LogFileCache cache;
  bool off = false;
  for (std::size_t i = 1; i < directive.words.size(); ++i) {
    if (!parse_cache_word(directive.words[i], cache, off)) {
      return refuse("invalid \"open_log_file_cache\" parameter \"" + directive.words[i] + "\"");
    }
  }
  if (!off && cache.entries_max == 0) return refuse("\"open_log_file_cache\" must have \"max\" parameter");
  if (off) cache.entries_max = 0;
  cache.number = ++context.main_settings().get<LogMain>().caches;
  field.set(cache);
  return {};
}

constexpr std::uint32_t kLogContexts = kHttpServerLocation | kLocationIf | kLimitExcept;

constexpr DirectiveRow kRows[] = {
    {"log_format", kHttp, kTwoOrMore, Level::main, apply_log_format},
    custom_row<&LogSettings::logs>("access_log", kLogContexts, kOneOrMore, apply_access_log),
    custom_row<&LogSettings::file_cache>("open_log_file_cache", kHttpServerLocation, kTake1234, apply_file_cache),
};

// A server without any access_log above or in it has the compiled-in one. Not http{} itself: nginx opens that file only
// when some server needs it.
Applied finish_location(BuildContext& context, Settings& settings, const Settings* parent) {
  LogSettings& log_settings = static_cast<LogSettings&>(settings);
  // Logs may be inherited where the cache is this level's own.
  for (AccessLog& log : log_settings.logs.edit().list) {
    log.cache = log_settings.file_cache->entries_max == 0 ? nullptr : &*log_settings.file_cache;
  }
  if (parent == nullptr || log_settings.logs.is_set() || !log_settings.logs->list.empty()) return {};
  auto& main = context.main_settings().get<LogMain>();
  AccessLog log;
  log.log_file = context.log_file(std::string(kAccessLogFile));
  log.format = &combined_format(context, main);
  log.buffer = &buffer_of(main, log.log_file);
  log_settings.logs = Setting<LogSettings::Logs>({false, {std::move(log)}});
  return {};
}

bool passes(Request& request, const std::optional<Template>& condition) {
  if (!condition) return true;
  const std::string_view value = condition->evaluate(request);
  return !value.empty() && value != "0";
}

void send_to_syslog(Request& request, const AccessLog& log, std::string& datagram, AccessLogSink& sink) {
  append_syslog_header(*log.syslog, log.syslog->severity, request.clock.msec / 1000, datagram);
  log.format->line.append_log(request, log.format->escape, datagram);
  const ssize_t sent = sink.send(log, datagram);
  if (sent < 0) {
    log_request(request, LogLevel::warn, "send() to syslog failed");
  } else if (static_cast<std::size_t>(sent) != datagram.size()) {
    log_request(request, LogLevel::warn, "send() to syslog has written only " + std::to_string(sent) + " of " +
                                             std::to_string(datagram.size()));
  }
}

}  // namespace

const Module kLogModule = {.id = ModuleId::log,
                           .name = "log",
                           .rows = kRows,
                           .make_main = make_settings<LogMain>,
                           .make_location = make_settings<LogSettings>,
                           .finish_location = finish_location};

void write_access_logs(Request& request, AccessLogSink& sink) {
  thread_local std::string line;  // keeps its capacity: a line costs no allocation
  const LogSettings::Logs& logs = *request.settings<LogSettings>().logs;
  if (logs.off) return;
  request.action = "logging request";
  for (const AccessLog& log : logs.list) {
    if (!passes(request, log.condition)) continue;
    line.clear();
    if (log.syslog != nullptr) {
      send_to_syslog(request, log, line, sink);
      continue;
    }
    log.format->line.append_log(request, log.format->escape, line);
    line += '\n';
    sink.append(log, log.path ? log.path->evaluate(request) : std::string_view(), line);
  }
}

}  // namespace uringx
