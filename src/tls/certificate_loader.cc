#include "tls/certificate_loader.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "base/error_log.h"
#include "base/owned_fd.h"
#include "tls/engine.h"
#include "tls/tls_error.h"

namespace uringx {
namespace {

constexpr std::string_view kData = "data:";
constexpr std::string_view kEngine = "engine:";
constexpr std::size_t kPasswordBytesMax = 4096;  // NGX_SSL_PASSWORD_BUFFER_SIZE

void wipe(std::string& text) { OPENSSL_cleanse(text.data(), text.size()); }

// What an OpenSSL function said, and the function: the part of an error line behind the name.
struct Failure {
  std::string_view what;
};

std::unexpected<std::string> cannot_load(std::string_view what, std::string_view name, std::string_view why) {
  return std::unexpected(take_tls_errors(fmt::format("cannot load {} \"{}\": {}", what, name, why)));
}

std::expected<TlsOwned<BIO>, Failure> open_name(const std::string& name) {
  if (name.starts_with(kData)) {
    TlsOwned<BIO> bio(BIO_new_mem_buf(name.data() + kData.size(), static_cast<int>(name.size() - kData.size())));
    if (bio == nullptr) return std::unexpected(Failure{"BIO_new_mem_buf() failed"});
    return bio;
  }
  TlsOwned<BIO> bio(BIO_new_file(name.c_str(), "r"));
  if (bio == nullptr) return std::unexpected(Failure{"BIO_new_file() failed"});
  return bio;
}

std::expected<CertificateChain, Failure> read_chain(BIO* bio) {
  CertificateChain chain;
  chain.leaf.reset(PEM_read_bio_X509_AUX(bio, nullptr, nullptr, nullptr));
  if (chain.leaf == nullptr) return std::unexpected(Failure{"PEM_read_bio_X509_AUX() failed"});
  chain.issuers.reset(sk_X509_new_null());
  if (chain.issuers == nullptr) return std::unexpected(Failure{"sk_X509_new_null() failed"});
  while (X509* const issuer = PEM_read_bio_X509(bio, nullptr, nullptr, nullptr)) {
    if (sk_X509_push(chain.issuers.get(), issuer) != 0) continue;
    X509_free(issuer);
    return std::unexpected(Failure{"sk_X509_push() failed"});
  }
  const unsigned long error = ERR_peek_last_error();
  const bool at_end = ERR_GET_LIB(error) == ERR_LIB_PEM && ERR_GET_REASON(error) == PEM_R_NO_START_LINE;
  if (!at_end) return std::unexpected(Failure{"PEM_read_bio_X509() failed"});
  ERR_clear_error();
  return chain;
}

// pem_password_cb; `password` is one of TlsPasswords.
int give_password(char* into, int size, int, void* password) noexcept {
  if (password == nullptr) return 0;
  const auto& text = *static_cast<const std::string*>(password);
  const std::size_t bytes = std::min(text.size(), static_cast<std::size_t>(size));
  std::memcpy(into, text.data(), bytes);
  return static_cast<int>(bytes);
}

std::expected<TlsOwned<EVP_PKEY>, Failure> read_key(BIO* bio, const TlsPasswords& passwords) {
  for (const std::string& password : passwords.list()) {
    ERR_clear_error();  // of the password before this one
    TlsOwned<EVP_PKEY> key(PEM_read_bio_PrivateKey(bio, nullptr, give_password, const_cast<std::string*>(&password)));
    if (key != nullptr) return key;
    (void)BIO_reset(bio);
  }
  if (passwords.list().empty()) {
    TlsOwned<EVP_PKEY> key(PEM_read_bio_PrivateKey(bio, nullptr, give_password, nullptr));
    if (key != nullptr) return key;
  }
  return std::unexpected(Failure{"PEM_read_bio_PrivateKey() failed"});
}

// Lines of a password file, as they come.
class PasswordLines {
 public:
  explicit PasswordLines(TlsPasswords& passwords) : passwords_(passwords) {}
  ~PasswordLines() { wipe(rest_); }

  // False: a line is too long.
  bool take(std::string_view bytes) {
    for (const char c : bytes) {
      if (c != '\n') {
        rest_ += c;
        continue;
      }
      end_line();
    }
    return rest_.size() < kPasswordBytesMax;
  }
  void end_line() {
    if (rest_.ends_with('\r')) rest_.pop_back();
    if (!rest_.empty()) passwords_.add(rest_);
    wipe(rest_);
    rest_.clear();
  }
  void reserve() { rest_.reserve(2 * kPasswordBytesMax); }  // so that no copy stays behind

