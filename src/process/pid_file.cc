#include "process/pid_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <charconv>

#include "base/owned_fd.h"

namespace uringx {
namespace {

SystemError failed_call(std::string_view call, const std::string& path) {
  return {fmt::format("{} \"{}\" failed", call, path), errno};
}

}  // namespace

std::expected<void, SystemError> write_pid_file(const std::string& path, pid_t pid) {
  const OwnedFd fd(open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
  if (!fd) return std::unexpected(failed_call("open()", path));
  const std::string text = fmt::format("{}\n", pid);
  // A pid file is read as soon as it exists: one write, so that no reader sees half a number.
  const ssize_t written = write(fd.get(), text.data(), text.size());
  if (written < 0) return std::unexpected(failed_call("pwrite()", path));
  if (static_cast<std::size_t>(written) != text.size()) {
    return std::unexpected(
        SystemError{fmt::format("pwrite() \"{}\" has written only {} of {}", path, written, text.size()), 0});
  }
  return {};
}

std::expected<void, SystemError> test_pid_file(const std::string& path) {
  const OwnedFd fd(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
  if (!fd) return std::unexpected(failed_call("open()", path));
  return {};
}

std::expected<void, SystemError> remove_pid_file(const std::string& path) {
  if (unlink(path.c_str()) < 0) return std::unexpected(failed_call("unlink()", path));
  return {};
}

std::expected<pid_t, SystemError> read_pid_file(const std::string& path) {
  const OwnedFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return std::unexpected(failed_call("open()", path));

  constexpr std::size_t kPidFileBytesMax = 22;  // NGX_INT64_LEN + 2
  char buffer[kPidFileBytesMax];
  const ssize_t size = read(fd.get(), buffer, sizeof buffer);
  if (size < 0) return std::unexpected(failed_call("pread()", path));

  std::string_view text(buffer, static_cast<std::size_t>(size));
  while (!text.empty() && (text.back() == '\r' || text.back() == '\n')) text.remove_suffix(1);
  pid_t pid = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), pid);
  const bool digits_only = text.find_first_not_of("0123456789") == std::string_view::npos;
  if (error != std::errc{} || pid <= 0 || end != text.data() + text.size() || !digits_only) {
    return std::unexpected(SystemError{fmt::format("invalid PID number \"{}\" in \"{}\"", text, path), 0});
  }
  return pid;
}

}  // namespace uringx
