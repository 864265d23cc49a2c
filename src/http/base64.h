// Base64 (RFC 4648) as nginx reads and writes it: what follows the first "=" is not looked at, padding may be missing.
// Pure, usable on any thread.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace uringx {

enum class Base64Alphabet : bool { standard, url };  // url: "-" and "_" for "+" and "/"

constexpr std::size_t base64_bytes(std::size_t bytes) { return (bytes + 2) / 3 * 4; }
constexpr std::size_t base64_decoded_bytes_max(std::size_t text_bytes) { return (text_bytes + 3) / 4 * 3; }

// Writes base64_bytes(data.size()) bytes, padding included, and returns the end (ngx_encode_base64).
char* encode_base64(char* out, std::string_view data);

// Writes at most base64_decoded_bytes_max(text.size()) bytes and says how many; nullopt for what is no base64
// (ngx_decode_base64).
std::optional<std::size_t> decode_base64(char* out, std::string_view text, Base64Alphabet alphabet = Base64Alphabet::standard);

}  // namespace uringx
