#include "process/new_binary.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <vector>

#include "process/environment.h"
#include "process/signals.h"

namespace uringx {
namespace {

std::vector<char*> pointers_to(std::vector<std::string>& words) {
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  return pointers;
}

}  // namespace

std::expected<pid_t, SystemError> start_new_binary(std::span<const std::string> arguments, const Cycle& cycle,
                                                   const ProcessLog& log) {
  std::vector<std::string> words(arguments.begin(), arguments.end());
  std::vector<std::string> variables = environment_for_children(cycle.core().environment);
  variables.push_back(fmt::format("{}={}", kSocketsVariable, cycle.listeners().environment_value()));
  const std::vector<char*> argument_pointers = pointers_to(words);
  const std::vector<char*> variable_pointers = pointers_to(variables);

  const pid_t pid = fork();
  if (pid < 0) {
    return std::unexpected(SystemError{"fork() failed while spawning \"new binary process\"", errno});
  }
  if (pid > 0) {
    log.write(LogLevel::notice, fmt::format("start new binary process {}", pid));
    return pid;
  }
  for (const int socket : cycle.listeners().descriptors()) fcntl(socket, F_SETFD, 0);
  unblock_signals();
  // By PATH when it was started so: nginx needs a path here.
  execvpe(words.front().c_str(), argument_pointers.data(), variable_pointers.data());
  log.write(LogLevel::alert,
            fmt::format("execve() failed while executing new binary process \"{}\"", words.front()), errno);
  _exit(1);
}

}  // namespace uringx
