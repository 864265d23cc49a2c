#include <doctest/doctest.h>

#include "tests/tls/tls_fixture.h"
#include "tls/certificate_cache.h"
#include "tls/certificate_loader.h"

namespace uringx {
namespace {

std::vector<std::string> passwords_in(const std::string& text) {
  const TestFolder folder;
  const auto read = TlsPasswords::read(folder.file("passwords", text));
  REQUIRE(read);
  return (*read)->list();
}

TEST_CASE("a password file has a password a line, and an empty file has an empty one") {
  CHECK(passwords_in("one\ntwo\n") == std::vector<std::string>{"one", "two"});
  CHECK(passwords_in("one\r\n\r\n\ntwo") == std::vector<std::string>{"one", "two"});
  CHECK(passwords_in("") == std::vector<std::string>{""});
  CHECK(passwords_in("\n\n") == std::vector<std::string>{""});
  CHECK(passwords_in(std::string(4095, 'x') + "\ny").size() == 2);
}

TEST_CASE("what is no password file is said in nginx's words") {
  const TestFolder folder;
  CHECK(TlsPasswords::read("/nonexistent").error() == "open() \"/nonexistent\" failed (2: No such file or directory)");
  const std::string path = folder.file("long", std::string(5000, 'x'));
  CHECK(TlsPasswords::read(path).error() == "too long line in \"" + path + "\"");
}

TEST_CASE("a chain is a certificate and those behind it") {
  const TestCertificate authority = make_certificate({.common_name = "ca", .authority = true});
  const TestCertificate leaf = make_certificate({.issuer = &authority});
  const TestFolder folder;
  const auto chain =
      load_certificate_chain(folder.file("chain.pem", leaf.certificate_text() + authority.certificate_text()));
  REQUIRE(chain);
  CHECK(load_certificate_chain("data:" + leaf.certificate_text()));
  CHECK(load_certificate_chain("data:none").error().starts_with("cannot load certificate \"data:none\": PEM_read_bio_X509_AUX() failed (SSL: error:"));
  CHECK(load_certificate_chain("/nonexistent.pem").error().starts_with("cannot load certificate \"/nonexistent.pem\": BIO_new_file() failed (SSL: error:"));
}

TEST_CASE("an encrypted key opens with any of the passwords, and is never asked for") {
  const TestCertificate one = make_certificate();
  TlsPasswords right;
  right.add("wrong");
  right.add("secret");
  TlsPasswords wrong;
  wrong.add("wrong");
  const CertificateNames names{"data:" + one.certificate_text(), "data:" + one.key_text("secret")};
  CHECK(load_certificate(names, &right));
  CHECK(!load_certificate(names, &wrong));
  CHECK(!load_certificate(names, nullptr));
}

TEST_CASE("a handshake waits for certificates whose names were not known before") {
  const TestCertificate one = make_certificate({.common_name = "by name"});
  TlsConfig config = config_with(one);
  const CertificateNames names = config.certificates.front();
  config.certificates_vary = true;
  config.certificates = {{"$ssl_server_name.pem", "$ssl_server_name.key"}};
  const auto context = make_context(config);
  CHECK(context->waits_for_certificates);
  const auto loaded = load_certificates({names}, nullptr);
  REQUIRE(loaded);

  TestConnection good(*context, {.server_name = "a"}, {.certificates_wanted = [&](ssl_st* session) {
    CHECK(use_certificates(session, *loaded));
  }});
  CHECK(good.shake_hands());
  CHECK(good.waited_for_certificates == 1);
  CHECK(good.to_client("hello") == "hello");

  TestConnection refused(*context, {.server_name = "a"}, {.certificates_wanted = refuse_certificates});
  CHECK(!refused.shake_hands());
  CHECK(refused.server().error().text.find("cert cb error") != std::string::npos);
  CHECK(refused.server().error().level == LogLevel::info);
}

TEST_CASE("a key that is not the certificate's is told") {
  const TestCertificate one = make_certificate();
  const TestCertificate other = make_certificate();
  TlsConfig config = config_with(one);
  config.certificates.front().key = "data:" + other.key_text();
  std::vector<std::string> warnings;
  const auto made = build_tls_context(config, warnings);
  REQUIRE(!made);
  CHECK(made.error().message.starts_with("SSL_CTX_use_PrivateKey(\"data:"));
  CHECK(made.error().message.find("key values mismatch") != std::string::npos);
  CHECK(!made.error().with_place);

  const auto loaded = load_certificates(config.certificates, nullptr);
  REQUIRE(loaded);
  config.certificates_vary = true;
  const auto context = make_context(config);
  std::string error;
  TestConnection connection(*context, {}, {.certificates_wanted = [&](ssl_st* session) {
    const auto used = use_certificates(session, *loaded);
    REQUIRE(!used);
    error = used.error();
  }});
  CHECK(!connection.shake_hands());
  CHECK(error.find("SSL_use_PrivateKey(\"data:") == 0);
}

TEST_CASE("the cache keeps what is asked for, for as long as it is valid") {
  const TestCertificate one = make_certificate();
  const auto entry = [&](const std::string& name) {
    return std::make_shared<const LoadedCertificate>(LoadedCertificate{{name, name + ".key"}, {}, {}});
  };
  CertificateCache cache({.entries_max = 4, .inactive_s = 10, .valid_s = 60});
  const auto has = [&](const std::string& name, std::int64_t now_s) {
    return cache.find({name, name + ".key"}, now_s) != nullptr;
  };
  cache.put(entry("a"), 0);
  cache.put(entry("b"), 0);
  CHECK(has("a", 1));
  CHECK(!has("c", 1));
  cache.put(entry("c"), 2);  // b was asked for the longest time ago
  CHECK(has("a", 2));
  CHECK(!has("b", 2));
  CHECK(has("c", 2));
  CHECK(cache.find({"a", "other.key"}, 2) == nullptr);
  CHECK(has("a", 12));
  CHECK(!has("c", 13));  // nobody asked for it
  for (std::int64_t now_s = 13; now_s <= 60; ++now_s) CHECK(has("a", now_s));
  CHECK(!has("a", 61));
  CHECK(!has("a", 0));
}

}  // namespace
}  // namespace uringx
