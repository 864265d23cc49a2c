#include "base/shared_zone.h"

#include <fmt/format.h>
#include <sys/mman.h>

#include <algorithm>
#include <cerrno>

#include "base/check.h"
#include "base/error_log.h"

namespace uringx {

class SharedMemory {
 public:
  SharedMemory(std::string name, const SharedZoneUse& use, std::string key, std::span<std::byte> bytes)
      : name_(std::move(name)), use_(&use), key_(std::move(key)), bytes_(bytes) {}
  ~SharedMemory() { munmap(bytes_.data(), bytes_.size()); }
  SharedMemory(const SharedMemory&) = delete;
  SharedMemory& operator=(const SharedMemory&) = delete;

  bool serves(std::string_view name, std::size_t bytes, const SharedZoneUse& use) const {
    return name_ == name && bytes_.size() == bytes && use_ == &use;
  }
  const std::string& key() const { return key_; }
  std::span<std::byte> bytes() const { return bytes_; }

 private:
  std::string name_;
  const SharedZoneUse* use_;
  std::string key_;
  std::span<std::byte> bytes_;
};

namespace {

// What configurations of this process have mapped; main thread only.
std::vector<std::weak_ptr<SharedMemory>>& mapped() {
  static std::vector<std::weak_ptr<SharedMemory>> all;
  return all;
}

std::shared_ptr<SharedMemory> find_mapped(const SharedZone& zone, const SharedZoneUse& use) {
  std::erase_if(mapped(), [](const std::weak_ptr<SharedMemory>& one) { return one.expired(); });
  for (auto one = mapped().rbegin(); one != mapped().rend(); ++one) {  // the newest first
    auto memory = one->lock();
    if (memory->serves(zone.name(), zone.bytes(), use)) return memory;
  }
  return nullptr;
}

}  // namespace

std::span<std::byte> SharedZone::memory() const {
  return memory_ == nullptr ? std::span<std::byte>() : memory_->bytes();
}

std::expected<std::shared_ptr<SharedZone>, std::string> SharedZones::declare(std::string_view name, std::size_t bytes,
                                                                             const SharedZoneUse& use) {
  const auto same_name = [&](const auto& zone) { return zone->name_ == name; };
  const auto known = std::ranges::find_if(zones_, same_name);
  if (known == zones_.end()) {
    return zones_.emplace_back(std::make_shared<SharedZone>(std::string(name), bytes, use));
  }
  SharedZone& zone = **known;
  if (zone.use_ != &use) {
    return std::unexpected(fmt::format("the shared memory zone \"{}\" is already declared for a different use", name));
  }
  if (zone.bytes_ == 0) zone.bytes_ = bytes;
  if (bytes != 0 && bytes != zone.bytes_) {
    return std::unexpected(
        fmt::format("the size {} of shared memory zone \"{}\" conflicts with already declared size {}", bytes, name,
                    zone.bytes_));
  }
  return *known;
}

std::expected<void, std::string> SharedZones::open() {
  for (const std::shared_ptr<SharedZone>& zone : zones_) {
    if (zone->memory_ != nullptr) continue;
    if (zone->bytes_ == 0) {
      return std::unexpected(fmt::format("zero size shared memory zone \"{}\"", zone->name_));
    }
    zone->memory_ = find_mapped(*zone, *zone->use_);
    if (zone->memory_ != nullptr && zone->memory_->key() != zone->key_) {
      return std::unexpected(fmt::format("{} \"{}\" uses the \"{}\" key while previously it used the \"{}\" key",
                                         zone->use_->key_directive, zone->name_, zone->key_, zone->memory_->key()));
    }
    if (zone->memory_ != nullptr) continue;
    void* const start =
        mmap(nullptr, zone->bytes_, PROT_READ | PROT_WRITE, MAP_ANONYMOUS | MAP_SHARED, -1, 0);
    if (start == MAP_FAILED) {
      return std::unexpected(
          fmt::format("mmap(MAP_ANON|MAP_SHARED, {}) failed ({}: {})", zone->bytes_, errno, error_text(errno)));
    }
    const std::span memory(static_cast<std::byte*>(start), zone->bytes_);
    zone->memory_ = std::make_shared<SharedMemory>(zone->name_, *zone->use_, zone->key_, memory);
    zone->use_->format(memory);
    mapped().push_back(zone->memory_);
  }
  return {};
}

// A robust mutex: the kernel marks it when its owner dies.
void SharedLock::format() {
  pthread_mutexattr_t attributes;
  CHECK(pthread_mutexattr_init(&attributes) == 0);
  CHECK(pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED) == 0);
  CHECK(pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST) == 0);
  CHECK(pthread_mutex_init(&mutex_, &attributes) == 0);
  pthread_mutexattr_destroy(&attributes);
}

SharedLock::Taken SharedLock::try_take() {
  switch (pthread_mutex_trylock(&mutex_)) {
    case 0: return Taken::yes;
    case EOWNERDEAD: pthread_mutex_consistent(&mutex_); return Taken::from_the_dead;
    default: return Taken::no;
  }
}

void SharedLock::release() { pthread_mutex_unlock(&mutex_); }

}  // namespace uringx
