#include "lint/file_facts.h"

#include <sys/stat.h>

#include <cstdlib>
#include <memory>

namespace uringx {

bool SystemFileFacts::is_directory(const std::string& path) const {
  struct stat found {};
  return stat(path.c_str(), &found) == 0 && S_ISDIR(found.st_mode);
}

bool SystemFileFacts::is_readable_by_all(const std::string& path) const {
  // The real path: a link's own folders guard nothing.
  const std::unique_ptr<char, void (*)(void*)> real(realpath(path.c_str(), nullptr), std::free);
  if (real == nullptr) return false;
  std::string at = real.get();
  struct stat found {};
  if (stat(at.c_str(), &found) != 0 || !S_ISREG(found.st_mode) || (found.st_mode & S_IROTH) == 0) return false;
  for (std::size_t slash = at.rfind('/'); slash != std::string::npos; slash = at.rfind('/')) {
    at.resize(slash);
    if (stat(at.empty() ? "/" : at.c_str(), &found) != 0 || (found.st_mode & S_IXOTH) == 0) return false;
  }
  return true;
}

}  // namespace uringx
