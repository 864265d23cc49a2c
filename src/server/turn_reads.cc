#include "server/turn_reads.h"

#include <cstring>
#include <new>

#include "ring/backend.h"

namespace uringx {

ssize_t TurnReads::read(const OpenedFile& file, std::span<char> into, std::uint64_t offset) {
  // What is not local may change behind its attributes.
  if (offset != 0 || into.size() > kFileBytesMax || !file.local) return backend_.read_cached(file.fd, into, offset);
  const FileVersion version = version_of(file.info);
  Place& place = places_[version.inode % kPlaces];
  if (place.turn != turn_ || place.file != version) {
    place = {version, turn_, {}};
    return backend_.read_cached(file.fd, into, offset);
  }
  if (place.beginning.size() < into.size() && !remember(place, file.fd, into.size())) {
    return backend_.read_cached(file.fd, into, offset);
  }
  std::memcpy(into.data(), place.beginning.data(), into.size());
  return static_cast<ssize_t>(into.size());
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
