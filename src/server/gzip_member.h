// GzipMember compresses the lines of access_log's gzip: one gzip member a bufferful, as nginx writes them.
// Owned by a worker's LineBuffers, used on its thread only: lines are compressed as they come, a little at a time, so that
// a large buffer never holds up the loop when it is full.
#pragma once

#include <zlib.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace uringx {

class GzipMember {
 public:
  // `member_bytes`: what a member holds at most, before compression; a smaller one needs less memory.
  // Throws std::bad_alloc.
  GzipMember(int level, std::uint64_t member_bytes);
  ~GzipMember();
  GzipMember(const GzipMember&) = delete;
  GzipMember& operator=(const GzipMember&) = delete;

  void add(std::string_view text);
  // Of the member under way, before compression.
  std::size_t text_bytes() const { return text_bytes_; }
  // Appends the whole member to `out` and begins the next one; nothing without any text.
  void finish(std::string& out);

 private:
  void compress(int flush);

  z_stream stream_{};
  std::string text_;        // not compressed yet
  std::string compressed_;  // the member so far
  std::size_t text_bytes_ = 0;
};

}  // namespace uringx
