#include "server/turn_reads.h"

#include <cstring>
#include <new>
#include <tuple>

#include "ring/backend.h"

namespace uringx {

ssize_t TurnReads::read(const OpenedFile& file, std::span<char> into, std::uint64_t offset) {
  const FileIdentity identity = file.identity();
  if (offset != 0 || into.size() > kFileBytesMax || identity.inode == 0) return backend_.read_cached(file.fd, into, offset);
  Place& place = places_[identity.inode % kPlaces];
  if (place.turn != turn_ || !is_same(place.file, file.info)) {
    place = {file.info, turn_, {}};
    return backend_.read_cached(file.fd, into, offset);
  }
  if (place.beginning.size() < into.size() && !remember(place, file.fd, into.size())) {
    return backend_.read_cached(file.fd, into, offset);
  }
  std::memcpy(into.data(), place.beginning.data(), into.size());
  return static_cast<ssize_t>(into.size());
}

bool TurnReads::is_same(const struct stat& a, const struct stat& b) {
  const auto key = [](const struct stat& file) {
    return std::tie(file.st_dev, file.st_ino, file.st_size, file.st_mtim.tv_sec, file.st_mtim.tv_nsec, file.st_ctim.tv_sec,
                    file.st_ctim.tv_nsec);
  };
  return key(a) == key(b);
}

// False: there is no room, or not so much of it is in memory.
bool TurnReads::remember(Place& place, int fd, std::size_t bytes) {
  if (bytes_ == nullptr) bytes_.reset(new (std::nothrow) char[kBytesMax]);
  if (bytes_ == nullptr || bytes > kBytesMax - used_) return false;
  const std::span<char> room(bytes_.get() + used_, bytes);
  if (backend_.read_cached(fd, room, 0) != static_cast<ssize_t>(bytes)) return false;
  place.beginning = room;
  used_ += bytes;
  return true;
}

}  // namespace uringx
