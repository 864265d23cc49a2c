#include "process/environment.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>

namespace uringx {

TEST_CASE("children get the named variables and TZ, nothing else") {
  setenv("URINGX_TEST_KEPT", "one", 1);
  setenv("URINGX_TEST_LOST", "two", 1);
  setenv("TZ", "UTC", 1);
  const std::vector<std::string> directives{"URINGX_TEST_KEPT", "URINGX_TEST_SET=a=b", "URINGX_TEST_UNKNOWN"};
  const auto variables = environment_for_children(directives);
  CHECK(variables == std::vector<std::string>{"URINGX_TEST_KEPT=one", "URINGX_TEST_SET=a=b", "TZ=UTC"});
}

TEST_CASE("a TZ of the configuration is the only one") {
  setenv("TZ", "UTC", 1);
  const std::vector<std::string> directives{"TZ=Europe/Berlin"};
  CHECK(environment_for_children(directives) == directives);
}

}  // namespace uringx
