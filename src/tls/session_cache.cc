#include "tls/session_cache.h"

#include <openssl/crypto.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <new>

namespace uringx {
namespace {

// The zone is a head and some shards. A shard is a ring of records in the order in which they were stored, and chains of them
// by the hash of their ids. Offsets instead of pointers, and each is checked: a worker that was killed in the middle of a
// change must not lead another one astray.
constexpr std::size_t kHeadBytes = 4096;
constexpr std::size_t kShardBytes = 64 * 1024;
constexpr std::uint32_t kNone = UINT32_MAX;
constexpr std::uint32_t kUnit = 64;  // records begin and end at multiples
constexpr std::size_t kBytesForBucket = 256;

struct Record {
  std::uint32_t bytes;       // with what is behind it
  std::uint32_t next;        // of its chain
  std::int64_t expires_s;
  std::uint16_t session_bytes;
  std::uint8_t id_bytes;     // 0: a record that was removed, or that fills the end of the ring
  std::array<unsigned char, TlsSessionCache::kIdBytesMax> id;

  unsigned char* session() { return reinterpret_cast<unsigned char*>(this + 1); }
  bool has_id(TlsSessionCache::Bytes other) const {
    return other.size() == id_bytes && std::equal(other.begin(), other.end(), id.begin());
  }
};
static_assert(sizeof(Record) <= kUnit);

std::uint64_t hash_of(TlsSessionCache::Bytes id) {
  std::uint64_t hash = 0xcbf29ce484222325;  // FNV-1a
  for (const unsigned char c : id) hash = (hash ^ c) * 0x100000001b3;
  return hash ^ (hash >> 32);
}

}  // namespace

class SessionShard {
 public:
  static std::uint32_t shards_of(std::size_t zone_bytes) {
    return static_cast<std::uint32_t>(std::max<std::size_t>(1, (zone_bytes - kHeadBytes) / kShardBytes));
  }

  static std::size_t bytes_of(std::size_t zone_bytes) {
    return (zone_bytes - kHeadBytes) / shards_of(zone_bytes) / kUnit * kUnit;
  }

  static SessionShard& at(std::span<std::byte> zone, std::size_t number) {
    return *std::launder(reinterpret_cast<SessionShard*>(zone.data() + kHeadBytes + number * bytes_of(zone.size())));
  }

  static void format(std::span<std::byte> memory) {
    auto* const shard = new (memory.data()) SessionShard;
    shard->lock_.format();
    const std::size_t left = memory.size() - sizeof(SessionShard);
    shard->bucket_count_ = static_cast<std::uint32_t>(std::bit_floor(std::max<std::size_t>(left / kBytesForBucket, 1)));
    const std::size_t before = sizeof(SessionShard) + shard->bucket_count_ * sizeof(std::uint32_t);
    shard->ring_at_ = static_cast<std::uint32_t>((before + kUnit - 1) / kUnit * kUnit);
    shard->ring_bytes_ = static_cast<std::uint32_t>((memory.size() - shard->ring_at_) / kUnit * kUnit);
    shard->forget_all();
  }

  // Calls `use` when nobody else is in the shard.
  template <typename Use>
  void with(Use&& use) {
    const SharedLock::Taken taken = lock_.try_take();
    if (taken == SharedLock::Taken::no) return;
    if (taken == SharedLock::Taken::from_the_dead) forget_all();
    use(*this);
    lock_.release();
  }

  void store(TlsSessionCache::Bytes id, std::uint64_t hash, TlsSessionCache::Bytes session, std::int64_t expires_s,
             std::int64_t now_s) {
    remove(id, hash);
    const auto bytes = static_cast<std::uint32_t>((sizeof(Record) + session.size() + kUnit - 1) / kUnit * kUnit);
    if (bytes > ring_bytes_) return;
    for (int dropped = 0; dropped < 2 && used_ != 0 && record(oldest_).expires_s <= now_s; ++dropped) drop_oldest();
    if (const std::uint32_t to_end = ring_bytes_ - free_; to_end < bytes) {
      make_room(to_end);
      place(to_end);
    }
    make_room(bytes);
    const std::uint32_t at = free_;
    Record& made = place(bytes);
    made.expires_s = expires_s;
    made.session_bytes = static_cast<std::uint16_t>(session.size());
    made.id_bytes = static_cast<std::uint8_t>(id.size());
    std::copy(id.begin(), id.end(), made.id.begin());
    std::memcpy(made.session(), session.data(), session.size());
    std::uint32_t& first = bucket(hash);
    made.next = first;
    first = at;
  }

  TlsSessionCache::Bytes find(TlsSessionCache::Bytes id, std::uint64_t hash, std::int64_t now_s,
                              TlsSessionCache::SessionBuffer& into) {
    const std::uint32_t* const link = find_link(id, hash);
    if (link == nullptr) return {};
    Record& found = record(*link);
    if (found.expires_s <= now_s) {
      remove(id, hash);
      return {};
    }
    const std::size_t bytes = std::min<std::size_t>(found.session_bytes, into.size());
    std::memcpy(into.data(), found.session(), bytes);
    return {into.data(), bytes};
  }

  void remove(TlsSessionCache::Bytes id, std::uint64_t hash) {
    std::uint32_t* const link = find_link(id, hash);
    if (link == nullptr) return;
    Record& removed = record(*link);
    *link = removed.next;
    wipe(removed);
  }

