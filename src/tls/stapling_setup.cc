#include "tls/stapling_setup.h"

#include <fmt/format.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "tls/tls_error.h"

namespace uringx {
namespace {

// ngx_ssl_stapling_issuer: out of the chain, else of the trusted certificates.
std::expected<TlsOwned<X509>, std::string> find_issuer(SSL_CTX* context, X509* certificate) {
  STACK_OF(X509)* chain = nullptr;
  SSL_CTX_select_current_cert(context, certificate);
  SSL_CTX_get0_chain_certs(context, &chain);
  for (int i = 0; chain != nullptr && i < sk_X509_num(chain); ++i) {
    X509* const one = sk_X509_value(chain, i);
    if (X509_check_issued(one, certificate) != X509_V_OK) continue;
    X509_up_ref(one);
    return TlsOwned<X509>(one);
  }
  const std::unique_ptr<X509_STORE_CTX, void (*)(X509_STORE_CTX*)> search(X509_STORE_CTX_new(), X509_STORE_CTX_free);
  if (search == nullptr || X509_STORE_CTX_init(search.get(), SSL_CTX_get_cert_store(context), nullptr, nullptr) == 0) {
    return std::unexpected(take_tls_errors("X509_STORE_CTX_init() failed"));
  }
  X509* found = nullptr;
  const int result = X509_STORE_CTX_get1_issuer(&found, search.get(), certificate);
  if (result == -1) return std::unexpected(take_tls_errors("X509_STORE_CTX_get1_issuer() failed"));
  return TlsOwned<X509>(result == 1 ? found : nullptr);
}

// False: a warning says why the certificate is left out.
bool find_responder(Stapling::Staple& staple, const std::string& name, std::string url,
                    std::vector<std::string>& warnings) {
  if (url.empty()) url = ocsp_responder_in(staple.certificate.get());
  if (url.empty()) {
    warnings.push_back(fmt::format("\"ssl_stapling\" ignored, no OCSP responder URL in the certificate \"{}\"", name));
    return false;
  }
  const auto responder = parse_ocsp_responder(url);
  const auto ignore = [&](std::string_view why) {
    warnings.push_back(fmt::format("\"ssl_stapling\" ignored, {} in the certificate \"{}\"", why, name));
    return false;
  };
  if (!responder) return ignore(responder.error());
  if (!look_up(*responder)) return ignore(ocsp_host_not_found(url));
  staple.responder = *responder;
  return true;
}

}  // namespace

std::expected<std::unique_ptr<Stapling>, std::string> set_up_stapling(ssl_ctx_st* context,
                                                                      const std::vector<StapledCertificate>& certificates,
                                                                      const StaplingSource& source,
                                                                      std::vector<std::string>& warnings) {
  auto stapling = std::make_unique<Stapling>();
  for (const auto& [certificate, name] : certificates) {
    auto staple = std::make_unique<Stapling::Staple>();
    X509_up_ref(certificate);
    staple->certificate.reset(certificate);
    staple->name = name;
    staple->context = context;
    staple->verify = source.verify;
    if (!source.file.empty()) {
      auto answer = Stapling::read(source.file);
      if (!answer) return std::unexpected(std::move(answer.error()));
      staple->answer = std::make_shared<const OcspAnswer>(std::move(*answer));
      stapling->add(std::move(staple));
      continue;
    }
    auto issuer = find_issuer(context, certificate);
    if (!issuer) return std::unexpected(std::move(issuer.error()));
    if (*issuer == nullptr) {
      warnings.push_back(
          fmt::format("\"ssl_stapling\" ignored, issuer certificate not found for certificate \"{}\"", name));
      continue;
    }
    staple->issuer = std::move(*issuer);
    if (find_responder(*staple, name, source.responder, warnings)) stapling->add(std::move(staple));
  }
  return stapling;
}

}  // namespace uringx
