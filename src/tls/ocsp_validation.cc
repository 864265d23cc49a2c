#include "tls/ocsp_validation.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "tls/tls_context.h"
#include "tls/tls_error.h"

namespace uringx {
namespace {

constexpr const char* kRequestFailed = "certificate status request failed";

int fault_index() {
  static const int index = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return index;
}

void set_fault(SSL* session, const char* fault) { SSL_set_ex_data(session, fault_index(), const_cast<char*>(fault)); }

const char* fault_of(CertificateStatus status) {
  switch (status) {
    case CertificateStatus::good: return nullptr;
    case CertificateStatus::revoked: return "certificate revoked";
    case CertificateStatus::unknown: return "certificate status unknown";
  }
  __builtin_unreachable();
}

// What the handshake verified; a session that is used again has only the certificate itself.
std::expected<TlsOwned<stack_st_X509>, std::string> verified_chain(SSL* session, X509* certificate) {
  ERR_clear_error();
  const auto failed = [](std::string_view call) {
    return std::unexpected(take_tls_errors(std::string(call) + " failed"));
  };
  if (STACK_OF(X509)* const chain = SSL_get0_verified_chain(session))
    return TlsOwned<stack_st_X509>(X509_chain_up_ref(chain));
  const std::unique_ptr<X509_STORE_CTX, void (*)(X509_STORE_CTX*)> search(X509_STORE_CTX_new(), X509_STORE_CTX_free);
  X509_STORE* const store = SSL_CTX_get_cert_store(SSL_get_SSL_CTX(session));
  if (search == nullptr ||
      X509_STORE_CTX_init(search.get(), store, certificate, SSL_get_peer_cert_chain(session)) == 0) {
    return failed("X509_STORE_CTX_init()");
  }
  if (X509_verify_cert(search.get()) <= 0) return failed("X509_verify_cert()");
  return TlsOwned<stack_st_X509>(X509_STORE_CTX_get1_chain(search.get()));
}

}  // namespace

std::expected<std::unique_ptr<OcspValidation>, std::string> OcspValidation::begin(ssl_st* session) {
  const auto* const context = static_cast<const TlsContext*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(session)));
  if (context == nullptr || context->ocsp == nullptr || SSL_get_verify_result(session) != X509_V_OK) return nullptr;
  const TlsOwned<X509> certificate(SSL_get1_peer_certificate(session));
  if (certificate == nullptr) return nullptr;
  auto chain = verified_chain(session, certificate.get());
  if (!chain) return std::unexpected(std::move(chain.error()));
  if (*chain == nullptr) return std::unexpected(take_tls_errors("X509_STORE_CTX_get1_chain() failed"));
  return std::unique_ptr<OcspValidation>(new OcspValidation(session, *context->ocsp, std::move(*chain)));
}

OcspValidation::OcspValidation(ssl_st* session, const OcspPolicy& policy, TlsOwned<stack_st_X509> chain)
    : session_(session), policy_(policy), chain_(std::move(chain)) {}

OcspQuestion OcspValidation::question() const {
  return {sk_X509_value(chain_.get(), certificate_), sk_X509_value(chain_.get(), certificate_ + 1)};
}

// ngx_ssl_ocsp_validate_next.
std::expected<bool, std::string> OcspValidation::next(std::int64_t now_s) {
  while (++certificate_ < sk_X509_num(chain_.get()) - 1 && (certificate_ == 0 || !policy_.leaf_only)) {
    if (auto chosen = choose_responder(); !chosen) return failed(std::move(chosen.error()));
    const auto known = policy_.cache == nullptr ? std::nullopt : policy_.cache->find(question(), now_s);
    if (!known) return true;
    if (!is_good(*known)) return false;
  }
  return false;
}

// ngx_ssl_ocsp_responder.
std::expected<void, std::string> OcspValidation::choose_responder() {
  if (policy_.responder) {
    responder_ = *policy_.responder;
    return {};
  }
  const std::string url = ocsp_responder_in(question().certificate);
  if (url.empty()) return std::unexpected("no OCSP responder URL in certificate");
  auto responder = parse_ocsp_responder(url);
  if (!responder) return std::unexpected(responder.error() + " in certificate");
  responder_ = std::move(*responder);
  return {};
}

std::vector<OcspAddress> OcspValidation::addresses() const {
  return policy_.responder ? policy_.addresses : responder_.numeric_address();
}

std::expected<bool, std::string> OcspValidation::take(std::string_view body, std::int64_t now_s) {
  std::vector<X509*> known;
  for (int i = 0; i < sk_X509_num(chain_.get()); ++i) known.push_back(sk_X509_value(chain_.get(), i));
  const auto answer = check_ocsp_answer(body, question(), {SSL_get_SSL_CTX(session_), known});
  if (!answer) return failed(answer.error());
  if (policy_.cache != nullptr) policy_.cache->store(question(), *answer, now_s);
  return is_good(answer->status);
}

void OcspValidation::fail() { set_fault(session_, kRequestFailed); }

std::unexpected<std::string> OcspValidation::failed(std::string line) {
  fail();
  return std::unexpected(std::move(line));
}

bool OcspValidation::is_good(CertificateStatus status) {
  set_fault(session_, fault_of(status));
  return status == CertificateStatus::good;
}

const char* ocsp_fault(const ssl_st* session) { return static_cast<const char*>(SSL_get_ex_data(session, fault_index())); }

}  // namespace uringx
