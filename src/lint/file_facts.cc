#include "lint/file_facts.h"

#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
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

std::string SystemFileFacts::outdated_copy(const std::string& folder, std::string_view suffix) const {
  constexpr int kNamesMax = 10'000;
  std::error_code error;
  std::filesystem::recursive_directory_iterator entry(folder, std::filesystem::directory_options::skip_permission_denied, error);
  for (int names = 0; !error && entry != std::filesystem::recursive_directory_iterator() && names < kNamesMax; ++names) {
    const std::string copy = entry->path();
    if (copy.ends_with(suffix)) {
      struct stat of_copy {}, of_source {};
      const std::string source = copy.substr(0, copy.size() - suffix.size());
      const bool both = stat(copy.c_str(), &of_copy) == 0 && stat(source.c_str(), &of_source) == 0 && S_ISREG(of_source.st_mode);
      if (both && of_copy.st_mtime < of_source.st_mtime) return copy;
    }
    entry.increment(error);
  }
  return {};
}

}  // namespace uringx
