#include "tls/certificate_cache.h"

#include <algorithm>

namespace uringx {
namespace {

std::string key_of(const CertificateNames& names) {
  std::string key = names.certificate;
  key += '\0';
  key += names.key;
  return key;
}

}  // namespace

CertificateCache::Entry CertificateCache::find(const CertificateNames& names, std::int64_t now_s) {
  const std::string key = key_of(names);
  const std::unique_lock lock(lock_, std::try_to_lock);
  if (!lock) return nullptr;
  drop_inactive(now_s);
  const auto found = by_key_.find(key);
  if (found == by_key_.end()) return nullptr;
  const auto kept = found->second;
  if (now_s - kept->loaded_s > limits_.valid_s) {
    drop(kept);
    return nullptr;
  }
  kept->asked_s = now_s;
  order_.splice(order_.begin(), order_, kept);
  return kept->entry;
}

void CertificateCache::put(Entry entry, std::int64_t now_s) {
  const std::unique_lock lock(lock_, std::try_to_lock);
  if (!lock || limits_.entries_max == 0) return;
  std::string key = key_of(entry->names);
  if (const auto found = by_key_.find(key); found != by_key_.end()) drop(found->second);
  // "max" counts certificates and keys one by one, as nginx, which caches each by itself.
  const std::uint64_t pairs_max = std::max<std::uint64_t>(limits_.entries_max / 2, 1);
  while (order_.size() >= pairs_max) drop(std::prev(order_.end()));
  order_.push_front({std::move(key), std::move(entry), now_s, now_s});
  by_key_.emplace(order_.front().key, order_.begin());
}

void CertificateCache::drop(Order::iterator kept) {
  by_key_.erase(kept->key);
  order_.erase(kept);
}

void CertificateCache::drop_inactive(std::int64_t now_s) {
  while (!order_.empty() && now_s - order_.back().asked_s > limits_.inactive_s) drop(std::prev(order_.end()));
}

}  // namespace uringx
