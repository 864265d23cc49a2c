// Fuzz target of sub_filter. The input's first byte: whether each pattern is replaced once, how the body is cut, how many pairs; its
// lines: searches and replacements; the rest: the body. Whatever the cuts, the body becomes what it is when it is read byte by byte.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tests/fuzz/fuzz_fixture.h"
#include "tests/modules/run_filter.h"
#include "tests/modules/substitution_reference.h"

namespace uringx {
namespace {

void check(std::string_view input) {
  if (input.empty()) return;
  const auto choices = static_cast<unsigned char>(input.front());
  input.remove_prefix(1);
  const bool once = (choices & 1) != 0;
  const std::size_t in_bytes = 1 + (choices >> 1 & 7) * 3;
  const std::size_t out_bytes = 1 + (choices >> 4 & 3) * 5;
  std::vector<SearchAndReplacement> pairs(1 + (choices >> 6));
  for (SearchAndReplacement& pair : pairs) {
    pair = {std::string(take_line(input)), std::string(take_line(input))};
    if (pair.search.empty()) return;
  }
  SubstituteText filter = make_substitution(pairs, once);
  expect(filtered(filter, input, in_bytes, out_bytes) == substitute(input, pairs, once), "cuts change nothing");
}

}  // namespace
}  // namespace uringx

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  uringx::check({reinterpret_cast<const char*>(data), size});
  return 0;
}
