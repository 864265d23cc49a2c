// DH parameters of files are read as nginx reads them, with functions OpenSSL 3.0 has deprecated: their errors are nginx's.
#define OPENSSL_SUPPRESS_DEPRECATED
#include "tls/context_builder.h"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <algorithm>
#include <array>

#include "tls/key_log.h"
#include "tls/ocsp_validation.h"
#include "tls/session_callbacks.h"
#include "tls/stapling.h"
#include "tls/stapling_setup.h"
#include "tls/ticket_keys.h"
#include "tls/tls_error.h"
#include "tls/tls_session.h"

namespace uringx {
namespace {

using Built = std::expected<void, TlsBuildError>;

std::unexpected<TlsBuildError> refuse(std::string message) { return std::unexpected(TlsBuildError{std::move(message)}); }

// `CALL("ARGUMENT") failed (SSL: ...)`.
std::unexpected<TlsBuildError> failed(std::string_view call, std::string_view argument) {
  return refuse(take_tls_errors(fmt::format("{}(\"{}\") failed", call, argument)));
}
std::unexpected<TlsBuildError> failed(std::string_view call) {
  return refuse(take_tls_errors(fmt::format("{}() failed", call)));
}

struct ProtocolOption {
  TlsProtocol protocol;
  std::uint64_t off;
};
constexpr ProtocolOption kProtocols[] = {
    {kSslV3, SSL_OP_NO_SSLv3},     {kTlsV1, SSL_OP_NO_TLSv1},     {kTlsV11, SSL_OP_NO_TLSv1_1},
    {kTlsV12, SSL_OP_NO_TLSv1_2}, {kTlsV13, SSL_OP_NO_TLSv1_3},
};

// One step a function, in nginx's order.
class Builder {
 public:
  Builder(const TlsConfig& config, std::vector<std::string>& warnings) : config_(config), warnings_(warnings) {}

  std::expected<std::unique_ptr<TlsContext>, TlsBuildError> build() {
    for (const auto step : kSteps) {
      ERR_clear_error();
      if (auto done = (this->*step)(); !done) return std::unexpected(std::move(done.error()));
    }
    ERR_clear_error();
    return std::move(context_);
  }

 private:
  Built create();
  Built set_ciphers();
  Built use_certificates();
  Built use_certificate(const CertificateNames& names);
  Built verify_clients();
  Built trust();
  Built revoke();
  Built ask_authorities();
  Built set_dhparam();
  Built set_curves();
  Built cache_sessions();
  Built name_sessions();
  Built set_tickets();
  Built staple();
  Built allow_early_data();
  Built run_commands();
  static constexpr Built (Builder::*kSteps[])() = {
      &Builder::create,        &Builder::set_ciphers, &Builder::use_certificates, &Builder::verify_clients,
      &Builder::trust,         &Builder::revoke,      &Builder::ask_authorities,  &Builder::set_dhparam,
      &Builder::set_curves,
      &Builder::name_sessions, &Builder::cache_sessions, &Builder::set_tickets,   &Builder::staple,
      &Builder::allow_early_data, &Builder::run_commands,
  };

