// CertificateCache keeps certificates that were loaded for a handshake, so that the next one with the same names need not wait
// for their files (ssl_certificate_cache). One for each server block whose names hold variables; used on any worker's
// thread, and nobody waits for it: while another one looks, it has nothing.
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "tls/certificate_loader.h"

namespace uringx {

struct CertificateCacheLimits {
  std::uint64_t entries_max = 0;  // 0: off
  std::int64_t inactive_s = 10;   // one that nobody asked for goes after that time
  std::int64_t valid_s = 60;      // after that time the files are read anew
};

class CertificateCache {
 public:
  using Entry = std::shared_ptr<const LoadedCertificate>;

  explicit CertificateCache(CertificateCacheLimits limits) : limits_(limits) {}

  // nullptr: to be loaded, and put here.
  Entry find(const CertificateNames& names, std::int64_t now_s);
  // The one that was asked for the longest time ago goes when there is no room.
  void put(Entry entry, std::int64_t now_s);

 private:
  struct Kept {
    std::string key;
    Entry entry;
    std::int64_t loaded_s;
    std::int64_t asked_s;
  };
  using Order = std::list<Kept>;  // the latest asked for first

  void drop(Order::iterator kept);
  void drop_inactive(std::int64_t now_s);

  const CertificateCacheLimits limits_;
  std::mutex lock_;
  Order order_;
  std::unordered_map<std::string_view, Order::iterator> by_key_;  // views of the keys in order_
};

}  // namespace uringx
