#include "tests/tls/tls_fixture.h"

#include <doctest/doctest.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <utility>

namespace uringx {
namespace {

std::string text_of(BIO* bio) {
  char* data = nullptr;
  const long bytes = BIO_get_mem_data(bio, &data);
  return {data, static_cast<std::size_t>(bytes)};
}

void set_name(X509_NAME* name, const std::string& common_name) {
  const auto add = [name](const char* field, const std::string& value) {
    REQUIRE(X509_NAME_add_entry_by_txt(name, field, MBSTRING_UTF8, reinterpret_cast<const unsigned char*>(value.c_str()), -1,
                                       -1, 0) == 1);
  };
  add("C", "XX");
  add("O", "Tests, and more");
  add("CN", common_name);
}

}  // namespace

TestCertificate make_certificate(const CertificateWish& wish) {
  TestCertificate made;
  made.key.reset(EVP_EC_gen("P-256"));
  made.certificate.reset(X509_new());
  X509* const one = made.certificate.get();
  X509_set_version(one, X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(one), wish.serial);
  X509_gmtime_adj(X509_getm_notBefore(one), wish.valid_from_s);
  X509_gmtime_adj(X509_getm_notAfter(one), wish.valid_until_s);
  X509_set_pubkey(one, made.key.get());
  set_name(X509_get_subject_name(one), wish.common_name);
  const TestCertificate& issuer = wish.issuer == nullptr ? made : *wish.issuer;
  X509_set_issuer_name(one, X509_get_subject_name(issuer.certificate.get()));
  if (wish.authority) {
    X509_EXTENSION* const extension = X509V3_EXT_conf_nid(nullptr, nullptr, NID_basic_constraints, "critical,CA:TRUE");
    X509_add_ext(one, extension, -1);
    X509_EXTENSION_free(extension);
  }
  REQUIRE(X509_sign(one, issuer.key.get(), EVP_sha256()) > 0);
  return made;
}

std::string TestCertificate::certificate_text() const {
  const TlsOwned<BIO> bio(BIO_new(BIO_s_mem()));
  REQUIRE(PEM_write_bio_X509(bio.get(), certificate.get()) == 1);
  return text_of(bio.get());
}

std::string TestCertificate::key_text(const std::string& password) const {
  const TlsOwned<BIO> bio(BIO_new(BIO_s_mem()));
  const EVP_CIPHER* const cipher = password.empty() ? nullptr : EVP_aes_128_cbc();
  REQUIRE(PEM_write_bio_PrivateKey(bio.get(), key.get(), cipher, reinterpret_cast<const unsigned char*>(password.data()),
                                   static_cast<int>(password.size()), nullptr, nullptr) == 1);
  return text_of(bio.get());
}

TestFolder::TestFolder() {
  char name[] = "/tmp/tls-test-XXXXXX";
  REQUIRE(mkdtemp(name) != nullptr);
  path_ = name;
}

TestFolder::~TestFolder() { std::filesystem::remove_all(path_); }

std::string TestFolder::file(const std::string& name, const std::string& text) const {
  std::ofstream(path(name), std::ios::binary) << text;
  return path(name);
}

TlsConfig config_with(const TestCertificate& certificate) {
  TlsConfig config;
  config.protocols = kTlsV12 | kTlsV13;
  config.ciphers = "HIGH:!aNULL:!MD5";
  config.ecdh_curve = "auto";
  config.certificates.push_back({"data:" + certificate.certificate_text(), "data:" + certificate.key_text()});
  return config;
}

std::unique_ptr<TlsContext> make_context(const TlsConfig& config) {
  std::vector<std::string> warnings;
  auto made = build_tls_context(config, warnings);
  if (!made) FAIL(made.error().message);
  return std::move(*made);
}

TestConnection::TestConnection(const TlsContext& context, TestClient client, TestServer server)
    : context_(context), server_(std::move(server)), client_context_(SSL_CTX_new(TLS_client_method())) {
  session_ = std::make_unique<TlsSession>(
      context, TlsSession::Wire{.owner = this, .send = send, .server_named = server_named, .allows_http2 = allows_http2});
  // A context that goes spoils the sessions it keeps.
  SSL_CTX_set_session_cache_mode(client_context_.get(), SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  if (client.certificate != nullptr) {
    SSL_CTX_use_certificate(client_context_.get(), client.certificate->certificate.get());
    SSL_CTX_use_PrivateKey(client_context_.get(), client.certificate->key.get());
  }
  client_ = SSL_new(client_context_.get());
  SSL_set_bio(client_, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
  SSL_set_connect_state(client_);
  if (!client.server_name.empty()) SSL_set_tlsext_host_name(client_, client.server_name.c_str());
  if (client.version != 0) {
    SSL_set_min_proto_version(client_, client.version);
    SSL_set_max_proto_version(client_, client.version);
  }
  if (client.session != nullptr) SSL_set_session(client_, client.session);
  std::string offered;
  for (const std::string& one : client.protocols) offered += static_cast<char>(one.size()) + one;
  if (!offered.empty())
    SSL_set_alpn_protos(client_, reinterpret_cast<const unsigned char*>(offered.data()), static_cast<unsigned>(offered.size()));
  if (client.prepare) client.prepare(client_);
}

TestConnection::~TestConnection() {
  SSL_set_shutdown(client_, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
  SSL_free(client_);
  ERR_clear_error();
}

std::size_t TestConnection::send(void* owner, std::span<const char> bytes) {
  BIO_write(SSL_get_rbio(static_cast<TestConnection*>(owner)->client_), bytes.data(), static_cast<int>(bytes.size()));
  return bytes.size();
}

const TlsContext* TestConnection::server_named(void* owner, std::string_view name) {
  const auto& self = *static_cast<TestConnection*>(owner);
  const auto found = self.server_.named.find(std::string(name));
  return found == self.server_.named.end() ? &self.context_ : found->second;
}

bool TestConnection::allows_http2(void* owner) { return static_cast<TestConnection*>(owner)->server_.http2; }

void TestConnection::feed_server() {
  to_session_ = text_of(SSL_get_wbio(client_));
  (void)BIO_reset(SSL_get_wbio(client_));
  session_->set_input(to_session_);
}

bool TestConnection::shake_hands() {
  bool server_done = false;
  for (int turn = 0; turn < 20; ++turn) {
    const int result = SSL_do_handshake(client_);
    if (result != 1 && SSL_get_error(client_, result) != SSL_ERROR_WANT_READ) return false;
    feed_server();
    auto status = server_done ? TlsSession::Status::done : session_->handshake();
    if (status == TlsSession::Status::wants_certificate) {
      ++waited_for_certificates;
      if (server_.certificates_wanted) std::exchange(server_.certificates_wanted, nullptr)(session_->handle());
      status = session_->handshake();
    }
    if (status == TlsSession::Status::failed) return false;
    server_done = server_done || status == TlsSession::Status::done;
    if (server_done && result == 1) return true;
  }
  return false;
}

std::string TestConnection::to_server(const std::string& text) {
  SSL_write(client_, text.data(), static_cast<int>(text.size()));
  feed_server();
  std::string got(text.size() + 1, '\0');
  got.resize(session_->read(got).bytes);
  return got;
}

std::string TestConnection::to_client(const std::string& text) {
  session_->write(text, 16384);
  std::string got(text.size() + 1, '\0');
  const int bytes = SSL_read(client_, got.data(), static_cast<int>(got.size()));
  got.resize(bytes > 0 ? static_cast<std::size_t>(bytes) : 0);
  return got;
}

TlsOwned<ssl_session_st> TestConnection::session() {
  to_client("x");  // tickets of TLS 1.3 come with what is read
  return TlsOwned<SSL_SESSION>(SSL_get1_session(client_));
}

bool TestConnection::reused() const { return SSL_session_reused(client_) == 1; }

}  // namespace uringx
