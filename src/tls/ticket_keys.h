// TicketKeys seals and opens session tickets (ngx_ssl_session_ticket_keys): with keys from files, or with keys that all workers
// find in the zone of the session cache, made anew as they age. Part of a TlsContext; used on any worker's thread, and never
// waits for a lock.
#pragma once

#include <atomic>
#include <cstdint>
#include <expected>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tls/session_cache.h"

struct ssl_ctx_st;

namespace uringx {

class TicketKeys {
 public:
  using Keys = std::vector<TicketKey>;

  // The first key seals, all of them open.
  explicit TicketKeys(Keys keys);
  // The keys of the cache's zone; tickets are good for `lifetime_s`.
  TicketKeys(std::shared_ptr<TlsSessionCache> cache, std::int64_t lifetime_s);
  ~TicketKeys();

  // A file of 48 or 80 bytes; the error is what nginx writes: `"PATH" must be 48 or 80 bytes`.
  static std::expected<TicketKey, std::string> read(const std::string& path);

  // The keys of the moment, the sealing one first; nullptr: none can be had just now. `name`: of the key that is looked for,
  // empty when one is to seal.
  std::shared_ptr<const Keys> keys(std::int64_t now_s, std::string_view name);

  // Sessions of a TlsContext's handle use its ticket_keys.
  static void install(ssl_ctx_st* context);

 private:
  bool rotate(std::span<TicketKey, TlsSessionCache::kTicketKeys> shared, std::int64_t now_s);

  std::shared_ptr<TlsSessionCache> cache_;  // nullptr: keys from files
  std::int64_t lifetime_s_ = 0;
  std::atomic<std::shared_ptr<const Keys>> known_;
};

}  // namespace uringx
