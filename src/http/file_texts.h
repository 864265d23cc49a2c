// FileTexts is what a head says of a file in words, written once for as long as the file stays as it is: ETag and Last-Modified.
// Kept with a cached file, or in a request's arena; used on one worker's thread.
#pragma once

#include <cstdint>
#include <ctime>
#include <string_view>

#include "http/date.h"

namespace uringx {

class FileTexts {
 public:
  FileTexts() = default;
  FileTexts(std::time_t modified, std::uint64_t bytes) { write(modified, bytes); }

  // Makes them those of a file of this time and size. Views of the texts stay valid when it was that before.
  void set(std::time_t modified, std::uint64_t bytes) {
    if (etag_bytes_ == 0 || modified != modified_ || bytes != bytes_) write(modified, bytes);
  }

  std::time_t modified() const { return modified_; }
  // "HEX(mtime)-HEX(size)" in quotes, as ngx_http_set_etag makes it.
  std::string_view etag() const { return {etag_, etag_bytes_}; }
  std::string_view last_modified() const { return {last_modified_, kHttpDateBytes}; }

 private:
  static constexpr std::size_t kHexBytesMax = 16;

  void write(std::time_t modified, std::uint64_t bytes);

  std::time_t modified_ = 0;
  std::uint64_t bytes_ = 0;
  char last_modified_[kHttpDateBytes];
  std::uint8_t etag_bytes_ = 0;  // 0: nothing was written yet
  char etag_[2 * kHexBytesMax + 3];
};

}  // namespace uringx
