// TlsContext is what one server block says of TLS, ready for sessions: certificates, ciphers, verification, session cache
// (nginx: ngx_ssl_t). Made on the main thread while the configuration is read, before privileges are dropped; const
// afterwards and shared by all workers (OpenSSL counts references and locks inside).
#pragma once

#include <cstddef>
#include <memory>

#include "tls/owned.h"

struct ssl_st;

namespace uringx {

struct LogFile;  // base/log_file.h
struct OcspPolicy;
class Stapling;
class TicketKeys;
class TlsSessionCache;

class TlsContext {
 public:
  // Takes the handle over.
  explicit TlsContext(ssl_ctx_st* handle);
  ~TlsContext();
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;

  ssl_ctx_st* handle() const { return handle_.get(); }

  // The context a session began with: its session cache and its ticket keys hold for the session, whatever server the client
  // names afterwards (OpenSSL asks them before, and keeps to them). nullptr: none of ours.
  static const TlsContext* began_with(const ssl_st* session);

  bool rejects_handshake = false;       // ssl_reject_handshake
  bool early_data = false;              // ssl_early_data
  bool waits_for_certificates = false;  // their names hold variables: every handshake asks (tls/certificate_loader.h)

  // What OpenSSL's callbacks use; nullptr: not configured.
  std::shared_ptr<TlsSessionCache> session_cache;
  std::unique_ptr<TicketKeys> ticket_keys;
  std::unique_ptr<Stapling> stapling;
  const LogFile* key_log = nullptr;  // the configuration's
  std::unique_ptr<const OcspPolicy> ocsp;  // ssl_ocsp: nullptr, clients' certificates are good until they end

 private:
  TlsOwned<ssl_ctx_st> handle_;
};

}  // namespace uringx
