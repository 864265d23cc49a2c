#define DOCTEST_CONFIG_IMPLEMENT
#include "sim_fixture.h"

#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <string>

namespace uringx {

std::uint64_t simulation_seed() {
  static const std::uint64_t seed = [] {
    const char* given = std::getenv("URINGX_SIM_SEED");
    return given != nullptr ? std::strtoull(given, nullptr, 0) : 20221231;
  }();
  return seed;
}

std::string patterned_bytes(std::size_t size, std::uint64_t which) {
  SimulatedRandom random(which);
  std::string bytes(size, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random.next());
  return bytes;
}

}  // namespace uringx

int main(int argc, char** argv) {
  doctest::Context context(argc, argv);
  const int result = context.run();
  if (result != 0)
    std::fprintf(stderr, "to repeat: URINGX_SIM_SEED=%" PRIu64 "\n", uringx::simulation_seed());
  return result;
}
