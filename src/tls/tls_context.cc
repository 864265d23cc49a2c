#include "tls/tls_context.h"

#include <openssl/ssl.h>

#include "tls/ocsp_validation.h"
#include "tls/session_cache.h"
#include "tls/stapling.h"
#include "tls/ticket_keys.h"

namespace uringx {
namespace {

// A session remembers the context it was made of before the client's choice of a server changes it.
void remember_context(void* session, void*, CRYPTO_EX_DATA* data, int index, long, void*) noexcept {
  CRYPTO_set_ex_data(data, index, SSL_get_SSL_CTX(static_cast<SSL*>(session)));
}

int context_of_session_index() {
  static const int index = SSL_get_ex_new_index(0, nullptr, remember_context, nullptr, nullptr);
  return index;
}

}  // namespace

TlsContext::TlsContext(ssl_ctx_st* handle) : handle_(handle) {
  context_of_session_index();
  SSL_CTX_set_app_data(handle, this);
}

TlsContext::~TlsContext() {
  // A session may outlive it by a moment and hold the handle.
  SSL_CTX_set_app_data(handle_.get(), nullptr);
}

const TlsContext* TlsContext::began_with(const ssl_st* session) {
  const auto* const handle = static_cast<const SSL_CTX*>(SSL_get_ex_data(session, context_of_session_index()));
  return handle == nullptr ? nullptr : static_cast<const TlsContext*>(SSL_CTX_get_app_data(handle));
}

}  // namespace uringx
