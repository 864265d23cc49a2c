// OcspCache remembers what authorities said of clients' certificates, in a zone that all workers share (ssl_ocsp_cache,
// ngx_ssl_ocsp_cache_lookup). Made with the configuration; called from any worker's thread and never waits: a part of the zone
// that another one is just using has no answer.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "tls/ocsp.h"
#include "tls/session_cache.h"

namespace uringx {

class OcspCache {
 public:
  static constexpr std::size_t kZoneBytesMin = TlsSessionCache::kZoneBytesMin;
  static const SharedZoneUse kUse;

  explicit OcspCache(std::shared_ptr<SharedZone> zone) : statuses_(std::move(zone)) {}

  std::optional<CertificateStatus> find(const OcspQuestion& question, std::int64_t now_s);
  // Until the answer's end, or for an hour when it names none.
  void store(const OcspQuestion& question, const OcspAnswer& answer, std::int64_t now_s);

 private:
  TlsSessionCache statuses_;  // kept like sessions: by an id, until a time, the oldest ones make room
};

}  // namespace uringx
