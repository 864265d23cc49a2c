// A binary upgrade: another uringx started beside this one, with the listening sockets handed over by number.
// Plain functions, called by the master on its only thread.
#pragma once

#include <sys/types.h>

#include <expected>
#include <span>
#include <string>

#include "process/cycle.h"
#include "process/process_log.h"

namespace uringx {

// Names the inherited sockets: "3;4;" (nginx's variable, so that either binary can follow the other).
inline constexpr const char* kSocketsVariable = "NGINX";

// Forks and executes arguments[0] with the sockets of `cycle`. Gives the new process's id; that the program
// cannot be executed shows as its end.
std::expected<pid_t, SystemError> start_new_binary(std::span<const std::string> arguments, const Cycle& cycle,
                                                   const ProcessLog& log);

}  // namespace uringx
