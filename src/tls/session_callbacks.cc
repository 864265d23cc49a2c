#include "tls/session_callbacks.h"

#include <openssl/crypto.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <ctime>

#include "tls/openssl_callback.h"
#include "tls/session_cache.h"
#include "tls/tls_context.h"

namespace uringx {
namespace {

TlsSessionCache* cache_of(const TlsContext* context) {
  return context == nullptr ? nullptr : context->session_cache.get();
}

TlsSessionCache::Bytes id_of(const SSL_SESSION* session) {
  unsigned bytes = 0;
  const unsigned char* const id = SSL_SESSION_get_id(session, &bytes);
  return {id, bytes};
}

// ngx_ssl_new_session. 0: OpenSSL keeps its reference.
int keep_session(SSL* ssl, SSL_SESSION* session) {
  // OpenSSL offers the sessions of tickets too, "because some applications just want to know".
  if (SSL_version(ssl) == TLS1_3_VERSION && (SSL_get_options(ssl) & SSL_OP_NO_TICKET) == 0) return 0;
  const TlsContext* const context = TlsContext::began_with(ssl);
  TlsSessionCache* const cache = cache_of(context);
  const int size = i2d_SSL_SESSION(session, nullptr);
  TlsSessionCache::SessionBuffer buffer;
  if (cache == nullptr || size <= 0 || static_cast<std::size_t>(size) > buffer.size()) return 0;
  unsigned char* at = buffer.data();
  i2d_SSL_SESSION(session, &at);
  const std::int64_t now_s = std::time(nullptr);
  cache->store(id_of(session), std::span(buffer).first(static_cast<std::size_t>(size)),
               now_s + SSL_CTX_get_timeout(context->handle()), now_s);
  OPENSSL_cleanse(buffer.data(), static_cast<std::size_t>(size));
  return 0;
}

SSL_SESSION* find_session(SSL* ssl, const unsigned char* id, int id_bytes, int* copy) {
  *copy = 0;
  TlsSessionCache* const cache = cache_of(TlsContext::began_with(ssl));
  if (cache == nullptr || id_bytes <= 0) return nullptr;
  TlsSessionCache::SessionBuffer buffer;
  const auto found = cache->find({id, static_cast<std::size_t>(id_bytes)}, std::time(nullptr), buffer);
  if (found.empty()) return nullptr;
  const unsigned char* at = found.data();
  SSL_SESSION* const session = d2i_SSL_SESSION(nullptr, &at, static_cast<long>(found.size()));
  OPENSSL_cleanse(buffer.data(), found.size());
  return session;
}

void forget_session(SSL_CTX* handle, SSL_SESSION* session) {
  TlsSessionCache* const cache = cache_of(static_cast<const TlsContext*>(SSL_CTX_get_app_data(handle)));
  if (cache != nullptr) cache->remove(id_of(session));
}

int aged_index() {
  static const int index = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return index;
}

// OpenSSL counts the life of a session of TLS 1.3 anew at each use: what is left of it goes down instead.
void age_session(const SSL* ssl, int where, int) noexcept {
  if ((where & SSL_CB_ACCEPT_LOOP) != SSL_CB_ACCEPT_LOOP || SSL_version(ssl) != TLS1_3_VERSION) return;
  SSL_SESSION* const session = SSL_get0_session(ssl);
  if (session == nullptr || SSL_get_ex_data(ssl, aged_index()) != nullptr) return;
  SSL_set_ex_data(const_cast<SSL*>(ssl), aged_index(), session);
  const TlsContext* const context = TlsContext::began_with(ssl);
  if (context == nullptr) return;
  const long now_s = std::time(nullptr);
  const long age_s = now_s - SSL_SESSION_get_time(session);
  const long life_s = std::min(SSL_SESSION_get_timeout(session), SSL_CTX_get_timeout(context->handle()));
  if (age_s >= life_s) {
    SSL_SESSION_set1_id_context(session, reinterpret_cast<const unsigned char*>(""), 0);  // good nowhere any more
    return;
  }
  SSL_SESSION_set_time(session, now_s);
  SSL_SESSION_set_timeout(session, life_s - age_s);
}

}  // namespace

void install_session_cache(ssl_ctx_st* context) {
  SSL_CTX_sess_set_new_cb(context, openssl_callback<keep_session>);
  SSL_CTX_sess_set_get_cb(context, openssl_callback<find_session, nullptr>);
  SSL_CTX_sess_set_remove_cb(context, openssl_callback<forget_session>);
}

void install_session_aging(ssl_ctx_st* context) {
  aged_index();
  SSL_CTX_set_info_callback(context, age_session);
}

}  // namespace uringx
