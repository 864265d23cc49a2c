#include "server/certificate_loading.h"

#include <new>

namespace uringx {

void CertificateLoading::work() try {
  LoadedCertificates loaded;
  for (const CertificateNames& names : names_) {
    auto one = load_certificate(names, passwords_.get());
    if (!one) {
      answer_ = std::unexpected(std::move(one.error()));
      return;
    }
    loaded.push_back(std::move(*one));
  }
  answer_ = std::move(loaded);
} catch (const std::bad_alloc&) {
  answer_ = std::unexpected(std::string());
}

}  // namespace uringx
