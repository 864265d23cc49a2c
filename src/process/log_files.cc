#include "process/log_files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/owned_fd.h"

namespace uringx {
namespace {

constexpr mode_t kLogFileMode = 0644;
constexpr mode_t kSecretFileMode = 0600;

bool is_stderr(const LogFile& file) { return file.path.empty(); }

OwnedFd open_for_appending(const LogFile& file) {
  const mode_t mode = file.secret ? kSecretFileMode : kLogFileMode;
  return OwnedFd(open(file.path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, mode));
}

SystemError failed_call(std::string_view call, const std::string& path) {
  return {fmt::format("{} \"{}\" failed", call, path), errno};
}

// The worker process reopens the file as that user: it must be the owner, and able to read and write.
std::expected<void, SystemError> give_to(uid_t owner, int fd, const std::string& path) {
  struct stat info {};
  if (fstat(fd, &info) < 0) return std::unexpected(failed_call("stat()", path));
  if (info.st_uid != owner && fchown(fd, owner, static_cast<gid_t>(-1)) < 0) {
    return std::unexpected(SystemError{fmt::format("chown(\"{}\", {}) failed", path, owner), errno});
  }
  constexpr mode_t kNeeded = S_IRUSR | S_IWUSR;
  if ((info.st_mode & kNeeded) != kNeeded && fchmod(fd, (info.st_mode & 07777) | kNeeded) < 0) {
    return std::unexpected(SystemError{fmt::format("chmod() \"{}\" failed", path), errno});
  }
  return {};
}

std::expected<void, SystemError> reopen_file(LogFile& file, std::optional<uid_t> owner) {
  const OwnedFd fresh = open_for_appending(file);
  if (!fresh) return std::unexpected(failed_call("open()", file.path));
  if (owner) {
    if (auto given = give_to(*owner, fresh.get(), file.path); !given) return given;
  }
  if (dup3(fresh.get(), file.fd, O_CLOEXEC) < 0) return std::unexpected(failed_call("dup3()", file.path));
  return {};
}

}  // namespace

std::expected<std::unique_ptr<OpenLogFiles>, SystemError> OpenLogFiles::open(
    std::shared_ptr<const RouteTable> routes) {
  std::unique_ptr<OpenLogFiles> files(new OpenLogFiles(std::move(routes)));
  for (const std::unique_ptr<LogFile>& file : files->routes_->log_files) {
    if (is_stderr(*file)) {
      file->fd = STDERR_FILENO;
      continue;
    }
    file->fd = open_for_appending(*file).release();
    if (file->fd < 0) return std::unexpected(failed_call("open()", file->path));
  }
  return files;
}

OpenLogFiles::~OpenLogFiles() {
  for (const std::unique_ptr<LogFile>& file : routes_->log_files) {
    if (!is_stderr(*file) && file->fd >= 0) close(file->fd);
    file->fd = -1;
  }
}

void OpenLogFiles::reopen(const ProcessLog& log, std::optional<uid_t> owner) {
  for (const std::unique_ptr<LogFile>& file : routes_->log_files) {
    if (is_stderr(*file)) continue;
    if (auto done = reopen_file(*file, owner); !done) log.write(LogLevel::emerg, done.error());
  }
}

void OpenLogFiles::redirect_stderr_to(std::uint32_t log_file) {
  const LogFile& file = *routes_->log_files[log_file];
  if (!is_stderr(file)) dup2(file.fd, STDERR_FILENO);
}

}  // namespace uringx
