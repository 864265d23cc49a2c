#include "base/check.h"

#include <cstdio>
#include <cstdlib>

namespace uringx {

void check_failed(const char* condition, const char* file, int line) {
  std::fprintf(stderr, "uringx: [alert] check failed: %s in %s:%d\n", condition, file, line);
  std::abort();
}

}  // namespace uringx
