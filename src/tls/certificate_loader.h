// Reads certificates and their keys (ngx_ssl_load_certificate, ngx_ssl_load_certificate_key): when a context is made, and at
// a handshake where their names hold variables. It waits for files, so that at a handshake it runs on a helper's thread; what
// was loaded is const and may be used from any.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "tls/owned.h"

struct ssl_st;

namespace uringx {

// Passwords of encrypted keys, tried one after another; wiped when they are no longer needed.
class TlsPasswords {
 public:
  TlsPasswords() = default;
  ~TlsPasswords();
  TlsPasswords(const TlsPasswords&) = delete;
  TlsPasswords& operator=(const TlsPasswords&) = delete;

  // ngx_ssl_read_password_file: one a line, the empty ones left out; a file without any is one empty password. `path` may be a
  // FIFO. The error is nginx's: `open() "PATH" failed (2: No such file or directory)`.
  static std::expected<std::shared_ptr<const TlsPasswords>, std::string> read(const std::string& path);

  void add(std::string password) { list_.push_back(std::move(password)); }
  const std::vector<std::string>& list() const { return list_; }

 private:
  std::vector<std::string> list_;
};

// Where one certificate comes from: a full path, "data:" and the PEM text itself, for a key also "engine:NAME:ID".
struct CertificateNames {
  std::string certificate;
  std::string key;
};

// Whether it names no file; else it is to be made a full path.
bool is_certificate_text(std::string_view name);  // "data:"
bool is_certificate_key_text(std::string_view name);  // "data:", "engine:"

struct CertificateChain {
  TlsOwned<x509_st> leaf;
  TlsOwned<stack_st_X509> issuers;
};

// Errors are whole lines for the log: `cannot load certificate "NAME": PEM_read_bio_X509_AUX() failed (SSL: ...)`. Without
// passwords an encrypted key's is asked for on the terminal, as OpenSSL does.
std::expected<CertificateChain, std::string> load_certificate_chain(const std::string& name);
std::expected<TlsOwned<evp_pkey_st>, std::string> load_certificate_key(const std::string& name,
                                                                       const TlsPasswords* passwords);

// A chain with its key.
struct LoadedCertificate {
  CertificateNames names;
  CertificateChain chain;
  TlsOwned<evp_pkey_st> key;
};
using LoadedCertificates = std::vector<std::shared_ptr<const LoadedCertificate>>;

// Never asks on the terminal.
std::expected<std::shared_ptr<const LoadedCertificate>, std::string> load_certificate(const CertificateNames& names,
                                                                                      const TlsPasswords* passwords);

// All of them, in their order, or the first error.
std::expected<LoadedCertificates, std::string> load_certificates(const std::vector<CertificateNames>& names,
                                                                 const TlsPasswords* passwords);

// Gives a session whose handshake waits for its certificates (SSL_ERROR_WANT_X509_LOOKUP) what was loaded; the handshake
// goes on with the next call. An error is a line for the log, and the handshake fails (ngx_ssl_connection_certificate).
std::expected<void, std::string> use_certificates(ssl_st* session, const LoadedCertificates& certificates);
// They could not be loaded: the handshake fails with the next call.
void refuse_certificates(ssl_st* session);

// Makes sessions of a context wait for use_certificates() or refuse_certificates().
void wait_for_certificates(ssl_ctx_st* context);

}  // namespace uringx
