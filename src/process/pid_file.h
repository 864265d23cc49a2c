// The pid file: how tools find the master, and how they know that it serves. Written, moved and removed by
// the master; read by "-s". Plain functions on the main thread.
#pragma once

#include <sys/types.h>

#include <expected>
#include <string>

#include "process/process_log.h"

namespace uringx {

inline constexpr std::string_view kOldPidSuffix = ".oldbin";

// Writes "PID\n", replacing what was there (ngx_create_pidfile).
std::expected<void, SystemError> write_pid_file(const std::string& path, pid_t pid);

// What -t does with it: creates it when it is missing, leaves its content alone.
std::expected<void, SystemError> test_pid_file(const std::string& path);

std::expected<void, SystemError> remove_pid_file(const std::string& path);

// The number in the file. Errors as nginx words them: open() failed, invalid PID number.
std::expected<pid_t, SystemError> read_pid_file(const std::string& path);

}  // namespace uringx
