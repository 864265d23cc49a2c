#include "tls/ocsp.h"

#include <doctest/doctest.h>
#include <openssl/ocsp.h>
#include <openssl/ssl.h>

#include "tests/tls/tls_fixture.h"
#include "tls/stapling.h"

namespace uringx {
namespace {

struct Asked {
  Asked() {
    staple.certificate.reset(leaf.certificate.get());
    X509_up_ref(leaf.certificate.get());
    staple.issuer.reset(authority.certificate.get());
    X509_up_ref(authority.certificate.get());
    staple.responder = OcspResponder{.host = "ocsp.example"};
    context.reset(SSL_CTX_new(TLS_server_method()));
    X509_STORE_add_cert(SSL_CTX_get_cert_store(context.get()), authority.certificate.get());
    staple.context = context.get();
    staple.verify = true;
  }

  // What the authority says in DER; `about` is the certificate, `next_s` how long it holds.
  std::string answer(const TestCertificate& about, int status, const TestCertificate& signer, long next_s = 3600) {
    OCSP_BASICRESP* const basic = OCSP_BASICRESP_new();
    OCSP_CERTID* const id = OCSP_cert_to_id(nullptr, about.certificate.get(), authority.certificate.get());
    ASN1_TIME* const this_update = X509_gmtime_adj(nullptr, next_s < 0 ? 2 * next_s : 0);
    ASN1_TIME* const next_update = X509_gmtime_adj(nullptr, next_s);
    ASN1_TIME* const revoked = status == V_OCSP_CERTSTATUS_REVOKED ? X509_gmtime_adj(nullptr, -10) : nullptr;
    OCSP_basic_add1_status(basic, id, status, 0, revoked, this_update, next_update);
    OCSP_basic_sign(basic, signer.certificate.get(), signer.key.get(), EVP_sha256(), nullptr, 0);
    const TlsOwned<OCSP_RESPONSE> response(OCSP_response_create(OCSP_RESPONSE_STATUS_SUCCESSFUL, basic));
    unsigned char* bytes = nullptr;
    const int size = i2d_OCSP_RESPONSE(response.get(), &bytes);
    std::string text(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size));
    OPENSSL_free(bytes);
    ASN1_TIME_free(this_update);
    ASN1_TIME_free(next_update);
    ASN1_TIME_free(revoked);
    OCSP_CERTID_free(id);
    OCSP_BASICRESP_free(basic);
    return text;
  }

  std::string request() const {
    return ocsp_request({leaf.certificate.get(), authority.certificate.get()}, *staple.responder);
  }

  TestCertificate authority = make_certificate({.common_name = "ca", .authority = true});
  TestCertificate leaf = make_certificate({.common_name = "leaf", .issuer = &authority, .serial = 7});
  Stapling::Staple staple;
  TlsOwned<ssl_ctx_st> context;
};

TEST_CASE("the question is in the path of a GET") {
  Asked asked;
  const std::string request = asked.request();
  CHECK(request.starts_with("GET /M"));
  CHECK(request.ends_with(" HTTP/1.0\r\nHost: ocsp.example\r\n\r\n"));
  CHECK(request.find('+') == std::string::npos);
  asked.staple.responder->path = "/a";
  CHECK(asked.request().starts_with("GET /a/M"));
}

TEST_CASE("the body of an answer is taken from what HTTP says around it") {
  CHECK(*ocsp_body("HTTP/1.1 200 OK\r\nContent-Type: application/ocsp-response\r\n\r\nbody") == "body");
  CHECK(*ocsp_body("HTTP/1.0 200\r\ncontent-type:application/OCSP-response\r\nA: b\r\n\r\n") == "");
  CHECK(ocsp_body("HTTP/1.1 404 Not Found\r\n\r\n").error() == "OCSP responder answered \"HTTP/1.1 404 Not Found\"");
  CHECK(!ocsp_body("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\nbody"));
  CHECK(*ocsp_body("HTTP/1.1 200 OK\r\n\r\nbody") == "body");
  CHECK(ocsp_body("nonsense\r\n").error() == "OCSP responder sent invalid response");
  for (const char* const cut : {"", "HTTP/1.1 200 O", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nA: b"})
    CHECK(ocsp_body(cut).error() == "OCSP responder prematurely closed connection");
}

TEST_CASE("a good answer is kept until its next update") {
  Asked asked;
  const auto checked = Stapling::check(asked.answer(asked.leaf, V_OCSP_CERTSTATUS_GOOD, asked.authority), asked.staple);
  if (!checked) FAIL(checked.error());
  CHECK(checked->valid_until_s >= time(nullptr) + 3590);
  CHECK(checked->valid_until_s <= time(nullptr) + 3600);
}

TEST_CASE("answers that say nothing good about the certificate are not given away") {
  Asked asked;
  const auto error = [&](const std::string& body) {
    const auto checked = Stapling::check(body, asked.staple);
    return checked ? std::string("taken") : checked.error();
  };
  const TestCertificate other = make_certificate({.common_name = "other", .issuer = &asked.authority, .serial = 8});
  const TestCertificate stranger = make_certificate({.common_name = "stranger"});
  CHECK(error(asked.answer(asked.leaf, V_OCSP_CERTSTATUS_REVOKED, asked.authority)) ==
        "certificate status \"revoked\" in the OCSP response");
  CHECK(error(asked.answer(asked.leaf, V_OCSP_CERTSTATUS_UNKNOWN, asked.authority)) ==
        "certificate status \"unknown\" in the OCSP response");
  CHECK(error(asked.answer(other, V_OCSP_CERTSTATUS_GOOD, asked.authority)) ==
        "certificate status not found in the OCSP response");
  CHECK(error(asked.answer(asked.leaf, V_OCSP_CERTSTATUS_GOOD, stranger)).starts_with("OCSP_basic_verify() failed"));
  CHECK(error(asked.answer(asked.leaf, V_OCSP_CERTSTATUS_GOOD, asked.authority, -3600)).starts_with("OCSP_check_validity() failed"));
  CHECK(error("nonsense").starts_with("d2i_OCSP_RESPONSE() failed"));
  CHECK(error("").starts_with("d2i_OCSP_RESPONSE() failed"));
}

TEST_CASE("an answer is asked for anew before it ends, within the hour, and not at once") {
  CHECK(ocsp_refresh_s(100000, 0) == 3600);
  CHECK(ocsp_refresh_s(2000, 0) == 1700);
  CHECK(ocsp_refresh_s(100, 0) == 300);
}

}  // namespace
}  // namespace uringx
