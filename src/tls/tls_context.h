// TlsContext is what one server block says of TLS, ready for sessions: certificates, ciphers, verification, session cache
// (nginx: ngx_ssl_t). Made on the main thread while the configuration is read, before privileges are dropped; const
// afterwards and shared by all workers (OpenSSL counts references and locks inside).
#pragma once

#include <cstddef>
#include <memory>

struct ssl_ctx_st;

namespace uringx {

class TlsContext {
 public:
  // Takes the handle over.
  explicit TlsContext(ssl_ctx_st* handle) : handle_(handle) {}
  ~TlsContext();
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;

  ssl_ctx_st* handle() const { return handle_; }

  bool rejects_handshake = false;       // ssl_reject_handshake
  bool early_data = false;              // ssl_early_data
  std::size_t record_bytes_max = 0;     // ssl_buffer_size; 0: not given, records may begin small

 private:
  ssl_ctx_st* handle_;
};

}  // namespace uringx
