// Makes the TlsContext of one server block from what its directives say, in the order in which nginx does it, so that the first
// error is nginx's (ngx_http_ssl_merge_srv_conf, ngx_event_openssl.c). Main thread, while a configuration is read; it reads
// certificates and keys, with the rights of whoever started it.
#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tls/certificate_loader.h"
#include "tls/session_cache.h"
#include "tls/tls_context.h"

namespace uringx {

// Bits of ssl_protocols.
enum TlsProtocol : std::uint32_t {
  kSslV2 = 1u << 0,
  kSslV3 = 1u << 1,
  kTlsV1 = 1u << 2,
  kTlsV11 = 1u << 3,
  kTlsV12 = 1u << 4,
  kTlsV13 = 1u << 5,
};

// ssl_verify_client.
enum class ClientVerification : std::uint8_t { off, on, optional, optional_no_ca };

// ssl_ocsp: whose certificates the authorities are asked about, the client's alone or those between as well.
enum class OcspMode : std::uint8_t { off, on, leaf };

// ssl_session_cache, but for the zone: how OpenSSL's own cache is used.
struct SessionCacheMode {
  enum class Kind : std::uint8_t { off, none, builtin, shared_only } kind = Kind::none;
  std::optional<std::int64_t> builtin_sessions{};  // of `builtin`; OpenSSL's own number where not given
};

// Names are full paths, but for those of TlsConfig::command_path.
struct TlsConfig {
  std::uint32_t protocols = kTlsV1 | kTlsV11 | kTlsV12 | kTlsV13;
  std::string ciphers;
  bool prefer_server_ciphers = false;
  std::vector<CertificateNames> certificates;
  bool certificates_vary = false;  // their names hold variables: none is read now
  std::shared_ptr<const TlsPasswords> passwords;
  ClientVerification verify = ClientVerification::off;
  std::int64_t verify_depth = 1;
  std::string client_certificate;
  std::string trusted_certificate;
  std::string crl;
  OcspMode ocsp = OcspMode::off;
  std::string ocsp_responder;
  std::shared_ptr<SharedZone> ocsp_zone;
  std::string dhparam;
  std::string ecdh_curve;
  SessionCacheMode session_cache;
  std::shared_ptr<SharedZone> session_zone;
  std::int64_t session_timeout_s = 300;
  bool session_tickets = true;
  std::vector<std::string> ticket_keys;
  bool stapling = false;
  std::string stapling_file;
  std::string stapling_responder;
  bool stapling_verify = false;
  bool early_data = false;
  bool rejects_handshake = false;
  std::vector<std::pair<std::string, std::string>> commands;             // ssl_conf_command
  std::function<std::string(std::string_view)> command_path;             // makes a value that is a file's name a full path
  const LogFile* key_log = nullptr;  // ssl_key_log
  // What tells this server's sessions from those of servers with the same certificates and client authorities.
  std::string session_scope;
};

struct TlsBuildError {
  std::string message;
  bool with_place = false;  // nginx prints it with " in FILE:LINE"
};

// Without certificates and without rejects_handshake there is nothing to make: nullptr. `warnings` are nginx's, without a place.
std::expected<std::unique_ptr<TlsContext>, TlsBuildError> build_tls_context(const TlsConfig& config,
                                                                            std::vector<std::string>& warnings);

}  // namespace uringx
