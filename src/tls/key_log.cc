#include "tls/key_log.h"

#include <openssl/crypto.h>
#include <openssl/ssl.h>

#include <string>

#include "base/log_file.h"
#include "tls/openssl_callback.h"
#include "tls/tls_context.h"

namespace uringx {
namespace {

void write_secret(const SSL* session, const char* secret) {
  const TlsContext* const context = TlsContext::began_with(session);
  if (context == nullptr || context->key_log == nullptr) return;
  std::string line(secret);
  line += '\n';
  append_line(*context->key_log, line);
  OPENSSL_cleanse(line.data(), line.size());
}

}  // namespace

void install_key_log(ssl_ctx_st* context) { SSL_CTX_set_keylog_callback(context, openssl_callback<write_secret>); }

}  // namespace uringx
