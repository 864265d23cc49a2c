// CompressedBodies keeps what files became when they were compressed as they were sent, so that a page that is asked for often
// is compressed once. Owned by a worker, used on its thread only.
//
// A body is known by the file's inode, size, and times of change, which every request has looked at anew: a changed file is
// another one. Times of change are only as fine as the kernel's tick, so that a file that changed a moment ago is not kept.
#pragma once

#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <tuple>

#include "server/opened_file.h"

namespace uringx {

struct CompressedBody {
  std::string bytes;
  std::uint64_t bytes_before = 0;  // of the file
};

class CompressedBodies {
 public:
  // What a worker keeps at most, and of what files.
  static constexpr std::size_t kBytesMax = 16 * 1024 * 1024;
  static constexpr std::int64_t kFileBytesMax = 1024 * 1024;
  static constexpr std::int64_t kAgeMsMin = 1000;
  // What keeping one costs besides its bytes.
  static constexpr std::size_t kEntryBytes = 256;

  struct Key {
    FileVersion file;
    std::uint32_t variant = 0;  // coding and level
    auto operator<=>(const Key&) const = default;
  };

  static Key key_of(const FileInfo& file, std::uint32_t variant);
  // The file has been as it is for so long that its next change will have another time. `now_ms`: since the epoch.
  static bool is_settled(const FileInfo& file, std::int64_t now_ms);

  // nullptr: not kept. The caller may hold it for as long as it likes.
  std::shared_ptr<const CompressedBody> find(const Key& key);
  // What was asked for longest ago makes room. Throws std::bad_alloc.
  void put(const Key& key, CompressedBody body);

  std::size_t bytes() const { return bytes_; }

 private:
  struct Entry {
    Key key;
    std::shared_ptr<const CompressedBody> body;
  };
  using Entries = std::list<Entry>;

  void drop_last();

  Entries entries_;  // the one asked for last first
  std::map<Key, Entries::iterator> by_key_;
  std::size_t bytes_ = 0;
};

}  // namespace uringx
