#include "server/compressed_bodies.h"

#include <algorithm>
#include <utility>

namespace uringx {

CompressedBodies::Key CompressedBodies::key_of(const FileInfo& file, std::uint32_t variant) {
  return {.file = version_of(file), .variant = variant};
}

bool CompressedBodies::is_settled(const FileInfo& file, std::int64_t now_ms) {
  const std::int64_t last_ms = std::max(nanoseconds(file.modified), nanoseconds(file.changed)) / 1'000'000;
  return now_ms - last_ms >= kAgeMsMin;
}

std::shared_ptr<const CompressedBody> CompressedBodies::find(const Key& key) {
  const auto found = by_key_.find(key);
  if (found == by_key_.end()) return nullptr;
  entries_.splice(entries_.begin(), entries_, found->second);
  return found->second->body;
}

void CompressedBodies::put(const Key& key, CompressedBody body) {
  const std::size_t size = body.bytes.size() + kEntryBytes;
  if (size > kBytesMax || by_key_.contains(key)) return;
  while (bytes_ + size > kBytesMax) drop_last();
  entries_.push_front({key, std::make_shared<const CompressedBody>(std::move(body))});
  try {
    by_key_.emplace(key, entries_.begin());
  } catch (...) {
    entries_.pop_front();
    throw;
  }
  bytes_ += size;
}

void CompressedBodies::drop_last() {
  bytes_ -= entries_.back().body->bytes.size() + kEntryBytes;
  by_key_.erase(entries_.back().key);
  entries_.pop_back();
}

}  // namespace uringx
