// log_format and access_log (ngx_http_log_module): which lines a request leaves, in which files.
// Settings are built with the configuration, const afterwards; lines are made on the request's worker's thread.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/syslog.h"
#include "modules/module.h"
#include "modules/variables.h"

namespace uringx {

struct LogFormat {
  std::string name;
  LogEscape escape = LogEscape::default_;
  Template line;  // without the newline
};

// buffer= and flush= belong to the file: every access_log of it shares them.
struct LogBuffer {
  std::uint64_t bytes = 0;    // 0: lines are written at the end of the loop turn
  std::int64_t flush_ms = 0;  // 0: only when the buffer is full
  int gzip_level = 0;         // 0: not compressed; else every bufferful is a gzip member

  bool operator==(const LogBuffer&) const = default;
};

// open_log_file_cache: how long files named by variables stay open.
struct LogFileCache {
  std::uint32_t number = 0;       // from 1: levels that inherit it share one cache
  std::uint64_t entries_max = 0;  // 0: off
  std::int64_t inactive_s = 10;
  std::int64_t valid_s = 60;
  std::int64_t uses_min = 1;
};

struct AccessLog {
  static constexpr std::uint32_t kNoFile = UINT32_MAX;

  std::uint32_t log_file = kNoFile;   // index into RouteTable::log_files, unless it is one of these:
  std::optional<Template> path;       // a name with variables: a full path, opened when a line is written
  std::shared_ptr<const SyslogPeer> syslog;
  const LogFormat* format = nullptr;  // owned by LogMain
  std::optional<Template> condition;  // if=: "" and "0" leave no line
  const LogBuffer* buffer = nullptr;  // owned by LogMain; of a named file
  const LogFileCache* cache = nullptr;  // the location's, for a name with variables; nullptr: off
};

// What http{} has once.
struct LogMain : Settings {
  static constexpr ModuleId kModule = ModuleId::log;

  std::vector<std::unique_ptr<LogFormat>> formats;
  std::map<std::uint32_t, std::unique_ptr<LogBuffer>> buffers;  // by log file
  std::uint32_t caches = 0;                                     // numbers of LogFileCache in use
};

struct LogSettings : Settings {
  static constexpr ModuleId kModule = ModuleId::log;

  struct Logs {
    bool off = false;  // whatever else this level names
    std::vector<AccessLog> list;
  };
  Setting<Logs> logs;  // where no level sets it: the compiled-in file in the combined format
  Setting<LogFileCache> file_cache;
};

extern const Module kLogModule;

// Takes finished lines; implemented by the server, which collects and writes them.
class AccessLogSink {
 public:
  virtual ~AccessLogSink() = default;
  // `line` ends in '\n' and is gone after the call. `path` is the file's name when `log` has one with variables, else
  // empty. (nginx writes to such a file only when the request's document root exists.)
  virtual void append(const AccessLog& log, std::string_view path, std::string_view line) = 0;
  // A datagram for log.syslog, sent at once: how many of its bytes went, or -1 (ngx_syslog_send).
  virtual ssize_t send(const AccessLog& log, std::string_view datagram) = 0;
};

// The lines of a finished request, in the order of its location's access_log directives.
void write_access_logs(Request& request, AccessLogSink& sink);

}  // namespace uringx
