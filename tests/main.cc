// Runs the tests, then asserts what every test process asserts: no descriptor was left open.
#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

#include <cstdio>
#include <filesystem>
#include <iterator>

namespace {

auto open_descriptors() {
  return std::distance(std::filesystem::directory_iterator("/proc/self/fd"),
                       std::filesystem::directory_iterator());
}

}  // namespace

int main(int argc, char** argv) {
  doctest::Context context(argc, argv);
  const auto before = open_descriptors();
  const int result = context.run();
  if (context.shouldExit()) return result;
  const auto after = open_descriptors();
  if (after == before) return result;
  std::fprintf(stderr, "descriptors open before the tests: %td, after: %td\n", before, after);
  return 1;
}
