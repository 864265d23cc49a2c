// MemorySource is a ConfigSource whose files are in memory, for tests and fuzz targets: they touch no disk.
// Owned by the test that fills it, on its thread.
#pragma once

#include <fnmatch.h>

#include <cerrno>
#include <map>

#include "parser/config_source.h"

namespace uringx {

struct MemorySource final : ConfigSource {
  std::map<std::string, std::string> files;
  std::map<std::string, ReadFailure> failures;  // paths that exist but cannot be read

  std::expected<std::string, ReadFailure> read(const std::string& path, std::size_t bytes_max) override {
    if (const auto failure = failures.find(path); failure != failures.end())
      return std::unexpected(failure->second);
    const auto file = files.find(path);
    if (file == files.end())
      return std::unexpected(ReadFailure{.step = ReadFailure::Step::open, .error = ENOENT});
    if (file->second.size() > bytes_max) {
      return std::unexpected(ReadFailure{.step = ReadFailure::Step::too_large});
    }
    return file->second;
  }

  std::expected<std::vector<std::string>, int> glob(const std::string& pattern) override {
    std::vector<std::string> paths;
    for (const auto& [path, text] : files) {
      if (fnmatch(pattern.c_str(), path.c_str(), FNM_PATHNAME | FNM_PERIOD) == 0) paths.push_back(path);
    }
    return paths;
  }
};

}  // namespace uringx
