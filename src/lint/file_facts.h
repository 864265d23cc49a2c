// FileFacts tells the lint rules about the files that a configuration names. Owned by who runs the lint, used on the calling
// thread; tests answer from a table.
#pragma once

#include <string>
#include <string_view>

namespace uringx {

class FileFacts {
 public:
  virtual ~FileFacts() = default;

  virtual bool is_directory(const std::string& path) const = 0;
  // A regular file that any user of the machine can open: its own mode and that of every directory above it let others in.
  virtual bool is_readable_by_all(const std::string& path) const = 0;
  // Below that folder, a file NAME`suffix` that was last changed before the file NAME beside it; empty: none was found among
  // the first some thousand names.
  virtual std::string outdated_copy(const std::string& folder, std::string_view suffix) const = 0;
};

// The file system as this process sees it.
class SystemFileFacts final : public FileFacts {
 public:
  bool is_directory(const std::string& path) const override;
  bool is_readable_by_all(const std::string& path) const override;
  std::string outdated_copy(const std::string& folder, std::string_view suffix) const override;
};

}  // namespace uringx