  const TlsConfig& config_;
  std::vector<std::string>& warnings_;
  std::unique_ptr<TlsContext> context_;
  SSL_CTX* handle_ = nullptr;
  std::vector<x509_st*> leaves_;      // the handle's
  std::vector<TlsOwned<x509_st>> kept_leaves_;  // one that another of its kind replaced counts for the session's names
};

// ngx_ssl_create.
Built Builder::create() {
  handle_ = SSL_CTX_new(TLS_server_method());
  if (handle_ == nullptr) return failed("SSL_CTX_new");
  context_ = std::make_unique<TlsContext>(handle_);
  context_->rejects_handshake = config_.rejects_handshake;
  context_->key_log = config_.key_log;
  if (config_.key_log != nullptr) install_key_log(handle_);
  std::uint64_t options = SSL_OP_NO_ANTI_REPLAY | SSL_OP_IGNORE_UNEXPECTED_EOF | SSL_OP_NO_COMPRESSION;
  for (const ProtocolOption& one : kProtocols) {
    if ((config_.protocols & one.protocol) == 0) options |= one.off;
    else SSL_CTX_clear_options(handle_, one.off);
  }
  SSL_CTX_set_options(handle_, options);
  // The system's openssl.cnf may have set bounds: what the configuration says holds.
  SSL_CTX_set_min_proto_version(handle_, 0);
  SSL_CTX_set_max_proto_version(handle_, TLS1_3_VERSION);
  SSL_CTX_set_mode(handle_, SSL_MODE_NO_AUTO_CHAIN);
  install_session_aging(handle_);
  TlsSession::prepare(handle_);
  return {};
}

// ngx_ssl_ciphers.
Built Builder::set_ciphers() {
  if (SSL_CTX_set_cipher_list(handle_, config_.ciphers.c_str()) == 0)
    return failed("SSL_CTX_set_cipher_list", config_.ciphers);
  if (config_.prefer_server_ciphers) SSL_CTX_set_options(handle_, SSL_OP_CIPHER_SERVER_PREFERENCE);
  return {};
}

Built Builder::use_certificates() {
  if (config_.certificates_vary) {
    context_->waits_for_certificates = true;
    wait_for_certificates(handle_);
    return {};
  }
  for (const CertificateNames& names : config_.certificates) {
    if (auto used = use_certificate(names); !used) return used;
  }
  return {};
}

// ngx_ssl_certificate.
Built Builder::use_certificate(const CertificateNames& names) {
  auto chain = load_certificate_chain(names.certificate);
  if (!chain) return refuse(std::move(chain.error()));
  if (SSL_CTX_use_certificate(handle_, chain->leaf.get()) == 0)
    return failed("SSL_CTX_use_certificate", names.certificate);
  leaves_.push_back(chain->leaf.get());
  kept_leaves_.push_back(std::move(chain->leaf));
  if (SSL_CTX_set1_chain(handle_, chain->issuers.get()) == 0) return failed("SSL_CTX_set0_chain", names.certificate);
  const auto key = load_certificate_key(names.key, config_.passwords.get());
  if (!key) return refuse(key.error());
  if (SSL_CTX_use_PrivateKey(handle_, key->get()) == 0) return failed("SSL_CTX_use_PrivateKey", names.key);
  return {};
}

// Verification goes on whatever it finds: what becomes of it is decided by the request (ngx_http_process_request).
int note_verification(int, X509_STORE_CTX*) noexcept { return 1; }

// ngx_ssl_client_certificate.
Built Builder::verify_clients() {
  if (config_.verify == ClientVerification::off) return {};
  const std::string& file = config_.client_certificate;
  if (file.empty() && config_.verify != ClientVerification::optional_no_ca) {
    return refuse("no ssl_client_certificate for ssl_verify_client");
  }
  SSL_CTX_set_verify(handle_, SSL_VERIFY_PEER, note_verification);
  SSL_CTX_set_verify_depth(handle_, static_cast<int>(config_.verify_depth));
  if (file.empty()) return {};
  if (SSL_CTX_load_verify_locations(handle_, file.c_str(), nullptr) == 0)
    return failed("SSL_CTX_load_verify_locations", file);
  ERR_clear_error();  // it leaves errors behind though it succeeds
  STACK_OF(X509_NAME)* const names = SSL_load_client_CA_file(file.c_str());
  if (names == nullptr) return failed("SSL_load_client_CA_file", file);
  ERR_clear_error();
  SSL_CTX_set_client_CA_list(handle_, names);
  return {};
}

// ngx_ssl_trusted_certificate.
Built Builder::trust() {
  SSL_CTX_set_verify(handle_, SSL_CTX_get_verify_mode(handle_), note_verification);
  SSL_CTX_set_verify_depth(handle_, static_cast<int>(config_.verify_depth));
  const std::string& file = config_.trusted_certificate;
  if (!file.empty() && SSL_CTX_load_verify_locations(handle_, file.c_str(), nullptr) == 0)
    return failed("SSL_CTX_load_verify_locations", file);
  return {};
}

// ngx_ssl_crl.
Built Builder::revoke() {
  const std::string& file = config_.crl;
  if (file.empty()) return {};
  X509_STORE* const store = SSL_CTX_get_cert_store(handle_);
  X509_LOOKUP* const lookup = X509_STORE_add_lookup(store, X509_LOOKUP_file());
  if (lookup == nullptr) return failed("X509_STORE_add_lookup");
  if (X509_LOOKUP_load_file(lookup, file.c_str(), X509_FILETYPE_PEM) == 0) return failed("X509_LOOKUP_load_file", file);
  X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL);
  return {};
}

// ngx_ssl_ocsp.
Built Builder::ask_authorities() {
  constexpr std::string_view kIn = " in \"ssl_ocsp_responder\"";
  if (config_.ocsp == OcspMode::off) return {};
  if (config_.verify == ClientVerification::optional_no_ca)
    return refuse("\"ssl_ocsp\" is incompatible with \"ssl_verify_client optional_no_ca\"");
  auto policy = std::make_unique<OcspPolicy>();
  policy->leaf_only = config_.ocsp == OcspMode::leaf;
  if (config_.ocsp_zone != nullptr) policy->cache = std::make_unique<OcspCache>(config_.ocsp_zone);
  if (const std::string& url = config_.ocsp_responder; !url.empty()) {
    auto responder = parse_ocsp_responder(url);
    if (!responder) return refuse(responder.error().append(kIn));
    auto addresses = look_up(*responder);
    if (!addresses) return refuse(ocsp_host_not_found(url).append(kIn));
    policy->responder = std::move(*responder);
    policy->addresses = std::move(*addresses);
  }
  context_->ocsp = std::move(policy);
  return {};
}

// ngx_ssl_dhparam.
Built Builder::set_dhparam() {
  const std::string& file = config_.dhparam;
  if (file.empty()) return {};
  const TlsOwned<BIO> bio(BIO_new_file(file.c_str(), "r"));
  if (bio == nullptr) return failed("BIO_new_file", file);
  const std::unique_ptr<DH, void (*)(DH*)> parameters(PEM_read_bio_DHparams(bio.get(), nullptr, nullptr, nullptr), DH_free);
  if (parameters == nullptr) return failed("PEM_read_bio_DHparams", file);
  if (SSL_CTX_set_tmp_dh(handle_, parameters.get()) != 1) return failed("SSL_CTX_set_tmp_dh", file);
  return {};
}

// ngx_ssl_ecdh_curve.
Built Builder::set_curves() {
  if (config_.ecdh_curve == "auto") return {};
  if (SSL_CTX_set1_curves_list(handle_, config_.ecdh_curve.c_str()) == 0)
    return failed("SSL_CTX_set1_curves_list", config_.ecdh_curve);
  return {};
}

// ngx_ssl_session_id_context: sessions are good only where they were made.
Built Builder::name_sessions() {
  SSL_CTX_set_timeout(handle_, static_cast<long>(config_.session_timeout_s));
  const std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> digest(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  if (digest == nullptr || EVP_DigestInit_ex(digest.get(), EVP_sha1(), nullptr) == 0) return failed("EVP_DigestInit_ex");
  std::array<unsigned char, EVP_MAX_MD_SIZE> bytes;
  unsigned size = 0;
  const auto add = [&](const void* data, std::size_t count) { EVP_DigestUpdate(digest.get(), data, count); };
  add("HTTP", 4);
  for (const X509* leaf : leaves_) {
    if (X509_digest(leaf, EVP_sha1(), bytes.data(), &size) == 0) return failed("X509_digest");
    add(bytes.data(), size);
  }
  if (leaves_.empty()) {
    for (const CertificateNames& names : config_.certificates) add(names.certificate.data(), names.certificate.size());
  }
  const STACK_OF(X509_NAME)* const authorities = SSL_CTX_get_client_CA_list(handle_);
  for (int i = 0; authorities != nullptr && i < sk_X509_NAME_num(authorities); ++i) {
    if (X509_NAME_digest(sk_X509_NAME_value(authorities, i), EVP_sha1(), bytes.data(), &size) == 0)
      return failed("X509_NAME_digest");
    add(bytes.data(), size);
  }
  add(config_.session_scope.data(), config_.session_scope.size());
  if (EVP_DigestFinal_ex(digest.get(), bytes.data(), &size) == 0) return failed("EVP_DigestFinal_ex");
  if (SSL_CTX_set_session_id_context(handle_, bytes.data(), size) == 0) return failed("SSL_CTX_set_session_id_context");
  return {};
}

// ngx_ssl_session_cache.
Built Builder::cache_sessions() {
  using Kind = SessionCacheMode::Kind;
  const Kind kind = config_.session_cache.kind;
  switch (kind) {
    case Kind::off: SSL_CTX_set_session_cache_mode(handle_, SSL_SESS_CACHE_OFF); return {};
    case Kind::none:
      // Clients are told that sessions may be used again, and none is kept: some mail clients insist.
      SSL_CTX_set_session_cache_mode(handle_, SSL_SESS_CACHE_SERVER | SSL_SESS_CACHE_NO_AUTO_CLEAR |
                                                  SSL_SESS_CACHE_NO_INTERNAL_STORE);
      SSL_CTX_sess_set_cache_size(handle_, 1);
      return {};
    case Kind::builtin:
      SSL_CTX_set_session_cache_mode(handle_, SSL_SESS_CACHE_SERVER);
      if (config_.session_cache.builtin_sessions)
        SSL_CTX_sess_set_cache_size(handle_, static_cast<long>(*config_.session_cache.builtin_sessions));
      break;
    case Kind::shared_only:
      SSL_CTX_set_session_cache_mode(handle_, SSL_SESS_CACHE_SERVER | SSL_SESS_CACHE_NO_INTERNAL);
      break;
  }
  if (config_.session_zone == nullptr) return {};
  context_->session_cache = std::make_shared<TlsSessionCache>(config_.session_zone);
  install_session_cache(handle_);
  return {};
}

// ngx_ssl_session_ticket_keys. Without a shared cache and without files OpenSSL makes its own keys, which all workers have.
Built Builder::set_tickets() {
  if (!config_.session_tickets) SSL_CTX_set_options(handle_, SSL_OP_NO_TICKET);
  if (config_.ticket_keys.empty() && context_->session_cache == nullptr) return {};
  if (config_.ticket_keys.empty()) {
    context_->ticket_keys = std::make_unique<TicketKeys>(context_->session_cache, config_.session_timeout_s);
  } else {
    TicketKeys::Keys keys;
    for (const std::string& path : config_.ticket_keys) {
      auto key = TicketKeys::read(path);
      if (!key) return std::unexpected(TlsBuildError{std::move(key.error()), true});
      keys.push_back(*key);
    }
    context_->ticket_keys = std::make_unique<TicketKeys>(std::move(keys));
  }
  TicketKeys::install(handle_);
  return {};
}

Built Builder::staple() {
  if (!config_.stapling) return {};
  std::vector<StapledCertificate> certificates;
  // The last certificate comes first, as in nginx 1.22.
  for (std::size_t i = leaves_.size(); i-- > 0;) certificates.push_back({leaves_[i], config_.certificates[i].certificate});
  auto stapling = set_up_stapling(handle_, certificates, {config_.stapling_file, config_.stapling_responder, config_.stapling_verify},
                                  warnings_);
  if (!stapling) return refuse(std::move(stapling.error()));
  context_->stapling = std::move(*stapling);
  Stapling::install(handle_);
  return {};
}

// ngx_ssl_early_data.
Built Builder::allow_early_data() {
  constexpr std::uint32_t kEarlyBytesMax = 16384;
  context_->early_data = config_.early_data;
  if (config_.early_data) SSL_CTX_set_max_early_data(handle_, kEarlyBytesMax);
  return {};
}

// ngx_ssl_conf_commands.
Built Builder::run_commands() {
  if (config_.commands.empty()) return {};
  const std::unique_ptr<SSL_CONF_CTX, void (*)(SSL_CONF_CTX*)> commands(SSL_CONF_CTX_new(), SSL_CONF_CTX_free);
  if (commands == nullptr) return failed("SSL_CONF_CTX_new");
  SSL_CONF_CTX_set_flags(commands.get(), SSL_CONF_FLAG_FILE | SSL_CONF_FLAG_SERVER | SSL_CONF_FLAG_CLIENT |
                                             SSL_CONF_FLAG_CERTIFICATE | SSL_CONF_FLAG_SHOW_ERRORS);
  SSL_CONF_CTX_set_ssl_ctx(commands.get(), handle_);
  for (const auto& [name, value] : config_.commands) {
    const int type = SSL_CONF_cmd_value_type(commands.get(), name.c_str());
    const bool is_path = type == SSL_CONF_TYPE_FILE || type == SSL_CONF_TYPE_DIR;
    const std::string text = is_path && config_.command_path ? config_.command_path(value) : value;
    if (SSL_CONF_cmd(commands.get(), name.c_str(), text.c_str()) <= 0) {
      return refuse(take_tls_errors(fmt::format("SSL_CONF_cmd(\"{}\", \"{}\") failed", name, text)));
    }
  }
  if (SSL_CONF_CTX_finish(commands.get()) != 1) return failed("SSL_CONF_finish");
  return {};
}

}  // namespace

std::expected<std::unique_ptr<TlsContext>, TlsBuildError> build_tls_context(const TlsConfig& config,
                                                                            std::vector<std::string>& warnings) {
  if (config.certificates.empty() && !config.rejects_handshake) return nullptr;
  return Builder(config, warnings).build();
}

}  // namespace uringx
