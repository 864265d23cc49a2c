#include "http/range.h"

#include <charconv>
#include <cstring>
#include <limits>
#include <optional>

#include "http/ascii.h"
#include "http/date.h"

namespace uringx {

namespace {

constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
constexpr std::size_t kNumberBytesMax = 20;

class RangeReader {
 public:
  explicit RangeReader(std::string_view text) : text_(text) {}

  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  bool at_end() const { return at_ >= text_.size(); }
  void advance() { ++at_; }
  void skip_blanks() {
    while (peek() == ' ') ++at_;
  }
  bool at_range_end() const { return at_end() || text_[at_] == ','; }

  // Nothing when there is no digit or the number does not fit.
  std::optional<std::int64_t> number() {
    std::int64_t value = 0;
    const char* begin = text_.data() + at_;
    if (!is_digit(peek())) return std::nullopt;  // from_chars would take a sign
    const auto [end, error] = std::from_chars(begin, text_.data() + text_.size(), value);
    if (error != std::errc()) return std::nullopt;
    at_ += static_cast<std::size_t>(end - begin);
    return value;
  }

 private:
  std::string_view text_;
  std::size_t at_ = 0;
};

// One range spec, with `end` after its last byte; start >= end when it has no byte inside. Nothing when
// malformed.
std::optional<ByteRange> read_range(RangeReader& in, std::int64_t length) {
  in.skip_blanks();
  if (in.peek() == '-') {
    in.advance();
    const auto suffix = in.number();
    if (!suffix) return std::nullopt;
    in.skip_blanks();
    if (!in.at_range_end()) return std::nullopt;
    return ByteRange{*suffix < length ? length - *suffix : 0, length};
  }
  const auto start = in.number();
  if (!start) return std::nullopt;
  in.skip_blanks();
  if (in.peek() != '-') return std::nullopt;
  in.advance();
  in.skip_blanks();
  if (in.at_range_end()) return ByteRange{*start, length};
  const auto last = in.number();
  if (!last) return std::nullopt;
  in.skip_blanks();
  if (!in.at_range_end()) return std::nullopt;
  return ByteRange{*start, *last >= length ? length : *last + 1};
}

char* put(char* out, std::string_view text) {
  if (!text.empty()) std::memcpy(out, text.data(), text.size());
  return out + text.size();
}

char* put(char* out, std::int64_t number) { return std::to_chars(out, out + kNumberBytesMax, number).ptr; }

char* put_range(char* out, ByteRange range, std::int64_t length) {
  out = put(put(put(out, range.start), "-"), range.end - 1);
  return put(put(out, "/"), length);
}

std::string_view made(const char* begin, const char* end) {
  return {begin, static_cast<std::size_t>(end - begin)};
}

std::string_view boundary_text(std::uint64_t number, Arena& arena) {
  char* memory = arena.take_bytes(kNumberBytesMax);
  for (std::size_t i = kNumberBytesMax; i > 0; --i, number /= 10)
    memory[i - 1] = static_cast<char>('0' + number % 10);
  return {memory, kNumberBytesMax};
}

}  // namespace

std::expected<std::pmr::vector<ByteRange>, RangeRefusal> parse_ranges(std::string_view value,
                                                                      std::int64_t length,
                                                                      std::uint64_t max_ranges,
                                                                      std::pmr::memory_resource* memory) {
  if (value.size() < 7 || !equal_ignore_case(value.substr(0, 6), "bytes=")) {
    return std::unexpected(RangeRefusal::whole);
  }
  std::pmr::vector<ByteRange> ranges(memory);
  std::int64_t total = 0;
  RangeReader in(value.substr(6));
  for (;;) {
    const auto range = read_range(in, length);
    if (!range) return std::unexpected(RangeRefusal::unsatisfiable);
    if (range->start < range->end) {
      // Refused before it is added up: the sum of ranges must not wrap (CVE-2017-7529).
      if (total > kMax - range->size()) return std::unexpected(RangeRefusal::unsatisfiable);
      if (ranges.size() == max_ranges) return std::unexpected(RangeRefusal::whole);
      total += range->size();
      ranges.push_back(*range);
    } else if (range->start == 0) {
      return std::unexpected(RangeRefusal::whole);
    }
    if (in.at_end()) break;
    in.advance();  // the comma
  }
  if (ranges.empty()) return std::unexpected(RangeRefusal::unsatisfiable);
  if (total > length) return std::unexpected(RangeRefusal::whole);
  return ranges;
}

bool if_range_holds(std::string_view if_range, std::string_view etag, std::time_t last_modified) {
  if (if_range.size() >= 2 && if_range.back() == '"') return !etag.empty() && if_range == etag;
  return last_modified != -1 && parse_http_date(if_range).value_or(-1) == last_modified;
}

std::string_view content_range_text(ByteRange range, std::int64_t length, Arena& arena) {
  char* memory = arena.take_bytes(6 + 3 * kNumberBytesMax + 2);
  return made(memory, put_range(put(memory, "bytes "), range, length));
}

std::string_view unsatisfied_range_text(std::int64_t length, Arena& arena) {
  char* memory = arena.take_bytes(8 + kNumberBytesMax);
  return made(memory, put(put(memory, "bytes */"), length));
}

MultipartBody make_multipart_body(std::span<const ByteRange> ranges, std::int64_t length,
                                  std::string_view content_type, std::string_view charset,
                                  std::uint64_t boundary_number, Arena& arena) {
  const std::string_view boundary = boundary_text(boundary_number, arena);
  std::string_view type_line;
  if (!content_type.empty()) {
    type_line = charset.empty() ? arena.join({"Content-Type: ", content_type, "\r\n"})
                                : arena.join({"Content-Type: ", content_type, "; charset=", charset, "\r\n"});
  }
  const std::string_view begin_of_head =
      arena.join({"\r\n--", boundary, "\r\n", type_line, "Content-Range: bytes "});

  MultipartBody body;
  body.content_type = arena.join({"multipart/byteranges; boundary=", boundary});
  body.parts = arena.make_array<MultipartPart>(ranges.size());
  body.tail = arena.join({"\r\n--", boundary, "--\r\n"});
  body.body_bytes = static_cast<std::int64_t>(body.tail.size());
  for (std::size_t i = 0; i < ranges.size(); ++i) {
    char* memory = arena.take_bytes(begin_of_head.size() + 3 * kNumberBytesMax + 6);
    char* end = put(put_range(put(memory, begin_of_head), ranges[i], length), "\r\n\r\n");
    body.parts[i] = {made(memory, end), ranges[i]};
    body.body_bytes += static_cast<std::int64_t>(body.parts[i].head.size()) + ranges[i].size();
  }
  return body;
}

}  // namespace uringx
