// HostLookup finds the addresses of an OCSP responder's name, on a helper's thread: the system's resolver waits for name servers.
// Owned by a RevocationCheck, on its worker's thread until it was started, and again when it was answered.
#pragma once

#include <expected>
#include <vector>

#include "server/helper_threads.h"
#include "tls/ocsp_responder.h"

namespace uringx {

class HostLookup final : public HelperJob {
 public:
  HostLookup(void* owner, Handler handler, OcspResponder responder)
      : HelperJob(owner, handler), responder_(std::move(responder)) {}

  // The error is getaddrinfo()'s.
  const std::expected<std::vector<OcspAddress>, int>& answer() const { return answer_; }

 private:
  void work() override;

  const OcspResponder responder_;
  std::expected<std::vector<OcspAddress>, int> answer_;
};

}  // namespace uringx
