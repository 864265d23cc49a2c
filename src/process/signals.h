// Signals as nginx names them, read through signalfd: master and worker process block them and read them when
// they like. Plain functions on the main thread.
#pragma once

#include <signal.h>

#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/owned_fd.h"
#include "process/command_line.h"
#include "process/process_log.h"

namespace uringx {

// What the master listens to, and the worker process (whose signalfd goes to run_worker_process()).
std::span<const int> master_signals();
std::span<const int> worker_signals();

// "SIGHUP"; as nginx prints it.
std::string signal_name(int signal);

// Blocks these signals and no others, and gives a descriptor to read them from. Others that mean something to
// the master only are ignored from here on, and SIGPIPE: a peer that went is seen where it is written to.
std::expected<OwnedFd, SystemError> open_signal_fd(std::span<const int> signals);

// The next signal of a non-blocking signalfd; nullopt when there is none.
struct ReceivedSignal {
  int number;
  pid_t sender;  // 0: the kernel
};
std::optional<ReceivedSignal> read_signal(int signal_fd);

// What a program expects to find: for a child that is about to exec.
void unblock_signals();

// The signal that -s sends.
int signal_of(Instruction instruction);

}  // namespace uringx