 private:
  SessionShard() = default;

  std::byte* start() { return reinterpret_cast<std::byte*>(this); }
  std::uint32_t& bucket(std::uint64_t hash) {
    return reinterpret_cast<std::uint32_t*>(this + 1)[hash & (bucket_count_ - 1)];
  }
  bool in_ring(std::uint32_t at) const { return at < ring_bytes_ && at % kUnit == 0; }
  Record& record(std::uint32_t at) { return *std::launder(reinterpret_cast<Record*>(start() + ring_at_ + at)); }

  // The link of a chain that leads to the record; nullptr: there is none.
  std::uint32_t* find_link(TlsSessionCache::Bytes id, std::uint64_t hash) {
    std::uint32_t* link = &bucket(hash);
    for (std::uint32_t steps = 0; in_ring(*link) && steps < ring_bytes_ / kUnit; ++steps) {
      Record& one = record(*link);
      if (one.has_id(id)) return link;
      link = &one.next;
    }
    return nullptr;
  }

  void make_room(std::uint32_t bytes) {
    while (used_ != 0 && ring_bytes_ - used_ < bytes) drop_oldest();
  }

  void drop_oldest() {
    Record& oldest = record(oldest_);
    if (oldest.id_bytes != 0) remove(std::span(oldest.id).first(oldest.id_bytes), hash_of(std::span(oldest.id).first(oldest.id_bytes)));
    const std::uint32_t bytes = oldest.bytes;
    if (bytes == 0 || bytes % kUnit != 0 || bytes > used_ || oldest_ + bytes > ring_bytes_) return forget_all();
    used_ -= bytes;
    oldest_ = (oldest_ + bytes) % ring_bytes_;
  }

  // The next record; there is room for it, and it does not reach over the end.
  Record& place(std::uint32_t bytes) {
    Record& made = *new (start() + ring_at_ + free_) Record{};
    made.bytes = bytes;
    made.next = kNone;
    used_ += bytes;
    free_ = (free_ + bytes) % ring_bytes_;
    return made;
  }

  static void wipe(Record& removed) {
    OPENSSL_cleanse(removed.session(), std::min<std::size_t>(removed.session_bytes, TlsSessionCache::kSessionBytesMax));
    removed.id_bytes = 0;
    removed.session_bytes = 0;
  }

  void forget_all() {
    oldest_ = free_ = used_ = 0;
    std::fill_n(&bucket(0), bucket_count_, kNone);
    OPENSSL_cleanse(start() + ring_at_, ring_bytes_);
  }

  SharedLock lock_;
  std::uint32_t bucket_count_ = 0;
  std::uint32_t ring_at_ = 0;     // from the shard's beginning
  std::uint32_t ring_bytes_ = 0;
  std::uint32_t oldest_ = 0;      // the rest are offsets in the ring
  std::uint32_t free_ = 0;
  std::uint32_t used_ = 0;        // bytes from oldest_ on
};

const SharedZoneUse TlsSessionCache::kUse{format};

void TlsSessionCache::format(std::span<std::byte> memory) {
  static_assert(sizeof(TicketKeyTable) <= kHeadBytes);
  (new (memory.data()) TicketKeyTable)->lock.format();
  const std::size_t bytes = SessionShard::bytes_of(memory.size());
  for (std::uint32_t i = 0; i < SessionShard::shards_of(memory.size()); ++i) {
    SessionShard::format(memory.subspan(kHeadBytes + i * bytes, bytes));
  }
}

void TlsSessionCache::store(Bytes id, Bytes session, std::int64_t expires_s, std::int64_t now_s) {
  if (id.empty() || id.size() > kIdBytesMax || session.size() > kSessionBytesMax) return;
  const std::uint64_t hash = hash_of(id);
  const std::span<std::byte> zone = zone_->memory();
  SessionShard::at(zone, (hash >> 16) % SessionShard::shards_of(zone.size())).with([&](SessionShard& shard) {
    shard.store(id, hash, session, expires_s, now_s);
  });
}

TlsSessionCache::Bytes TlsSessionCache::find(Bytes id, std::int64_t now_s, SessionBuffer& into) {
  if (id.empty() || id.size() > kIdBytesMax) return {};
  const std::uint64_t hash = hash_of(id);
  const std::span<std::byte> zone = zone_->memory();
  Bytes found;
  SessionShard::at(zone, (hash >> 16) % SessionShard::shards_of(zone.size())).with([&](SessionShard& shard) {
    found = shard.find(id, hash, now_s, into);
  });
  return found;
}

void TlsSessionCache::remove(Bytes id) {
  if (id.empty() || id.size() > kIdBytesMax) return;
  const std::uint64_t hash = hash_of(id);
  const std::span<std::byte> zone = zone_->memory();
  SessionShard::at(zone, (hash >> 16) % SessionShard::shards_of(zone.size())).with([&](SessionShard& shard) {
    shard.remove(id, hash);
  });
}

TlsSessionCache::TicketKeyTable* TlsSessionCache::take_ticket_keys() {
  auto* const table = std::launder(reinterpret_cast<TicketKeyTable*>(zone_->memory().data()));
  switch (table->lock.try_take()) {
    case SharedLock::Taken::no: return nullptr;
    case SharedLock::Taken::yes: return table;
    case SharedLock::Taken::from_the_dead: table->keys = {}; return table;
  }
  return nullptr;
}

}  // namespace uringx
