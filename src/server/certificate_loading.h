// CertificateLoading reads the certificates that a handshake waits for, on a helper's thread: their names hold variables, so
// that they could not be read with the configuration.
// Owned by a TlsChannel, on its worker's thread until it was started, and again when it was answered.
#pragma once

#include <expected>
#include <string>
#include <vector>

#include "server/helper_threads.h"
#include "tls/certificate_loader.h"

namespace uringx {

class CertificateLoading final : public HelperJob {
 public:
  CertificateLoading(void* owner, Handler handler, std::vector<CertificateNames> names,
                     std::shared_ptr<const TlsPasswords> passwords)
      : HelperJob(owner, handler), names_(std::move(names)), passwords_(std::move(passwords)) {}

  // The chains in the order of the names, or the line for the log that says why there is none.
  const std::expected<LoadedCertificates, std::string>& answer() const { return answer_; }

 private:
  void work() override;

  const std::vector<CertificateNames> names_;
  const std::shared_ptr<const TlsPasswords> passwords_;
  std::expected<LoadedCertificates, std::string> answer_;
};

}  // namespace uringx
