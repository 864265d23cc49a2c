#include "parser/config_source.h"

#include <fcntl.h>
#include <glob.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "base/owned_fd.h"

namespace uringx {

std::expected<std::string, ReadFailure> FileSystemSource::read(const std::string& path,
                                                               std::size_t bytes_max) {
  // O_NONBLOCK: opening a FIFO without a writer would hang the start; regular files do not care.
  const OwnedFd fd{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
  if (!fd) return std::unexpected(ReadFailure{.step = ReadFailure::Step::open, .error = errno});
  struct stat info {};
  if (fstat(fd.get(), &info) != 0) {
    return std::unexpected(ReadFailure{.step = ReadFailure::Step::open, .error = errno});
  }
  // Like nginx we believe the size: a file of size 0 (a device, most of /proc) is empty, a directory is read
  // and fails.
  const auto size = static_cast<std::size_t>(info.st_size);
  if (size > bytes_max) return std::unexpected(ReadFailure{.step = ReadFailure::Step::too_large});
  std::string text(size, '\0');
  std::size_t have = 0;
  while (have < size) {
    const ssize_t got = pread(fd.get(), text.data() + have, size - have, static_cast<off_t>(have));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return std::unexpected(ReadFailure{.step = ReadFailure::Step::read, .error = errno});
    if (got == 0) {
      return std::unexpected(
          ReadFailure{.step = ReadFailure::Step::short_read, .read_bytes = have, .asked_bytes = size});
    }
    have += static_cast<std::size_t>(got);
  }
  return text;
}

std::expected<std::vector<std::string>, int> FileSystemSource::glob(const std::string& pattern) {
  glob_t matches{};
  const int result = ::glob(pattern.c_str(), 0, nullptr, &matches);
  const int error = errno;
  std::vector<std::string> paths;
  if (result == 0) paths.assign(matches.gl_pathv, matches.gl_pathv + matches.gl_pathc);
  globfree(&matches);
  if (result != 0 && result != GLOB_NOMATCH) return std::unexpected(error);
  return paths;
}

}  // namespace uringx
