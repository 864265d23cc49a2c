#include "tls/owned.h"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/ocsp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

namespace uringx {

void TlsDelete::operator()(BIO* bio) const { BIO_free(bio); }
void TlsDelete::operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
void TlsDelete::operator()(OCSP_RESPONSE* response) const { OCSP_RESPONSE_free(response); }
void TlsDelete::operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
void TlsDelete::operator()(SSL_SESSION* session) const { SSL_SESSION_free(session); }
void TlsDelete::operator()(STACK_OF(X509) * certificates) const { sk_X509_pop_free(certificates, X509_free); }
void TlsDelete::operator()(X509* certificate) const { X509_free(certificate); }

}  // namespace uringx
