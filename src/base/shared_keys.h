// SharedKeys keeps a small entry for each key that was seen, in a SharedZone: what limit_req and limit_conn count by. Found in
// O(1) however many there are. Made with the configuration; its functions are called from any worker's thread and never wait.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "base/shared_zone.h"

namespace uringx {

class KeyShard;

class SharedKeys {
 public:
  static constexpr std::size_t kZoneBytesMin = 8 * 4096;  // eight pages, as nginx wants
  static constexpr std::size_t kKeyBytesMax = UINT16_MAX;

  // What is known of a key: 64 bytes of the zone with the first bytes of the key, longer keys take more.
  struct Entry {
    std::uint64_t excess;    // a new entry begins with zeros
    std::int64_t last_ms;
    std::uint32_t holders;

   private:
    friend class KeyShard;
    static constexpr std::size_t kKeyBytesHere = 20;
    std::uint16_t key_bytes_;
    std::uint16_t padding_;
    std::uint32_t hash_;
    std::uint32_t next_;   // units: with the same bucket ...
    std::uint32_t newer_;  // ... in the order of their last use ...
    std::uint32_t older_;
    std::uint32_t rest_;   // ... and with the key's further bytes
    char key_[kKeyBytesHere];
  };

  struct Key {
    std::string_view text;  // at most kKeyBytesMax
    std::uint64_t hash = 0;
  };

  // Finds an entry again, as long as it is held.
  struct Place {
    std::size_t shard = 0;
    std::uint32_t unit = 0;
    std::uint32_t generation = 0;
  };

  // The part of the zone that some keys belong to, locked as long as this lives. Entries are valid that long.
  class Part {
   public:
    Part() = default;
    Part(Part&& other) noexcept : shard_(std::exchange(other.shard_, nullptr)), number_(other.number_) {}
    Part& operator=(Part&& other) noexcept;
    ~Part();
    explicit operator bool() const { return shard_ != nullptr; }

    Entry* find(const Key& key);    // nullptr: there is none
    Entry* insert(const Key& key);  // of a key that has none; nullptr: no room. It is the one used last
    void touch(Entry& entry);       // it is used now
    Entry* oldest();                // the one whose last use is longest ago; nullptr: there are none
    void remove(Entry& entry);

    Place place(const Entry& entry) const;
    Entry* at(const Place& place);  // nullptr: forgotten since (a process died in the middle of a change)

   private:
    friend class SharedKeys;
    Part(KeyShard* shard, std::size_t number) : shard_(shard), number_(number) {}
    KeyShard* shard_ = nullptr;
    std::size_t number_ = 0;
  };

  explicit SharedKeys(std::shared_ptr<SharedZone> zone) : zone_(std::move(zone)) {}

  const std::string& name() const { return zone_->name(); }
  Key key(std::string_view text) const;
  // Empty when others are in it for longer than one spins for: come back in a millisecond.
  Part lock(const Key& key) { return lock(shard_of(key)); }
  Part lock(const Place& place) { return lock(place.shard); }

  // A zone's memory made ready (SharedZoneUse).
  static void format(std::span<std::byte> memory);

 private:
  std::size_t shard_of(const Key& key) const;
  Part lock(std::size_t shard);

  std::shared_ptr<SharedZone> zone_;
};

}  // namespace uringx
