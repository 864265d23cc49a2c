// Fuzz target of charset_map. The input's first byte says how the body is cut and whether the second charset is UTF-8; its lines are
// those of the map, up to an empty one; the rest is the body. Whatever the map says, a body recoded in pieces becomes what it does
// in one.
#include <cstdint>
#include <string>
#include <string_view>

#include "modules/charset_map.h"
#include "tests/fuzz/fuzz_fixture.h"
#include "tests/modules/run_filter.h"

namespace uringx {
namespace {

void check(std::string_view input) {
  if (input.empty()) return;
  const auto choices = static_cast<unsigned char>(input.front());
  input.remove_prefix(1);
  const std::size_t in_bytes = 1 + (choices >> 1 & 7);
  const std::size_t out_bytes = 1 + (choices >> 4 & 15);
  CharsetMap table((choices & 1) != 0);
  for (std::string_view line = take_line(input); !line.empty(); line = take_line(input)) {
    const std::string_view byte = line.substr(0, line.find(' '));
    line.remove_prefix(std::min(line.size(), byte.size() + 1));
    table.add(byte, line);
  }
  const std::size_t whole = 16 * (input.size() + 1);  // an entity has no more bytes for each of its character
  const std::string forward = filtered(*table.recode_forward(), input, whole, whole);
  const std::string back = filtered(*table.recode_back(), input, whole, whole);
  expect(filtered(*table.recode_forward(), input, in_bytes, out_bytes) == forward, "cuts change nothing on the way there");
  expect(filtered(*table.recode_back(), input, in_bytes, out_bytes) == back, "cuts change nothing on the way back");
  if (!table.changes_length()) expect(forward.size() == input.size() && back.size() == input.size(), "bytes become bytes");
}

}  // namespace
}  // namespace uringx

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  uringx::check({reinterpret_cast<const char*>(data), size});
  return 0;
}
