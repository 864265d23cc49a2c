#include "base/shared_keys.h"

#include <sys/random.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <new>

#include "base/check.h"

namespace uringx {
namespace {

// A zone is a head and some shards, each with its lock, so that workers seldom meet. A shard is a table of buckets and units of
// 64 bytes; numbers of units stand for pointers, 0 for none. All of it begins as zeros and is touched only when it is used: a
// zone of a gigabyte costs nothing before.
constexpr std::size_t kHeadBytes = 64;
constexpr std::size_t kShardBytesMin = 256 * 1024;  // room for several of the longest keys
constexpr std::size_t kShardsMax = 64;
constexpr std::size_t kUnitBytes = 64;

// Some fifty microseconds: many times what one who holds the lock does with it, unless its thread was preempted.
constexpr int kSpins = 1000;

// Who does not know them cannot make keys that share a bucket.
struct ZoneHead {
  std::uint64_t seeds[2];
};

struct KeyRest {
  static constexpr std::size_t kBytes = kUnitBytes - sizeof(std::uint32_t);
  std::uint32_t next;
  char bytes[kBytes];
};
static_assert(sizeof(SharedKeys::Entry) == kUnitBytes && sizeof(KeyRest) == kUnitBytes);

std::uint64_t mix(std::uint64_t a, std::uint64_t b) {
  __extension__ using Wide = unsigned __int128;
  const Wide product = static_cast<Wide>(a) * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

std::uint64_t hash_of(std::string_view text, const ZoneHead& head) {
  std::uint64_t hash = head.seeds[0] ^ text.size();
  while (!text.empty()) {
    std::uint64_t word = 0;
    const std::size_t bytes = std::min(text.size(), sizeof(word));
    std::memcpy(&word, text.data(), bytes);
    hash = mix(hash ^ word, head.seeds[1]);
    text.remove_prefix(bytes);
  }
  return mix(hash, head.seeds[1]);
}

void pause_cpu() {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

}  // namespace

class KeyShard {
 public:
  static std::size_t shards_of(std::size_t zone_bytes) { return std::clamp<std::size_t>(zone_bytes / kShardBytesMin, 1, kShardsMax); }
  static std::size_t bytes_of(std::size_t zone_bytes) {
    return (zone_bytes - kHeadBytes) / shards_of(zone_bytes) / kUnitBytes * kUnitBytes;
  }
  static KeyShard& at(std::span<std::byte> zone, std::size_t number) {
    return *std::launder(reinterpret_cast<KeyShard*>(zone.data() + kHeadBytes + number * bytes_of(zone.size())));
  }

  static void format(std::span<std::byte> memory) {
    auto* const shard = new (memory.data()) KeyShard;
    shard->lock_.format();
    const std::size_t left = memory.size() - sizeof(KeyShard);
    shard->bucket_count_ = static_cast<std::uint32_t>(std::bit_floor(left / kUnitBytes));  // one or two units for each
    const std::size_t before = sizeof(KeyShard) + shard->bucket_count_ * sizeof(std::uint32_t);
    shard->units_at_ = (before + kUnitBytes - 1) / kUnitBytes * kUnitBytes;
    shard->unit_count_ = static_cast<std::uint32_t>((memory.size() - shard->units_at_) / kUnitBytes);
    shard->units_left_ = shard->unit_count_;
  }

  bool try_lock() {
    const SharedLock::Taken taken = lock_.try_take();
    if (taken == SharedLock::Taken::from_the_dead) forget_all();
    return taken != SharedLock::Taken::no;
  }
  void unlock() { lock_.release(); }

  SharedKeys::Entry* find(const SharedKeys::Key& key) {
    for (std::uint32_t number = bucket(key.hash); number != 0; number = entry(number).next_) {
      if (has_key(entry(number), key)) return &entry(number);
    }
    return nullptr;
  }

  SharedKeys::Entry* insert(const SharedKeys::Key& key) {
    const std::size_t further = key.text.size() - std::min(key.text.size(), SharedKeys::Entry::kKeyBytesHere);
    if (units_left_ < 1 + (further + KeyRest::kBytes - 1) / KeyRest::kBytes) return nullptr;
    const std::uint32_t number = take_unit();
    auto* const made = new (unit(number)) SharedKeys::Entry{};
    made->hash_ = stored_hash(key);
    made->key_bytes_ = static_cast<std::uint16_t>(key.text.size());
    const std::string_view rest = key.text.substr(key.text.copy(made->key_, SharedKeys::Entry::kKeyBytesHere));
    write_rest(made->rest_, rest);
    std::uint32_t& first = bucket(key.hash);
    made->next_ = first;
    first = number;
    link_newest(*made);
    return made;
  }

  void touch(SharedKeys::Entry& used) {
    unlink(used);
    link_newest(used);
  }

  SharedKeys::Entry* oldest() { return oldest_ == 0 ? nullptr : &entry(oldest_); }

  void remove(SharedKeys::Entry& removed) {
    unlink(removed);
    const std::uint32_t number = number_of(removed);
    std::uint32_t* link = &bucket_of_stored(removed.hash_);
    while (*link != number) link = &entry(*link).next_;
    *link = removed.next_;
    for (std::uint32_t rest = removed.rest_; rest != 0;) {
      const std::uint32_t next = key_rest(rest).next;
      give_back(rest);
      rest = next;
    }
    give_back(number);
  }

  std::uint32_t number_of(const SharedKeys::Entry& one) const {
    const auto* const at = reinterpret_cast<const std::byte*>(&one);
    return static_cast<std::uint32_t>((at - (start() + units_at_)) / static_cast<std::ptrdiff_t>(kUnitBytes)) + 1;
  }
  SharedKeys::Entry& entry(std::uint32_t number) { return *std::launder(reinterpret_cast<SharedKeys::Entry*>(unit(number))); }
  std::uint32_t generation() const { return generation_; }

 private:
  KeyShard() = default;

  const std::byte* start() const { return reinterpret_cast<const std::byte*>(this); }
  std::byte* start() { return reinterpret_cast<std::byte*>(this); }
  std::byte* unit(std::uint32_t number) { return start() + units_at_ + (number - 1) * kUnitBytes; }
  KeyRest& key_rest(std::uint32_t number) { return *std::launder(reinterpret_cast<KeyRest*>(unit(number))); }
  static std::uint32_t stored_hash(const SharedKeys::Key& key) { return static_cast<std::uint32_t>(key.hash); }
  std::uint32_t& bucket_of_stored(std::uint32_t hash) {
    return reinterpret_cast<std::uint32_t*>(start() + sizeof(KeyShard))[hash & (bucket_count_ - 1)];
  }
  std::uint32_t& bucket(std::uint64_t hash) { return bucket_of_stored(static_cast<std::uint32_t>(hash)); }

  bool has_key(const SharedKeys::Entry& one, const SharedKeys::Key& key) {
    std::string_view text = key.text;
    if (one.hash_ != stored_hash(key) || one.key_bytes_ != text.size()) return false;
    const std::size_t here = std::min(text.size(), SharedKeys::Entry::kKeyBytesHere);
    if (std::memcmp(one.key_, text.data(), here) != 0) return false;
    text.remove_prefix(here);
    for (std::uint32_t number = one.rest_; !text.empty(); number = key_rest(number).next) {
      const std::size_t bytes = std::min(text.size(), KeyRest::kBytes);
      if (std::memcmp(key_rest(number).bytes, text.data(), bytes) != 0) return false;
      text.remove_prefix(bytes);
    }
    return true;
  }

  void write_rest(std::uint32_t& first, std::string_view text) {
    std::uint32_t* link = &first;
    while (!text.empty()) {
      *link = take_unit();
      KeyRest& made = *new (unit(*link)) KeyRest{};
      text.remove_prefix(text.copy(made.bytes, KeyRest::kBytes));
      link = &made.next;
    }
  }

  // There is one.
  std::uint32_t take_unit() {
    --units_left_;
    if (free_ == 0) return ++units_touched_;
    const std::uint32_t number = free_;
    free_ = key_rest(number).next;
    return number;
  }

  void give_back(std::uint32_t number) {
    new (unit(number)) KeyRest{.next = free_, .bytes = {}};
    free_ = number;
    ++units_left_;
  }

  void link_newest(SharedKeys::Entry& used) {
    const std::uint32_t number = number_of(used);
    used.newer_ = 0;
    used.older_ = newest_;
    (newest_ == 0 ? oldest_ : entry(newest_).newer_) = number;
    newest_ = number;
  }

  void unlink(SharedKeys::Entry& one) {
    (one.newer_ == 0 ? newest_ : entry(one.newer_).older_) = one.older_;
    (one.older_ == 0 ? oldest_ : entry(one.older_).newer_) = one.newer_;
  }

  void forget_all() {
    std::fill_n(&bucket_of_stored(0), bucket_count_, 0);
    units_left_ = unit_count_;
    free_ = units_touched_ = newest_ = oldest_ = 0;
    ++generation_;
  }

  SharedLock lock_;
  std::size_t units_at_ = 0;         // from the shard's beginning
  std::uint32_t bucket_count_ = 0;   // a power of two
  std::uint32_t unit_count_ = 0;
  std::uint32_t units_left_ = 0;
  std::uint32_t units_touched_ = 0;  // those behind were never used
  std::uint32_t free_ = 0;           // given back
  std::uint32_t newest_ = 0;
  std::uint32_t oldest_ = 0;
  std::uint32_t generation_ = 0;
};

void SharedKeys::format(std::span<std::byte> memory) {
  auto& head = *new (memory.data()) ZoneHead{};
  static_assert(sizeof(ZoneHead) <= kHeadBytes);
  CHECK(getrandom(head.seeds, sizeof(head.seeds), 0) == sizeof(head.seeds));
  head.seeds[1] |= 1;
  const std::size_t bytes = KeyShard::bytes_of(memory.size());
  for (std::size_t i = 0; i < KeyShard::shards_of(memory.size()); ++i) {
    KeyShard::format(memory.subspan(kHeadBytes + i * bytes, bytes));
  }
}

SharedKeys::Key SharedKeys::key(std::string_view text) const {
  CHECK(text.size() <= kKeyBytesMax);
  return {text, hash_of(text, *std::launder(reinterpret_cast<const ZoneHead*>(zone_->memory().data())))};
}

// The bucket comes of the hash's other half.
std::size_t SharedKeys::shard_of(const Key& key) const { return (key.hash >> 32) % KeyShard::shards_of(zone_->memory().size()); }

SharedKeys::Part SharedKeys::lock(std::size_t shard) {
  KeyShard& wanted = KeyShard::at(zone_->memory(), shard);
  for (int spin = 0; spin < kSpins; ++spin) {
    if (wanted.try_lock()) return Part(&wanted, shard);
    pause_cpu();
  }
  return {};
}

SharedKeys::Part& SharedKeys::Part::operator=(Part&& other) noexcept {
  std::swap(shard_, other.shard_);
  std::swap(number_, other.number_);
  return *this;
}

SharedKeys::Part::~Part() {
  if (shard_ != nullptr) shard_->unlock();
}

SharedKeys::Entry* SharedKeys::Part::find(const Key& key) { return shard_->find(key); }
SharedKeys::Entry* SharedKeys::Part::insert(const Key& key) { return shard_->insert(key); }
void SharedKeys::Part::touch(Entry& entry) { shard_->touch(entry); }
SharedKeys::Entry* SharedKeys::Part::oldest() { return shard_->oldest(); }
void SharedKeys::Part::remove(Entry& entry) { shard_->remove(entry); }

SharedKeys::Place SharedKeys::Part::place(const Entry& entry) const {
  return {number_, shard_->number_of(entry), shard_->generation()};
}

SharedKeys::Entry* SharedKeys::Part::at(const Place& place) {
  return place.generation == shard_->generation() ? &shard_->entry(place.unit) : nullptr;
}

}  // namespace uringx
