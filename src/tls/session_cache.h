// TlsSessionCache holds sessions of clients in a zone that all workers share, so that a client may come back to any of them,
// after a reload too (ssl_session_cache shared). Made with the configuration; its functions are called from any worker's
// thread and never wait: a part of the cache that another one is just using has no session.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "base/shared_zone.h"

namespace uringx {

// A key that tickets are sealed with, or opened (ngx_ssl_ticket_key_t).
struct TicketKey {
  std::array<unsigned char, 16> name{};
  std::array<unsigned char, 32> hmac_key{};
  std::array<unsigned char, 32> aes_key{};
  std::size_t key_bytes = 32;   // of each of the two: 16 or 32
  std::int64_t expires_s = 0;   // until when a ticket may need it; 0: none is sealed with it yet
};

class TlsSessionCache {
 public:
  static constexpr std::size_t kIdBytesMax = 32;
  static constexpr std::size_t kSessionBytesMax = 4096;  // NGX_SSL_MAX_SESSION_SIZE
  static constexpr std::size_t kTicketKeys = 3;          // the current one, the previous one, the next one

  // The least a zone may have: eight pages (ngx_http_ssl_session_cache).
  static constexpr std::size_t kZoneBytesMin = 8 * 4096;
  static const SharedZoneUse kUse;

  explicit TlsSessionCache(std::shared_ptr<SharedZone> zone) : zone_(std::move(zone)) {}

  using Bytes = std::span<const unsigned char>;
  using SessionBuffer = std::array<unsigned char, kSessionBytesMax>;

  // Keeps a session until `expires_s`; the oldest ones go when there is no room. One that is too long is not kept.
  void store(Bytes id, Bytes session, std::int64_t expires_s, std::int64_t now_s);
  // The session of that id, copied to `into`; empty when there is none.
  Bytes find(Bytes id, std::int64_t now_s, SessionBuffer& into);
  void remove(Bytes id);

  // Calls `use` with the zone's ticket keys; false when another one has them just now.
  template <typename Use>
  bool with_ticket_keys(Use&& use) {
    TicketKeyTable* const table = take_ticket_keys();
    if (table == nullptr) return false;
    use(table->keys);
    table->lock.release();
    return true;
  }

 private:
  struct TicketKeyTable {
    SharedLock lock;
    std::array<TicketKey, kTicketKeys> keys;
  };

  static void format(std::span<std::byte> memory);
  TicketKeyTable* take_ticket_keys();

  std::shared_ptr<SharedZone> zone_;
};

}  // namespace uringx
