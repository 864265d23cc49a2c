// SharedZone is a piece of memory with a name that all workers see, those of the configuration before a reload too (nginx:
// ngx_shm_zone_t). Declared and mapped on the main thread while a configuration is read, before workers are forked; what
// lies in it is up to its user, and is reached from any thread of any worker process.
#pragma once

#include <pthread.h>

#include <cstddef>
#include <expected>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace uringx {

// What a zone is for: a constant for each kind, told apart by its address.
struct SharedZoneUse {
  // Makes memory that is all zero ready, once, before anybody else sees it.
  void (*format)(std::span<std::byte> memory);
  // The directive that says by which key a zone counts, where one does (its name in nginx's messages).
  std::string_view key_directive{};
};

class SharedMemory;

class SharedZone {
 public:
  SharedZone(std::string name, std::size_t bytes, const SharedZoneUse& use)
      : name_(std::move(name)), bytes_(bytes), use_(&use) {}

  const std::string& name() const { return name_; }
  std::size_t bytes() const { return bytes_; }
  // What it counts by, as written: while its memory is kept that stays.
  void set_key(std::string_view key) { key_ = key; }
  // Empty before SharedZones::open(). Begins at a page.
  std::span<std::byte> memory() const;

 private:
  friend class SharedZones;

  std::string name_;
  std::size_t bytes_;
  const SharedZoneUse* use_;
  std::string key_;
  std::shared_ptr<SharedMemory> memory_;
};

// The zones of one configuration. While a configuration before it is in force in this process, a zone of the same name, size
// and use takes over its memory, with all that is in it.
class SharedZones {
 public:
  // `bytes` 0: the size is said elsewhere. Errors are ngx_shared_memory_add's: `the size 2 of shared memory zone "x" conflicts
  // with already declared size 1`, `the shared memory zone "x" is already declared for a different use`.
  std::expected<std::shared_ptr<SharedZone>, std::string> declare(std::string_view name, std::size_t bytes,
                                                                  const SharedZoneUse& use);
  // Maps what was declared, once all of it is known. Errors: `zero size shared memory zone "x"`, `mmap(...) failed (12: ...)`,
  // `limit_req "x" uses the "$a" key while previously it used the "$b" key`.
  std::expected<void, std::string> open();

 private:
  std::vector<std::shared_ptr<SharedZone>> zones_;
};

// A lock in shared memory that nobody waits for. A thread that dies with it (its process was killed) leaves it to the next one,
// who is told, because what the lock guards may be half written.
class SharedLock {
 public:
  enum class Taken { no, yes, from_the_dead };

  // In memory that is all zero; once.
  void format();
  Taken try_take();
  void release();

 private:
  pthread_mutex_t mutex_;
};

}  // namespace uringx
