#include "modules/charset_map.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <optional>
#include <string>

#include "http/ascii.h"

namespace uringx {
namespace {

constexpr std::size_t kUtf8BytesMax = 4;
constexpr std::uint32_t kBroken = UINT32_MAX;
constexpr std::uint32_t kMappedMost = 0xffff;
constexpr std::uint32_t kCodePointMost = 0x10ffff;
constexpr std::size_t kEntityBytesMax = sizeof("&#1114111;") - 1;

constexpr std::uint8_t byte_of(char c) { return static_cast<std::uint8_t>(c); }

bool is_ascii(char c) { return byte_of(c) < 0x80; }

std::optional<std::uint8_t> parse_byte(std::string_view hex) {
  if (hex.empty()) return std::nullopt;
  unsigned value = 0;
  for (const char c : hex) {
    const int digit = hex_value(c);
    if (digit < 0 || value > 0xf) return std::nullopt;
    value = value * 16 + static_cast<unsigned>(digit);
  }
  return static_cast<std::uint8_t>(value);
}

struct Decoded {
  std::uint32_t code_point;  // or kBroken
  std::size_t used_bytes;
};

// A whole sequence, as utf8_sequence_bytes() says; one that is broken ends with the ASCII byte that breaks it. As ngx_utf8_decode, which
// takes more for UTF-8 than RFC 3629: surrogates, leads above 0xf7, and bytes of 0xc0 and above that continue.
Decoded decode_utf8(const char* sequence, std::size_t bytes) {
  constexpr std::uint32_t kLeast[] = {0, 0, 0x80, 0x800, 0x10000};
  if (bytes == 1) return {is_ascii(sequence[0]) ? byte_of(sequence[0]) : kBroken, 1};
  std::uint32_t code_point = byte_of(sequence[0]) & (0xffu >> (bytes + 1));
  for (std::size_t i = 1; i < bytes; ++i) {
    if (is_ascii(sequence[i])) return {kBroken, i + 1};
    code_point = code_point << 6 | (byte_of(sequence[i]) & 0x3fu);
  }
  return {code_point < kLeast[bytes] ? kBroken : code_point, bytes};
}

// Any byte is another byte.
class RecodeBytes final : public BodyFilter {
 public:
  explicit RecodeBytes(const CharsetMap::Bytes& table) : table_(table) {}

  Step run(std::span<const char> in, bool last, std::span<char> out) override {
    const std::size_t bytes = std::min(in.size(), out.size());
    std::transform(in.begin(), in.begin() + static_cast<std::ptrdiff_t>(bytes), out.begin(),
                   [this](char c) { return static_cast<char>(table_[byte_of(c)]); });
    return {bytes, bytes, last && bytes == in.size() ? State::ended : State::more};
  }

 private:
  const CharsetMap::Bytes& table_;
};

// A filter that makes a few bytes at a time: those that found no room come first in the next call.
class RecodeCharacters : public BodyFilter {
 public:
  Step run(std::span<const char> in, bool last, std::span<char> out) final {
    std::size_t used = 0;
    std::size_t made = 0;
    for (;;) {
      const std::size_t kept = std::min(made_.size(), out.size() - made);
      if (kept != 0) std::memcpy(out.data() + made, made_.data(), kept);
      made += kept;
      made_.remove_prefix(kept);
      if (made == out.size() || !has_more(in.size() - used)) break;
      const std::size_t plain = copy_plain(in.subspan(used), out.subspan(made));
      used += plain;
      made += plain;
      if (plain != 0) continue;
      const std::size_t taken = take_character(in.subspan(used));
      used += taken;
      if (taken == 0 && made_.empty()) break;
    }
    const bool ended = last && used == in.size() && made_.empty() && !has_more(0);
    return {used, made, ended ? State::ended : State::more};
  }

 protected:
  // What take_character() made; the bytes stay until the next.
  std::string_view made_;

 private:
  // Whether there is something to take: of so many bytes of input, or of what was taken before.
  virtual bool has_more(std::size_t input_bytes) const { return input_bytes != 0; }
  // Copies bytes that stay what they are; returns how many.
  virtual std::size_t copy_plain(std::span<const char> in, std::span<char> out) = 0;
  // Takes bytes of a character, sets made_ when it is whole; returns how many.
  virtual std::size_t take_character(std::span<const char> in) = 0;
};

class RecodeToUtf8 final : public RecodeCharacters {
 public:
  explicit RecodeToUtf8(const CharsetMap::Utf8& table) : table_(table) {}

 private:
  std::size_t copy_plain(std::span<const char> in, std::span<char> out) override {
    const std::size_t most = std::min(in.size(), out.size());
    std::size_t bytes = 0;
    for (; bytes < most; ++bytes) {
      const CharsetMap::Character& character = table_.characters[byte_of(in[bytes])];
      if (character.count != 1) break;
      out[bytes] = character.bytes[0];
    }
    return bytes;
  }

  std::size_t take_character(std::span<const char> in) override {
    const CharsetMap::Character& character = table_.characters[byte_of(in[0])];
    made_ = {character.bytes.data(), character.count};
    return 1;
  }

  const CharsetMap::Utf8& table_;
};

// What the charset has no byte for becomes an entity of HTML, what is no UTF-8 a question mark. A sequence that the end of the
// body cuts is dropped (ngx_http_charset_recode_from_utf8).
class RecodeFromUtf8 final : public RecodeCharacters {
 public:
  explicit RecodeFromUtf8(const CharsetMap::Utf8& table) : table_(table) {}

