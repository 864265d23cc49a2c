// Byte classes and comparisons of US-ASCII text, independent of the locale. Stateless; usable on any thread.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace uringx {

constexpr char ascii_lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }

constexpr bool is_alpha(char c) {
  const char lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'z';
}

// The value of a hexadecimal digit, or -1.
constexpr int hex_value(char c) {
  if (is_digit(c)) return c - '0';
  const char lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

constexpr bool equal_ignore_case(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (ascii_lower(a[i]) != ascii_lower(b[i])) return false;
  }
  return true;
}

// Where `needle` first stands in `text`, compared without case, or npos (ngx_strcasestrn).
constexpr std::size_t find_ignore_case(std::string_view text, std::string_view needle, std::size_t from = 0) {
  for (std::size_t i = from; i + needle.size() <= text.size(); ++i) {
    if (equal_ignore_case(text.substr(i, needle.size()), needle)) return i;
  }
  return std::string_view::npos;
}

// One bool a byte value, filled by a predicate at compile time.
template <typename Predicate>
constexpr std::array<bool, 256> byte_table(Predicate&& is_member) {
  std::array<bool, 256> table{};
  for (int i = 0; i < 256; ++i) table[static_cast<std::size_t>(i)] = is_member(static_cast<unsigned char>(i));
  return table;
}

constexpr std::size_t byte_index(char c) { return static_cast<unsigned char>(c); }

}  // namespace uringx
