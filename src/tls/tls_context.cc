#include "tls/tls_context.h"

#include <openssl/ssl.h>

namespace uringx {

TlsContext::~TlsContext() { SSL_CTX_free(handle_); }

}  // namespace uringx
