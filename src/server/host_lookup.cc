#include "server/host_lookup.h"

#include <netdb.h>

#include <new>

namespace uringx {

void HostLookup::work() try {
  answer_ = look_up(responder_);
} catch (const std::bad_alloc&) {
  answer_ = std::unexpected(EAI_MEMORY);
}

}  // namespace uringx
