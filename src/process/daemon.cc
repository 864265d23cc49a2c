#include "process/daemon.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>

namespace uringx {
namespace {

constexpr char kSucceeded = '+';

SystemError failed(const char* message) { return {message, errno}; }

[[noreturn]] void wait_for_report(int pipe) {
  char report = 0;
  ssize_t size = 0;
  do {
    size = read(pipe, &report, 1);
  } while (size < 0 && errno == EINTR);
  _exit(size == 1 && report == kSucceeded ? EXIT_SUCCESS : EXIT_FAILURE);
}

}  // namespace

void StartReport::succeeded() {
  if (!pipe_) return;
  // The foreground process may have been interrupted: then nobody reads.
  [[maybe_unused]] const ssize_t written = write(pipe_.get(), &kSucceeded, 1);
  pipe_.reset();
}

std::expected<StartReport, SystemError> daemonize() {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) < 0) return std::unexpected(failed("pipe() failed"));
  OwnedFd read_end(ends[0]);
  OwnedFd write_end(ends[1]);

  const pid_t pid = fork();
  if (pid < 0) return std::unexpected(failed("fork() failed"));
  if (pid > 0) {
    write_end.reset();
    wait_for_report(read_end.get());
  }

  if (setsid() < 0) return std::unexpected(failed("setsid() failed"));
  umask(0);
  const OwnedFd null(open("/dev/null", O_RDWR | O_CLOEXEC));
  if (!null) return std::unexpected(failed("open(\"/dev/null\") failed"));
  if (dup2(null.get(), STDIN_FILENO) < 0) return std::unexpected(failed("dup2(STDIN) failed"));
  if (dup2(null.get(), STDOUT_FILENO) < 0) return std::unexpected(failed("dup2(STDOUT) failed"));
  return StartReport(std::move(write_end));
}

}  // namespace uringx
