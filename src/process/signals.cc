#include "process/signals.h"

#include <fmt/format.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>

namespace uringx {
namespace {

constexpr int kMasterSignals[] = {SIGHUP, SIGUSR1, SIGWINCH, SIGTERM, SIGQUIT, SIGUSR2, SIGINT, SIGCHLD};
constexpr int kWorkerSignals[] = {SIGUSR1, SIGWINCH, SIGTERM, SIGQUIT, SIGINT};

sigset_t set_of(std::span<const int> signals) {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : signals) sigaddset(&set, signal);
  return set;
}

}  // namespace

std::span<const int> master_signals() { return kMasterSignals; }
std::span<const int> worker_signals() { return kWorkerSignals; }

std::string signal_name(int signal) {
  const char* name = sigabbrev_np(signal);
  return name == nullptr ? fmt::format("SIG{}", signal) : fmt::format("SIG{}", name);
}

std::expected<OwnedFd, SystemError> open_signal_fd(std::span<const int> signals) {
  signal(SIGPIPE, SIG_IGN);
  // A shell starts background jobs with SIGINT and SIGQUIT ignored, nohup does so with SIGHUP; and children
  // of a process that ignores SIGCHLD cannot be waited for. First those that stay unblocked, or a late one
  // would end the process.
  for (const int known : kMasterSignals) {
    const bool wanted = std::ranges::find(signals, known) != signals.end();
    signal(known, wanted || known == SIGCHLD ? SIG_DFL : SIG_IGN);
  }
  const sigset_t set = set_of(signals);
  if (sigprocmask(SIG_SETMASK, &set, nullptr) < 0) {
    return std::unexpected(SystemError{"sigprocmask() failed", errno});
  }
  OwnedFd fd(signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!fd) return std::unexpected(SystemError{"signalfd() failed", errno});
  return fd;
}

std::optional<ReceivedSignal> read_signal(int signal_fd) {
  signalfd_siginfo info;
  if (read(signal_fd, &info, sizeof info) != static_cast<ssize_t>(sizeof info)) return std::nullopt;
  return ReceivedSignal{static_cast<int>(info.ssi_signo), static_cast<pid_t>(info.ssi_pid)};
}

void unblock_signals() {
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
}

int signal_of(Instruction instruction) {
  switch (instruction) {
    case Instruction::stop:
      return SIGTERM;
    case Instruction::quit:
      return SIGQUIT;
    case Instruction::reopen:
      return SIGUSR1;
    case Instruction::reload:
      return SIGHUP;
    case Instruction::none:
      break;
  }
  return 0;
}

}  // namespace uringx
