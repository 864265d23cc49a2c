// What the tests of TLS share: certificates made on the spot, files of them, and a connection of a TlsSession with OpenSSL's client
// through memory. Owned by a test case.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tls/context_builder.h"
#include "tls/tls_session.h"

namespace uringx {

struct TestCertificate {
  TlsOwned<x509_st> certificate;
  TlsOwned<evp_pkey_st> key;

  std::string certificate_text() const;  // PEM
  std::string key_text(const std::string& password = {}) const;
};

struct CertificateWish {
  std::string common_name = "localhost";
  const TestCertificate* issuer = nullptr;  // nullptr: signed by itself
  bool authority = false;
  long valid_from_s = -60;  // from now
  long valid_until_s = 86400;
  long serial = 1;
};
TestCertificate make_certificate(const CertificateWish& wish = {});

// A folder that goes with the test.
class TestFolder {
 public:
  TestFolder();
  ~TestFolder();
  // The full path.
  std::string file(const std::string& name, const std::string& text) const;
  std::string path(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

// A configuration with that certificate, by its text; `context` makes the rest of it.
TlsConfig config_with(const TestCertificate& certificate);
std::unique_ptr<TlsContext> make_context(const TlsConfig& config);

struct TestClient {
  std::string server_name{};
  const TestCertificate* certificate = nullptr;
  ssl_session_st* session = nullptr;
  int version = 0;  // 0: the newest
  std::vector<std::string> protocols{};
  std::function<void(ssl_st*)> prepare{};
};
struct TestServer {
  std::map<std::string, const TlsContext*> named{};
  bool http2 = false;
  std::function<void(ssl_st*)> certificates_wanted{};  // called once
};

// Both ends of one connection. The client is OpenSSL's, with what `prepare` makes of it.
class TestConnection {
 public:
  TestConnection(const TlsContext& context, TestClient client, TestServer server = {});
  ~TestConnection();

  // Until both are done or one has failed.
  bool shake_hands();
  // What the client said arrives at the server, and the other way round.
  std::string to_server(const std::string& text);
  std::string to_client(const std::string& text);
  // The client's session, ready for the next connection.
  TlsOwned<ssl_session_st> session();

  TlsSession& server() { return *session_; }
  ssl_st* client() { return client_; }
  bool reused() const;
  unsigned waited_for_certificates = 0;

 private:
  static std::size_t send(void* owner, std::span<const char> bytes);
  static const TlsContext* server_named(void* owner, std::string_view name);
  static bool allows_http2(void* owner);
  void feed_server();

  const TlsContext& context_;
  TestServer server_;
  std::unique_ptr<TlsSession> session_;
  std::string to_session_;
  TlsOwned<ssl_ctx_st> client_context_;
  ssl_st* client_ = nullptr;
};

}  // namespace uringx
