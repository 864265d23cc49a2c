// ConfigSource is where the parser gets the bytes of configuration files and the matches of glob patterns.
// Owned by the caller of the parser, which uses it on the calling thread during one parse; tests use memory.
#pragma once

#include <cstddef>
#include <expected>
#include <string>
#include <vector>

namespace uringx {

// Why a file gave no text. nginx words and places the three differently (ngx_conf_parse, ngx_read_file).
struct ReadFailure {
  enum class Step { open, read, short_read, too_large };
  Step step = Step::open;
  int error = 0;                // errno, for open and read
  std::size_t read_bytes = 0;   // for short_read: what came
  std::size_t asked_bytes = 0;  // for short_read: what the file's size had promised
};

class ConfigSource {
 public:
  virtual ~ConfigSource() = default;

  // The whole file, if it is not longer than bytes_max. Never waits for a peer: a FIFO without a writer is an
  // empty file, as its size says.
  virtual std::expected<std::string, ReadFailure> read(const std::string& path, std::size_t bytes_max) = 0;

  // The sorted paths that match, none is no error; otherwise errno.
  virtual std::expected<std::vector<std::string>, int> glob(const std::string& pattern) = 0;
};

// The file system as this process sees it.
class FileSystemSource final : public ConfigSource {
 public:
  std::expected<std::string, ReadFailure> read(const std::string& path, std::size_t bytes_max) override;
  std::expected<std::vector<std::string>, int> glob(const std::string& pattern) override;
};

}  // namespace uringx
