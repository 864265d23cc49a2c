// DirectoryReader lists directories for autoindex on a thread of its own: the kernel has no operation for it on a ring, and a
// directory of a hundred thousand entries (or on a slow disk) must not stop a worker.
// One for the worker process; workers ask it and are answered through their rings, no lock is shared.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/arena.h"
#include "modules/handler.h"
#include "ring/ring.h"

namespace uringx {

// One listing asked for; lives in its Exchange until answered. Between read() and the answer the reader's thread owns it.
class DirectoryReading {
 public:
  using Handler = void (*)(void* owner);
  DirectoryReading(void* owner, Handler handler) : owner_(owner), handler_(handler) {}

  template <auto Method>
  static void calls(void* owner) {
    invoke(Method, owner);
  }

  bool pending() const { return pending_; }
  int error_number() const { return error_number_; }  // errno of opendir(), 0: listed
  // "." , ".." and names beginning with a dot are left out, as nginx does. Symbolic links are followed.
  std::span<DirectoryEntry> copy_entries(Arena& arena) const;

 private:
  friend class DirectoryReader;
  struct Entry {
    std::string name;
    bool is_directory;
    bool is_file;
    std::int64_t size;
    std::time_t modified;
  };

  template <typename Owner>
  static void invoke(void (Owner::*method)(), void* owner) {
    (static_cast<Owner*>(owner)->*method)();
  }

  void* owner_;
  Handler handler_;
  bool pending_ = false;
  std::string path_;
  int answer_ring_fd_ = -1;
  int error_number_ = 0;
  std::vector<Entry> entries_;
};

// Tag bit of the message that carries an answer: the reading's address in the other 31 bits and the value.
inline constexpr std::uint32_t kDirectoryAnswer = std::uint32_t{1} << 31;

class DirectoryReader {
 public:
  DirectoryReader();
  ~DirectoryReader();
  DirectoryReader(const DirectoryReader&) = delete;
  DirectoryReader& operator=(const DirectoryReader&) = delete;

  // Lists `path`; the reading's handler is called from the loop of `ring` when the message of the answer arrives there
  // (Worker::on_message hands it to answered()). False, with error_number() EAGAIN, when too many wait already.
  bool read(DirectoryReading& reading, std::string_view path, Ring& ring);
  static void answered(DirectoryReading& reading);

 private:
  void run();
  static void list(DirectoryReading& reading);

  int request_pipe_[2] = {-1, -1};
  std::vector<std::thread> threads_;
};

}  // namespace uringx
