// Range requests: what of a representation is asked for, and the texts of a 206 or 416 answer (RFC 9110
// section 14, as ngx_http_range_filter_module). Pure functions, usable on any thread; results live in the
// memory given.
#pragma once

#include <cstdint>
#include <ctime>
#include <expected>
#include <memory_resource>
#include <span>
#include <string_view>
#include <vector>

#include "base/arena.h"

namespace uringx {

struct ByteRange {
  std::int64_t start = 0;
  std::int64_t end = 0;  // the first byte after it

  std::int64_t size() const { return end - start; }
  bool operator==(const ByteRange&) const = default;
};

enum class RangeRefusal : std::uint8_t {
  whole,  // answer 200 with everything: no byte range, too many of them, or more bytes than the whole has
  unsatisfiable,  // answer 416: malformed, or nothing of it inside
};

inline constexpr std::uint64_t kMaxRangesDefault = 0x7fffffff;

// The ranges of a Range field's value over a representation of `length` bytes, in the order asked, at least
// one. Unsatisfiable ones among good ones are dropped. With max_ranges 0 nginx offers no ranges at all: do
// not ask then.
std::expected<std::pmr::vector<ByteRange>, RangeRefusal> parse_ranges(std::string_view value,
                                                                      std::int64_t length,
                                                                      std::uint64_t max_ranges,
                                                                      std::pmr::memory_resource* memory);

// Whether ranges may be served at all: an entity tag equal byte for byte, or the very Last-Modified date. An
// empty `etag` or a `last_modified` of -1 means there is none.
bool if_range_holds(std::string_view if_range, std::string_view etag, std::time_t last_modified);

// "bytes 0-1/1000", for one range.
std::string_view content_range_text(ByteRange range, std::int64_t length, Arena& arena);

// "bytes */1000", for 416.
std::string_view unsatisfied_range_text(std::int64_t length, Arena& arena);

// A multipart/byteranges body: for each part its head, then its bytes of the file, and `tail` after the last
// one.
struct MultipartPart {
  std::string_view head;
  ByteRange range;
};

struct MultipartBody {
  std::string_view content_type;  // of the answer: "multipart/byteranges; boundary=..."
  std::span<MultipartPart> parts;
  std::string_view tail;
  std::int64_t body_bytes = 0;  // of everything, for Content-Length
};

// `boundary_number` is printed with 20 digits, as nginx does; any number that the worker has not just used
// will do.
MultipartBody make_multipart_body(std::span<const ByteRange> ranges, std::int64_t length,
                                  std::string_view content_type, std::string_view charset,
                                  std::uint64_t boundary_number, Arena& arena);

}  // namespace uringx
