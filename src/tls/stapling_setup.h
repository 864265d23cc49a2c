// Finds out where the answers about a server's certificates come from (ngx_ssl_stapling). Main thread, while a context is made.
#pragma once

#include <expected>
#include <memory>
#include <string>
#include <vector>

#include "tls/stapling.h"

namespace uringx {

struct StapledCertificate {
  x509_st* certificate;  // the context's, with its chain
  std::string name;      // for warnings
};

struct StaplingSource {
  std::string file;       // a full path; empty: answers are asked for
  std::string responder;  // a URL; empty: the certificate's own
  bool verify = false;    // ssl_stapling_verify
};

// A certificate whose answers nobody can give is left out with a warning: `"ssl_stapling" ignored, issuer certificate not found
// for certificate "NAME"`. The error is a whole line.
std::expected<std::unique_ptr<Stapling>, std::string> set_up_stapling(ssl_ctx_st* context,
                                                                      const std::vector<StapledCertificate>& certificates,
                                                                      const StaplingSource& source,
                                                                      std::vector<std::string>& warnings);

}  // namespace uringx
