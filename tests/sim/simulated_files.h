// SimulatedFiles is a small file system in memory which knows what the kernel would have cached: names
// (dentries) and pages. Owned by a SimulatedKernel; tests change it while the server uses it.
#pragma once

#include <cstdint>
#include <expected>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

struct statx;

namespace uringx {

struct SimulatedInode {
  enum class Kind : std::uint8_t { file, directory, symlink };

  Kind kind = Kind::file;
  std::uint64_t number = 0;
  std::string content;  // of a symlink: where it points
  std::int64_t modified_s = 0;
  bool permitted = true;  // false: open is -EACCES, for a directory also what is below
  std::vector<bool> cached_pages;

  bool cached(std::uint64_t offset, std::size_t bytes) const;
  void cache(std::uint64_t offset, std::size_t bytes);
};

class SimulatedFiles {
 public:
  static constexpr std::size_t kPageBytes = 4096;

  SimulatedFiles();

  // --- what tests do; paths are absolute, missing parents are made, what was touched is cached ---
  void create_file(std::string_view path, std::string content);
  void make_directory(std::string_view path);
  void make_symlink(std::string_view path, std::string target);
  // In place, as an editor that writes the same file: who has it open sees it.
  void overwrite(std::string_view path, std::string content);
  void truncate(std::string_view path, std::size_t size);
  // A new file in the place of the old one (rename): who has the old one open keeps it.
  void replace(std::string_view path, std::string content);
  void remove(std::string_view path);
  void forbid(std::string_view path);
  // Names and pages are no longer in memory.
  void evict_all();
  const std::string& content(std::string_view path) const;

  // --- what the kernel does ---
  // The inode or -errno; follows a last symlink if `follow`. Caches the name, found or not.
  std::expected<std::shared_ptr<SimulatedInode>, int> look_up(std::string_view path, bool follow);
  bool name_cached(std::string_view path) const;
  void describe(const SimulatedInode& inode, struct statx& out) const;

 private:
  using Nodes = std::map<std::string, std::shared_ptr<SimulatedInode>, std::less<>>;

  std::expected<std::shared_ptr<SimulatedInode>, int> walk(std::string_view path, bool follow,
                                                           unsigned links) const;
  std::shared_ptr<SimulatedInode> make(std::string_view path, SimulatedInode::Kind kind, std::string content);
  SimulatedInode& existing(std::string_view path) const;

  Nodes nodes_;  // by normalised absolute path
  std::set<std::string, std::less<>> cached_names_;
  std::uint64_t next_number_ = 2;
  std::int64_t change_time_s_ = 1'700'000'000;  // one second later at every change
};

}  // namespace uringx
