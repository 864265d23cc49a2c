// Fuzz target of Accept-Encoding: the input is the field's value. What is read is what nginx's rules, written as expressions, say;
// no byte beyond the value is looked at, and letters may be large or small.
#include <cstdint>
#include <regex>
#include <string>
#include <string_view>
#include <vector>

#include "http/accept_encoding.h"
#include "tests/fuzz/fuzz_fixture.h"

namespace uringx {
namespace {

constexpr std::size_t kBytesMax = 300;  // std::regex recurses

// ngx_http_gzip_accept_encoding and ngx_http_gzip_quantity.
int expected_quality(const std::string& value, const std::string& coding) {
  const auto flags = std::regex::ECMAScript | std::regex::icase;
  std::smatch named;
  if (!std::regex_search(value, named, std::regex("(^|[, ])" + coding, flags))) return 0;
  const std::string rest = named.suffix();
  static const std::regex whole(" *((,.*)?|; *)", flags);
  static const std::regex quality(" *; *q=([01])(\\.([0-9]{0,3}))?([, ].*)?", flags);
  if (std::regex_match(rest, whole)) return 1000;
  std::smatch parts;
  if (!std::regex_match(rest, parts, quality)) return 0;
  std::string fraction = parts[3];
  fraction.resize(3, '0');
  const int thousandths = std::stoi(parts[1]) * 1000 + std::stoi(fraction);
  return thousandths > 1000 ? 0 : thousandths;
}

void check(std::string_view input) {
  std::string value(input.substr(0, kBytesMax));
  // A field's value has none of these (RFC 9110, 5.5); bytes beyond ASCII mean nothing to either side.
  std::erase_if(value, [](char byte) { return byte == '\r' || byte == '\n' || byte == '\0' || (byte & 0x80) != 0; });
  for (const std::string coding : {"gzip", "br", "zstd"}) {
    // In memory of exactly its size, so that a sanitizer sees a read beyond it.
    const std::vector<char> exact(value.begin(), value.end());
    const int quality = coding_quality({exact.data(), exact.size()}, coding);
    expect(quality == expected_quality(value, coding), "the quality is nginx's");
    std::string large = value;
    for (char& letter : large) letter = letter >= 'a' && letter <= 'z' ? static_cast<char>(letter - 'a' + 'A') : letter;
    expect(coding_quality(large, coding) == quality, "letters may be large or small");
  }
}

}  // namespace
}  // namespace uringx

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  uringx::check({reinterpret_cast<const char*>(data), size});
  return 0;
}
