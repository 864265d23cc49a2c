#include "http/base64.h"

#include <array>
#include <cstdint>

namespace uringx {
namespace {

constexpr std::string_view kStandard = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view kUrl = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

constexpr std::uint8_t kNone = 0xff;

constexpr std::array<std::uint8_t, 256> values_of(std::string_view alphabet) {
  std::array<std::uint8_t, 256> values{};
  values.fill(kNone);
  for (std::size_t i = 0; i < alphabet.size(); ++i) {
    values[static_cast<unsigned char>(alphabet[i])] = static_cast<std::uint8_t>(i);
  }
  return values;
}

constexpr auto kStandardValues = values_of(kStandard);
constexpr auto kUrlValues = values_of(kUrl);

}  // namespace

char* encode_base64(char* out, std::string_view data) {
  for (std::size_t at = 0; at < data.size(); at += 3) {
    const std::size_t have = data.size() - at < 3 ? data.size() - at : 3;
    std::uint32_t bits = 0;
    for (std::size_t i = 0; i < 3; ++i) {
      bits = bits << 8 | (i < have ? static_cast<unsigned char>(data[at + i]) : 0u);
    }
    for (std::size_t i = 0; i < 4; ++i) *out++ = i <= have ? kStandard[bits >> (18 - 6 * i) & 0x3f] : '=';
  }
  return out;
}

std::optional<std::size_t> decode_base64(char* out, std::string_view text, Base64Alphabet alphabet) {
  const auto& values = alphabet == Base64Alphabet::url ? kUrlValues : kStandardValues;
  text = text.substr(0, text.find('='));
  if (text.size() % 4 == 1) return std::nullopt;
  std::size_t bytes = 0;
  std::uint32_t bits = 0;
  unsigned bits_held = 0;
  for (const char c : text) {
    const std::uint8_t value = values[static_cast<unsigned char>(c)];
    if (value == kNone) return std::nullopt;
    bits = bits << 6 | value;
    bits_held += 6;
    if (bits_held < 8) continue;
    bits_held -= 8;
    out[bytes++] = static_cast<char>(bits >> bits_held);
  }
  return bytes;
}

}  // namespace uringx