 private:
  // Bytes that follow a broken sequence may be whole ones.
  bool has_more(std::size_t input_bytes) const override {
    return input_bytes != 0 || (!held_.empty() && held_.size() >= utf8_sequence_bytes(held_[0]));
  }

  std::size_t copy_plain(std::span<const char> in, std::span<char> out) override {
    if (!held_.empty()) return 0;
    const std::size_t most = std::min(in.size(), out.size());
    std::size_t bytes = 0;
    for (; bytes < most && is_ascii(in[bytes]); ++bytes) out[bytes] = in[bytes];
    return bytes;
  }

  std::size_t take_character(std::span<const char> in) override {
    if (held_.empty() && utf8_sequence_bytes(in[0]) <= in.size()) return make(in.data(), utf8_sequence_bytes(in[0]));
    std::size_t taken = 0;
    if (held_.empty()) held_ += in[taken++];
    const std::size_t bytes = utf8_sequence_bytes(held_[0]);
    for (; held_.size() < bytes && taken < in.size(); ++taken) held_ += in[taken];
    if (held_.size() >= bytes) held_.erase(0, make(held_.data(), bytes));
    return taken;
  }

  // Of a whole sequence; returns how many of its bytes it was.
  std::size_t make(const char* sequence, std::size_t bytes) {
    const Decoded decoded = decode_utf8(sequence, bytes);
    const std::uint32_t code_point = decoded.code_point;
    const std::uint8_t byte = code_point > kCodePointMost ? std::uint8_t{'?'} : byte_for(code_point);
    text_[0] = static_cast<char>(byte);
    std::size_t text_bytes = 1;
    if (byte == 0 && code_point != 0) {
      text_bytes = static_cast<std::size_t>(fmt::format_to(text_.data(), "&#{};", code_point) - text_.data());
    }
    made_ = {text_.data(), text_bytes};
    return decoded.used_bytes;
  }

  // 0: none.
  std::uint8_t byte_for(std::uint32_t code_point) const {
    if (code_point < 0x80) return static_cast<std::uint8_t>(code_point);
    const CharsetMap::Bytes* const page = code_point <= kMappedMost ? table_.pages[code_point >> 8].get() : nullptr;
    return page == nullptr ? std::uint8_t{0} : (*page)[code_point & 0xff];
  }

  const CharsetMap::Utf8& table_;
  std::string held_;  // of a sequence that is not whole, or the bytes that followed a broken one
  std::array<char, kEntityBytesMax> text_{};
};

}  // namespace

std::size_t utf8_sequence_bytes(char lead) {
  const std::uint8_t byte = byte_of(lead);
  if (byte < 0xc2) return 1;
  return byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
}

CharsetMap::CharsetMap(bool to_utf8) : utf8_(to_utf8 ? std::make_unique<Utf8>() : nullptr) {
  for (unsigned i = 0; i < 256; ++i) {
    forward_[i] = back_[i] = i < 0x80 ? static_cast<std::uint8_t>(i) : '?';
    if (utf8_ != nullptr && i < 0x80) utf8_->characters[i].bytes[0] = static_cast<char>(i);
  }
}

CharsetMap::Added CharsetMap::add(std::string_view byte, std::string_view character) {
  const auto from = parse_byte(byte);
  if (!from) return Added::bad_byte;
  if (utf8_ != nullptr) return add_utf8(*from, character);
  const auto to = parse_byte(character);
  if (!to) return Added::bad_character;
  forward_[*from] = *to;
  back_[*to] = *from;
  return Added::yes;
}

// A character of two or three bytes, or one of two and a byte more. Of a longer word nginx would write the end over the
// characters of the next bytes.
CharsetMap::Added CharsetMap::add_utf8(std::uint8_t byte, std::string_view hex) {
  std::array<char, kUtf8BytesMax> bytes{};
  const std::size_t count = hex.size() / 2;
  if (hex.size() % 2 != 0 || count < 2 || count >= kUtf8BytesMax) return Added::bad_character;
  for (std::size_t i = 0; i < count; ++i) {
    const auto one = parse_byte(hex.substr(2 * i, 2));
    if (!one) return Added::bad_character;
    bytes[i] = static_cast<char>(*one);
  }
  const std::size_t sequence_bytes = utf8_sequence_bytes(bytes[0]);
  const Decoded decoded = decode_utf8(bytes.data(), sequence_bytes);
  if (sequence_bytes == 1 || sequence_bytes > count || decoded.code_point == kBroken) return Added::bad_character;
  Character& character = utf8_->characters[byte];
  character.count = static_cast<std::uint8_t>(count);
  std::copy_n(bytes.begin(), count, character.bytes.begin());
  std::unique_ptr<Bytes>& page = utf8_->pages[decoded.code_point >> 8];
  if (page == nullptr) page = std::make_unique<Bytes>();
  (*page)[decoded.code_point & 0xff] = byte;
  return Added::yes;
}

std::unique_ptr<BodyFilter> CharsetMap::recode_forward() const {
  if (utf8_ != nullptr) return std::make_unique<RecodeToUtf8>(*utf8_);
  return std::make_unique<RecodeBytes>(forward_);
}

std::unique_ptr<BodyFilter> CharsetMap::recode_back() const {
  if (utf8_ != nullptr) return std::make_unique<RecodeFromUtf8>(*utf8_);
  return std::make_unique<RecodeBytes>(back_);
}

}  // namespace uringx
