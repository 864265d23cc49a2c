// CharsetMap is one charset_map{}: what the bytes of a charset are in another one, or in UTF-8, and back; and the body filters
// that recode with it. Built with the configuration, const afterwards; filters are an answer's.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string_view>

#include "modules/body_filter.h"

namespace uringx {

class CharsetMap {
 public:
  // `to_utf8`: the second charset is UTF-8, with characters of several bytes.
  explicit CharsetMap(bool to_utf8);

  enum class Added : std::uint8_t { yes, bad_byte, bad_character };
  // A line: a byte of the first charset, and the byte or the character of the second, all in hexadecimal.
  Added add(std::string_view byte, std::string_view character);

  // A recoded body has another length.
  bool changes_length() const { return utf8_ != nullptr; }
  // The filter is to be gone before the map.
  std::unique_ptr<BodyFilter> recode_forward() const;
  std::unique_ptr<BodyFilter> recode_back() const;

  using Bytes = std::array<std::uint8_t, 256>;
  struct Character {  // in UTF-8
    std::uint8_t count = 1;
    std::array<char, 3> bytes{'?'};
  };
  struct Utf8 {
    std::array<Character, 256> characters;
    // Of the code points up to U+FFFF, by their upper and their lower byte: the first charset's byte, 0: it has none.
    std::array<std::unique_ptr<Bytes>, 256> pages;
  };

 private:
  Added add_utf8(std::uint8_t byte, std::string_view character);

  Bytes forward_;  // without utf8_
  Bytes back_;
  std::unique_ptr<Utf8> utf8_;
};

// What begins with `lead` in UTF-8: 2 to 4 bytes, or 1, also where nothing may begin (ngx_utf8_decode).
std::size_t utf8_sequence_bytes(char lead);

}  // namespace uringx
