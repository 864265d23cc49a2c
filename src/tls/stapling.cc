#include "tls/stapling.h"

#include <fmt/format.h>
#include <openssl/ocsp.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <cstring>
#include <ctime>

#include "tls/openssl_callback.h"
#include "tls/tls_context.h"
#include "tls/tls_error.h"

namespace uringx {
namespace {

// ngx_ssl_certificate_status_callback: of the server the client named, which is the session's context by now.
int give_answer(SSL* session, void*) {
  const auto* const context = static_cast<const TlsContext*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(session)));
  if (context == nullptr || context->stapling == nullptr) return SSL_TLSEXT_ERR_NOACK;
  const auto& staples = context->stapling->staples();
  const X509* const certificate = SSL_get_certificate(session);
  const auto staple = std::ranges::find_if(staples, [&](const auto& one) { return one->certificate.get() == certificate; });
  if (staple == staples.end()) return SSL_TLSEXT_ERR_NOACK;
  const auto answer = (*staple)->answer.load();
  if (answer == nullptr || answer->valid_until_s < std::time(nullptr)) return SSL_TLSEXT_ERR_NOACK;
  void* const copy = OPENSSL_memdup(answer->bytes.data(), answer->bytes.size());  // OpenSSL frees it
  if (copy == nullptr) return SSL_TLSEXT_ERR_NOACK;
  SSL_set_tlsext_status_ocsp_resp(session, static_cast<unsigned char*>(copy), static_cast<long>(answer->bytes.size()));
  return SSL_TLSEXT_ERR_OK;
}

}  // namespace

std::expected<OcspAnswer, std::string> Stapling::read(const std::string& path) {
  const auto fail = [&](std::string_view call) {
    return std::unexpected(take_tls_errors(fmt::format("{}(\"{}\") failed", call, path)));
  };
  const TlsOwned<BIO> bio(BIO_new_file(path.c_str(), "rb"));
  if (bio == nullptr) return fail("BIO_new_file");
  const TlsOwned<OCSP_RESPONSE> response(d2i_OCSP_RESPONSE_bio(bio.get(), nullptr));
  if (response == nullptr) return fail("d2i_OCSP_RESPONSE_bio");
  unsigned char* bytes = nullptr;
  const int size = i2d_OCSP_RESPONSE(response.get(), &bytes);
  if (size <= 0) return fail("i2d_OCSP_RESPONSE");
  OcspAnswer answer;
  answer.bytes.assign(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size));
  OPENSSL_free(bytes);
  return answer;
}

std::expected<OcspAnswer, std::string> Stapling::check(std::string_view body, const Staple& staple) {
  X509* const known[] = {staple.issuer.get()};
  const unsigned long flags = staple.verify ? OCSP_TRUSTOTHER : OCSP_NOVERIFY;
  auto answer = check_ocsp_answer(body, {staple.certificate.get(), staple.issuer.get()}, {staple.context, known, flags});
  if (!answer || answer->status == CertificateStatus::good) return answer;
  const std::string_view status = answer->status == CertificateStatus::revoked ? "revoked" : "unknown";
  return std::unexpected(fmt::format("certificate status \"{}\" in the OCSP response", status));
}

void Stapling::install(ssl_ctx_st* context) {
  SSL_CTX_set_tlsext_status_cb(context, (openssl_callback<give_answer, SSL_TLSEXT_ERR_ALERT_FATAL>));
}

}  // namespace uringx
