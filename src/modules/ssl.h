// The directives of ngx_http_ssl_module and the TlsContext that a server block makes of them. Settings are built with the
// configuration, const afterwards; certificates and keys are read while it is read, on the main thread.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "modules/module.h"
#include "modules/variables.h"
#include "tls/certificate_cache.h"
#include "tls/context_builder.h"

namespace uringx {

// `ssl on`, and where it stands.
struct LegacySsl {
  bool on = false;
  std::string file;
  unsigned line = 0;
};

// The names of one certificate and of its key, as one handshake has them: full paths are made of them by full_names().
struct CertificateTemplates {
  Template certificate;
  Template key;
};

struct ServerSsl : Settings {
  static constexpr ModuleId kModule = ModuleId::ssl;

  // What the server uses. nullptr: no certificate and no ssl_reject_handshake, and no client can have a session here.
  const TlsContext* context = nullptr;
  // With TlsContext::waits_for_certificates: what names its certificates, and what opens the keys.
  std::vector<CertificateTemplates> certificate_templates;
  std::unique_ptr<CertificateCache> loaded_certificates;  // nullptr: each handshake reads the files
  std::string conf_directory;  // that the names begin at, with its "/"
  // The server's names, put here when its block was read: what tells its sessions from those of others.
  std::string server_names;

  Setting<LegacySsl> legacy{};
  Setting<std::vector<std::string>> certificates{};
  Setting<std::vector<std::string>> certificate_keys{};
  Setting<CertificateCacheLimits> certificate_cache{};
  Setting<std::shared_ptr<const TlsPasswords>> passwords{};
  Setting<std::uint32_t> protocols{kTlsV1 | kTlsV11 | kTlsV12 | kTlsV13};
  Setting<std::string> ciphers{"HIGH:!aNULL:!MD5"};
  Setting<bool> prefer_server_ciphers{false};
  Setting<std::string> ecdh_curve{"auto"};
  Setting<std::string> dhparam{};
  Setting<Bytes> buffer_size{};
  Setting<ClientVerification> verify_client{ClientVerification::off};
  Setting<Number> verify_depth{Number{1}};
  Setting<std::string> client_certificate{};
  Setting<std::string> trusted_certificate{};
  Setting<std::string> crl{};
  Setting<SessionCacheMode> session_cache{};
  Setting<std::shared_ptr<SharedZone>> session_zone{};
  Setting<Seconds> session_timeout{Seconds{300}};
  Setting<bool> session_tickets{true};
  Setting<std::vector<std::string>> session_ticket_keys{};
  Setting<bool> stapling{false};
  Setting<std::string> stapling_file{};
  Setting<std::string> stapling_responder{};
  Setting<bool> stapling_verify{false};
  Setting<bool> early_data{false};
  Setting<bool> reject_handshake{false};
  Setting<std::vector<std::pair<std::string, std::string>>> conf_commands{};
  Setting<const LogFile*> key_log{nullptr};
  Setting<OcspMode> ocsp{OcspMode::off};
  Setting<std::string> ocsp_responder{};
  Setting<std::shared_ptr<SharedZone>> ocsp_zone{};

  // Whether an address with TLS can have it as its default server (ngx_http_ssl_init).
  bool has_certificates() const { return !certificates->empty(); }

 private:
  friend struct SslFinish;

  std::unique_ptr<TlsContext> owned_context_;
};

extern const Module kSslModule;
extern const Module kOpensslModule;  // ssl_engine

// The names one handshake gives, as load_certificate() wants them: relative ones begin at the configuration file's folder.
CertificateNames full_names(const ServerSsl& settings, std::string_view certificate, std::string_view key);

}  // namespace uringx
