#include "tls/openssl_callback.h"

#include <doctest/doctest.h>
#include <openssl/ssl.h>

#include <new>

#include "tests/tls/tls_fixture.h"

namespace uringx {
namespace {

int half(int number) {
  if (number % 2 != 0) throw std::bad_alloc();
  return number / 2;
}
void nothing(int number) {
  if (number != 0) throw std::bad_alloc();
}
const char* text(int number) {
  if (number != 0) throw std::bad_alloc();
  return "text";
}

TEST_CASE("what throws answers OpenSSL's word for failure") {
  static_assert(noexcept((openssl_callback<half, -1>)(1)));
  CHECK((openssl_callback<half, -1>)(4) == 2);
  CHECK((openssl_callback<half, -1>)(3) == -1);
  CHECK((openssl_callback<text, nullptr>)(0) != nullptr);
  CHECK((openssl_callback<text, nullptr>)(1) == nullptr);
  (openssl_callback<nothing>)(1);
}

TEST_CASE("memory that runs out within OpenSSL costs the session and nothing else") {
  const TestCertificate certificate = make_certificate();
  const auto context = make_context(config_with(certificate));
  TlsSession session(*context, {.owner = nullptr,
                                .send = [](void*, std::span<const char>) -> std::size_t { throw std::bad_alloc(); },
                                .server_named = [](void*, std::string_view) -> const TlsContext* { throw std::bad_alloc(); },
                                .allows_http2 = [](void*) { return false; }});
  TestConnection other(*context, {});
  REQUIRE(SSL_do_handshake(other.client()) == -1);
  char hello[4096];
  const int bytes = BIO_read(SSL_get_wbio(other.client()), hello, sizeof(hello));
  REQUIRE(bytes > 0);
  session.set_input({hello, static_cast<std::size_t>(bytes)});
  CHECK(session.handshake() == TlsSession::Status::failed);
  TestConnection good(*context, {});
  CHECK(good.shake_hands());
}

}  // namespace
}  // namespace uringx
