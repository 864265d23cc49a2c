#include "server/path_resolving.h"

#include <cerrno>
#include <cstdlib>

namespace uringx {

void PathResolving::work() {
  if (realpath(path_.data(), resolved_) == nullptr) error_number_ = errno;
}

}  // namespace uringx
