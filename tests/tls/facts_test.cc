#include "tls/tls_facts.h"

#include <doctest/doctest.h>
#include <openssl/ssl.h>

#include <ctime>
#include <regex>

#include "tests/tls/tls_fixture.h"

namespace uringx {
namespace {

std::string fact(TestConnection& connection, std::string_view name) {
  for (const TlsFact& one : tls_facts()) {
    if (one.name == name) return one.text({connection.server().handle(), std::time(nullptr)});
  }
  FAIL("no such fact");
  return {};
}

bool matches(const std::string& text, const std::string& pattern) { return std::regex_match(text, std::regex(pattern)); }

// A server that wants certificates of `authority`.
TlsConfig verifying(const TestFolder& folder, const TestCertificate& authority, ClientVerification verification) {
  TlsConfig config = config_with(make_certificate());
  config.verify = verification;
  config.client_certificate = folder.file("authority.pem", authority.certificate_text());
  return config;
}

TEST_CASE("a session tells its protocol, cipher, groups and names") {
  const auto context = make_context(config_with(make_certificate()));
  TestConnection connection(*context, {.server_name = "a.example", .version = TLS1_3_VERSION, .protocols = {"h2", "http/1.1"}},
                            {.http2 = true});
  REQUIRE(connection.shake_hands());
  CHECK(fact(connection, "protocol") == "TLSv1.3");
  CHECK(fact(connection, "cipher") == "TLS_AES_256_GCM_SHA384");
  CHECK(fact(connection, "ciphers").find("TLS_AES_256_GCM_SHA384:") == 0);
  CHECK(fact(connection, "curve") == "X25519");
  CHECK(fact(connection, "curves").find("X25519:prime256v1") == 0);
  CHECK(fact(connection, "server_name") == "a.example");
  CHECK(fact(connection, "alpn_protocol") == "h2");
  CHECK(fact(connection, "session_reused") == ".");
  CHECK(fact(connection, "early_data") == "");
  CHECK(fact(connection, "sigalg") == "id-ecPublicKey");
  CHECK(fact(connection, "client_sigalg") == "");
  CHECK(fact(connection, "ech_status") == "");
  CHECK(fact(connection, "client_verify") == "NONE");
  for (const char* name : {"client_cert", "client_raw_cert", "client_escaped_cert", "client_s_dn", "client_i_dn",
                           "client_s_dn_legacy", "client_i_dn_legacy", "client_serial", "client_fingerprint", "client_v_start",
                           "client_v_end", "client_v_remain"}) {
    CHECK(fact(connection, name) == "");
  }
}

TEST_CASE("a session without ALPN and name, of TLS 1.2, has an id") {
  TlsConfig config = config_with(make_certificate());
  config.session_tickets = false;
  config.session_cache = {SessionCacheMode::Kind::builtin};
  const auto context = make_context(config);
  TestConnection connection(*context, {.version = TLS1_2_VERSION});
  REQUIRE(connection.shake_hands());
  CHECK(fact(connection, "protocol") == "TLSv1.2");
  CHECK(fact(connection, "server_name") == "");
  CHECK(fact(connection, "alpn_protocol") == "");
  CHECK(matches(fact(connection, "session_id"), "[0-9a-f]{64}"));
}

TEST_CASE("a client's certificate is told in all its forms") {
  const TestFolder folder;
  const TestCertificate authority = make_certificate({.common_name = "ca", .authority = true});
  const TestCertificate client = make_certificate(
      {.common_name = "me", .issuer = &authority, .valid_until_s = 10 * 86400 + 60, .serial = 0xABCD});
  const auto context = make_context(verifying(folder, authority, ClientVerification::on));
  TestConnection connection(*context, {.certificate = &client});
  REQUIRE(connection.shake_hands());
  const std::string pem = client.certificate_text();
  CHECK(fact(connection, "client_raw_cert") == pem);
  CHECK(fact(connection, "client_cert").find("-----BEGIN CERTIFICATE-----\n\t") == 0);
  CHECK(fact(connection, "client_cert").ends_with("\n\t-----END CERTIFICATE-----"));
  const std::string escaped = fact(connection, "client_escaped_cert");
  CHECK(escaped.find("-----BEGIN%20CERTIFICATE-----%0A") == 0);
  CHECK(escaped.ends_with("%0A-----END%20CERTIFICATE-----%0A"));
  CHECK(fact(connection, "client_s_dn") == "CN=me,O=Tests\\, and more,C=XX");
  CHECK(fact(connection, "client_i_dn") == "CN=ca,O=Tests\\, and more,C=XX");
  CHECK(fact(connection, "client_s_dn_legacy") == "/C=XX/O=Tests, and more/CN=me");
  CHECK(fact(connection, "client_i_dn_legacy") == "/C=XX/O=Tests, and more/CN=ca");
  CHECK(fact(connection, "client_serial") == "ABCD");
  CHECK(matches(fact(connection, "client_fingerprint"), "[0-9a-f]{40}"));
  CHECK(fact(connection, "client_verify") == "SUCCESS");
  CHECK(matches(fact(connection, "client_v_start"), "[A-Z][a-z]{2} [ 0-9]{2} [0-9:]{8} [0-9]{4} GMT"));
  CHECK(matches(fact(connection, "client_v_end"), "[A-Z][a-z]{2} [ 0-9]{2} [0-9:]{8} [0-9]{4} GMT"));
  CHECK(fact(connection, "client_v_remain") == "10");
  CHECK(fact(connection, "client_sigalg") == "id-ecPublicKey");
}

struct Verdict {
  int status;
  std::string text;
};

Verdict verdict(const TestCertificate* client, const TestCertificate& authority, ClientVerification verification,
                ClientVerification checked) {
  const TestFolder folder;
  const auto context = make_context(verifying(folder, authority, verification));
  TestConnection connection(*context, {.certificate = client});
  REQUIRE(connection.shake_hands());
  const ClientCertificateFault fault = check_client_certificate(connection.server().handle(), checked);
  return {fault.status, fault.log_text};
}

Verdict verdict(const TestCertificate* client, const TestCertificate& authority, ClientVerification verification) {
  return verdict(client, authority, verification, verification);
}

TEST_CASE("the handshake succeeds whatever the client shows; the request is judged by nginx's rules") {
  using Verify = ClientVerification;
  const TestCertificate authority = make_certificate({.common_name = "ca", .authority = true});
  const TestCertificate good = make_certificate({.common_name = "good", .issuer = &authority});
  const TestCertificate foreign = make_certificate({.common_name = "foreign"});
  const TestCertificate expired =
      make_certificate({.common_name = "late", .issuer = &authority, .valid_from_s = -100, .valid_until_s = -50});

  CHECK(verdict(&good, authority, Verify::on).status == 0);
  CHECK(verdict(nullptr, authority, Verify::on).status == 496);
  CHECK(verdict(nullptr, authority, Verify::on).text == "client sent no required SSL certificate");
  CHECK(verdict(&foreign, authority, Verify::on).status == 495);
  CHECK(verdict(&foreign, authority, Verify::on).text ==
        "client SSL certificate verify error: (18:self-signed certificate)");
  CHECK(verdict(&expired, authority, Verify::on).text ==
        "client SSL certificate verify error: (10:certificate has expired)");

  CHECK(verdict(nullptr, authority, Verify::optional).status == 0);
  CHECK(verdict(&good, authority, Verify::optional).status == 0);
  CHECK(verdict(&foreign, authority, Verify::optional).status == 495);

  CHECK(verdict(&foreign, authority, Verify::optional_no_ca).status == 0);
  CHECK(verdict(&expired, authority, Verify::optional_no_ca).status == 495);
  CHECK(verdict(nullptr, authority, Verify::optional_no_ca).status == 0);

  CHECK(verdict(&foreign, authority, Verify::on, Verify::off).status == 0);
}

TEST_CASE("a certificate that verifies but not by this server's rules says why") {
  const TestFolder folder;
  const TestCertificate authority = make_certificate({.common_name = "ca", .authority = true});
  const TestCertificate foreign = make_certificate({.common_name = "foreign"});
  const auto context = make_context(verifying(folder, authority, ClientVerification::optional));
  TestConnection connection(*context, {.certificate = &foreign});
  REQUIRE(connection.shake_hands());
  CHECK(fact(connection, "client_verify") == "FAILED:self-signed certificate");
}

}  // namespace
}  // namespace uringx
