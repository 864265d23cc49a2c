#include "tls/ocsp_validation.h"

#include <doctest/doctest.h>
#include <openssl/ssl.h>

#include "tests/tls/tls_fixture.h"
#include "tls/tls_facts.h"

namespace uringx {
namespace {

// A server that asks an authority about its clients, and a client of that authority.
struct Validated {
  explicit Validated(OcspMode mode = OcspMode::leaf, const char* responder = "http://127.0.0.1:8888/a") {
    REQUIRE(zones.open());
    TlsConfig config = config_with(own);
    config.verify = ClientVerification::on;
    config.client_certificate = folder.file("ca.pem", authority.certificate_text());
    config.ocsp = mode;
    config.ocsp_responder = responder;
    config.ocsp_zone = zone;
    context = make_context(config);
    connection = std::make_unique<TestConnection>(*context, TestClient{.certificate = &client});
    REQUIRE(connection->shake_hands());
  }

  std::unique_ptr<OcspValidation> begin() {
    auto begun = OcspValidation::begin(session());
    REQUIRE(begun);
    return std::move(*begun);
  }
  ssl_st* session() { return connection->server().handle(); }
  OcspQuestion question() const { return {client.certificate.get(), authority.certificate.get()}; }
  std::string fault() { return check_client_certificate(session(), ClientVerification::on).log_text; }

  TestFolder folder;
  TestCertificate own = make_certificate();
  TestCertificate authority = make_certificate({.common_name = "ca", .authority = true});
  TestCertificate client = make_certificate({.common_name = "client", .issuer = &authority, .serial = 7});
  SharedZones zones;
  std::shared_ptr<SharedZone> zone = *zones.declare("o", OcspCache::kZoneBytesMin, OcspCache::kUse);
  std::unique_ptr<TlsContext> context;
  std::unique_ptr<TestConnection> connection;
};

TEST_CASE("the responder of the configuration is asked about the client's certificate alone") {
  Validated one;
  const auto validation = one.begin();
  REQUIRE(validation != nullptr);
  REQUIRE(*validation->next(1000));
  CHECK(validation->responder().host == "127.0.0.1");
  CHECK(validation->responder().port == 8888);
  REQUIRE(validation->addresses().size() == 1);
  CHECK(validation->addresses()[0].text() == "127.0.0.1:8888");
  CHECK(validation->request().starts_with("GET /a/M"));
  CHECK(!*validation->next(1000));
  CHECK(one.fault().empty());
}

TEST_CASE("nobody is asked without ssl_ocsp") {
  Validated one(OcspMode::off);
  CHECK(one.begin() == nullptr);
}

TEST_CASE("an answer that cannot be read, and a certificate that names no responder, are held against the client") {
  Validated one;
  const auto validation = one.begin();
  REQUIRE(*validation->next(1000));
  CHECK(validation->take("nonsense", 1000).error().starts_with("d2i_OCSP_RESPONSE() failed"));
  CHECK(one.fault() == "client SSL certificate verify error: certificate status request failed");
  Validated unnamed(OcspMode::on, "");
  CHECK(unnamed.begin()->next(1000).error() == "no OCSP responder URL in certificate");
  CHECK(unnamed.fault() == "client SSL certificate verify error: certificate status request failed");
}

TEST_CASE("what is known of a certificate is not asked for again before its time is over") {
  Validated one;
  OcspCache& cache = *one.context->ocsp->cache;
  cache.store(one.question(), {.bytes = {}, .valid_until_s = 2000, .status = CertificateStatus::good}, 1000);
  CHECK(!*one.begin()->next(1999));
  CHECK(one.fault().empty());
  CHECK(*one.begin()->next(2001));
  cache.store(one.question(), {.bytes = {}, .status = CertificateStatus::revoked}, 3000);
  CHECK(!*one.begin()->next(3000 + 3599));
  CHECK(one.fault() == "client SSL certificate verify error: certificate revoked");
  CHECK(*one.begin()->next(3000 + 3601));
  cache.store(one.question(), {.bytes = {}, .valid_until_s = 4000, .status = CertificateStatus::unknown}, 5000);  // it is over
  CHECK(*one.begin()->next(5000));
}

TEST_CASE("a responder's URL says where it is") {
  const auto parsed = [](const char* url) {
    const auto responder = parse_ocsp_responder(url);
    if (!responder) return responder.error();
    const auto addresses = responder->numeric_address();
    return responder->host + " " + std::to_string(responder->port) + " " + responder->path + (addresses.empty() ? "" : " " + addresses[0].text());
  };
  CHECK(parsed("http://ocsp.example") == "ocsp.example 80 /");
  CHECK(parsed("HTTP://127.0.0.1:81/a/b") == "127.0.0.1 81 /a/b 127.0.0.1:81");
  CHECK(parsed("http://[::1]:81?q") == "::1 81 /?q [::1]:81");
  CHECK(parsed("https://a/") == "invalid URL prefix in OCSP responder \"https://a/\"");
  CHECK(parsed("http://a:0/") == "invalid port in OCSP responder \"a:0/\"");
  CHECK(parsed("http://a:65536") == "invalid port in OCSP responder \"a:65536\"");
  CHECK(parsed("http://[::1/") == "invalid host in OCSP responder \"[::1/\"");
  CHECK(parsed("http:///a") == "no host in OCSP responder \"/a\"");
}

}  // namespace
}  // namespace uringx
