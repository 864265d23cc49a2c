// What the fuzz targets share: how a broken promise stops the process, and inputs made of lines.
#pragma once

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace uringx {

// Not assert and not doctest: it must stop the process in every build, as the fuzzer wants it.
inline void expect(bool promise, const char* what) {
  if (promise) return;
  std::fprintf(stderr, "broken promise: %s\n", what);
  std::abort();
}

// Takes the first line, without its newline, from `text`. The line is part of the same memory.
inline std::string_view take_line(std::string_view& text) {
  const std::string_view line = text.substr(0, text.find('\n'));
  text.remove_prefix(std::min(text.size(), line.size() + 1));
  return line;
}

}  // namespace uringx
