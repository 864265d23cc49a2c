// What OpenSSL asks of a TlsContext about sessions: where they are kept, and how long they live. Installed while a
// context is made; the functions run on workers' threads.
#pragma once

struct ssl_ctx_st;

namespace uringx {

// Sessions of a TlsContext's handle are kept in its session_cache (ngx_ssl_new_session, ngx_ssl_get_cached_session).
void install_session_cache(ssl_ctx_st* context);

// A session of TLS 1.3 that is used again and again does not live longer than ssl_session_timeout (ngx_ssl_info_callback).
void install_session_aging(ssl_ctx_st* context);

}  // namespace uringx