 private:
  TlsPasswords& passwords_;
  std::string rest_;
};

// How far a session's certificates are.
enum class Waiting : std::intptr_t { asked = 0, usable = 1, refused = 2 };

int waiting_index() {
  static const int index = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return index;
}

void set_waiting(SSL* session, Waiting waiting) {
  SSL_set_ex_data(session, waiting_index(), reinterpret_cast<void*>(static_cast<std::intptr_t>(waiting)));
}

int certificates_wanted(SSL* session, void*) noexcept {
  switch (static_cast<Waiting>(reinterpret_cast<std::intptr_t>(SSL_get_ex_data(session, waiting_index())))) {
    case Waiting::asked: return -1;  // the handshake stops with SSL_ERROR_WANT_X509_LOOKUP
    case Waiting::usable: return 1;
    case Waiting::refused: return 0;
  }
  return 0;
}

}  // namespace

TlsPasswords::~TlsPasswords() {
  for (std::string& password : list_) wipe(password);
}

std::expected<std::shared_ptr<const TlsPasswords>, std::string> TlsPasswords::read(const std::string& path) {
  const auto fail = [&](std::string_view call) {
    const int error = errno;
    return std::unexpected(fmt::format("{} \"{}\" failed ({}: {})", call, path, error, error_text(error)));
  };
  const OwnedFd file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return fail("open()");
  auto passwords = std::make_shared<TlsPasswords>();
  PasswordLines lines(*passwords);
  lines.reserve();
  std::array<char, kPasswordBytesMax> buffer;
  ssize_t bytes = 0;
  bool sound = true;
  while (sound && (bytes = ::read(file.get(), buffer.data(), buffer.size())) > 0) {
    sound = lines.take({buffer.data(), static_cast<std::size_t>(bytes)});
  }
  const int error = errno;
  OPENSSL_cleanse(buffer.data(), buffer.size());
  errno = error;
  if (bytes < 0) return fail("read()");
  if (!sound) return std::unexpected(fmt::format("too long line in \"{}\"", path));
  lines.end_line();
  if (passwords->list().empty()) passwords->add({});
  return passwords;
}

bool is_certificate_text(std::string_view name) { return name.starts_with(kData); }
bool is_certificate_key_text(std::string_view name) { return name.starts_with(kData) || name.starts_with(kEngine); }

std::expected<CertificateChain, std::string> load_certificate_chain(const std::string& name) {
  ERR_clear_error();
  const auto bio = open_name(name);
  if (!bio) return cannot_load("certificate", name, bio.error().what);
  auto chain = read_chain(bio->get());
  if (!chain) return cannot_load("certificate", name, chain.error().what);
  return std::move(*chain);
}

std::expected<TlsOwned<evp_pkey_st>, std::string> load_certificate_key(const std::string& name,
                                                                       const TlsPasswords* passwords) {
  ERR_clear_error();
  if (name.starts_with(kEngine)) {
    auto key = load_engine_key(std::string_view(name).substr(kEngine.size()));
    if (!key) {
      // While nginx looks for the engine, its name ends the text.
      const bool looking = key.error() == kNoSuchEngine;
      return cannot_load("certificate key", looking ? name.substr(0, name.find(':', kEngine.size())) : name, key.error());
    }
    return std::move(*key);
  }
  const auto bio = open_name(name);
  if (!bio) return cannot_load("certificate key", name, bio.error().what);
  if (passwords == nullptr) {
    TlsOwned<EVP_PKEY> key(PEM_read_bio_PrivateKey(bio->get(), nullptr, nullptr, nullptr));
    if (key == nullptr) return cannot_load("certificate key", name, "PEM_read_bio_PrivateKey() failed");
    return key;
  }
  auto key = read_key(bio->get(), *passwords);
  if (!key) return cannot_load("certificate key", name, key.error().what);
  return std::move(*key);
}

std::expected<std::shared_ptr<const LoadedCertificate>, std::string> load_certificate(const CertificateNames& names,
                                                                                      const TlsPasswords* passwords) {
  static const TlsPasswords none;
  auto chain = load_certificate_chain(names.certificate);
  if (!chain) return std::unexpected(std::move(chain.error()));
  auto key = load_certificate_key(names.key, passwords == nullptr ? &none : passwords);
  if (!key) return std::unexpected(std::move(key.error()));
  return std::make_shared<const LoadedCertificate>(LoadedCertificate{names, std::move(*chain), std::move(*key)});
}

std::expected<LoadedCertificates, std::string> load_certificates(const std::vector<CertificateNames>& names,
                                                                 const TlsPasswords* passwords) {
  LoadedCertificates all;
  for (const CertificateNames& one : names) {
    auto loaded = load_certificate(one, passwords);
    if (!loaded) return std::unexpected(std::move(loaded.error()));
    all.push_back(std::move(*loaded));
  }
  return all;
}

std::expected<void, std::string> use_certificates(ssl_st* session, const LoadedCertificates& certificates) {
  ERR_clear_error();
  set_waiting(session, Waiting::refused);
  for (const auto& one : certificates) {
    const auto failed = [](std::string_view call, std::string_view name) {
      return std::unexpected(take_tls_errors(fmt::format("{}(\"{}\") failed", call, name)));
    };
    if (SSL_use_certificate(session, one->chain.leaf.get()) == 0)
      return failed("SSL_use_certificate", one->names.certificate);
    if (SSL_set1_chain(session, one->chain.issuers.get()) == 0)
      return failed("SSL_set0_chain", one->names.certificate);
    if (SSL_use_PrivateKey(session, one->key.get()) == 0) return failed("SSL_use_PrivateKey", one->names.key);
  }
  set_waiting(session, Waiting::usable);
  return {};
}

void refuse_certificates(ssl_st* session) { set_waiting(session, Waiting::refused); }

void wait_for_certificates(ssl_ctx_st* context) {
  waiting_index();
  SSL_CTX_set_cert_cb(context, certificates_wanted, nullptr);
}

}  // namespace uringx
