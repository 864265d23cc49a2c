#include "tls/tls_session.h"

#include <doctest/doctest.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <string>

#include "tests/tls/tls_fixture.h"

namespace uringx {
namespace {

using Status = TlsSession::Status;

constexpr int kVersions[] = {TLS1_2_VERSION, TLS1_3_VERSION};

const TestCertificate& certificate() {
  static const TestCertificate one = make_certificate();
  return one;
}

// A session whose wire has as much room as the test says, and OpenSSL's client at its other end.
struct Wired {
  explicit Wired(const TlsContext& context, int version, const std::function<void(SSL*)>& prepare = {})
      : used(context), session(context, {this, take, server_named, allows_http2}), client_context(SSL_CTX_new(TLS_client_method())) {
    client = SSL_new(client_context.get());
    SSL_set_bio(client, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    SSL_set_connect_state(client);
    SSL_set_min_proto_version(client, version);
    SSL_set_max_proto_version(client, version);
    if (prepare) prepare(client);
  }
  ~Wired() {
    SSL_set_shutdown(client, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
    SSL_free(client);
    ERR_clear_error();
  }

  static std::size_t take(void* owner, std::span<const char> bytes) {
    auto& self = *static_cast<Wired*>(owner);
    const std::size_t taken = std::min(bytes.size(), self.room);
    self.room -= taken;
    BIO_write(SSL_get_rbio(self.client), bytes.data(), static_cast<int>(taken));
    return taken;
  }
  static const TlsContext* server_named(void* owner, std::string_view) { return &static_cast<Wired*>(owner)->used; }
  static bool allows_http2(void*) { return true; }

  std::string client_output() {
    std::string out(BIO_ctrl_pending(SSL_get_wbio(client)), '\0');
    if (!out.empty()) BIO_read(SSL_get_wbio(client), out.data(), static_cast<int>(out.size()));
    return out;
  }

  // `piece` bytes at a time come from the client; each time the wire has room for `room_bytes` more.
  bool shake_hands(std::size_t piece, std::size_t room_bytes) {
    for (int turn = 0; turn < 50; ++turn) {
      const int result = SSL_do_handshake(client);
      const std::string output = client_output();
      std::size_t at = 0;
      do {
        const std::string part = output.substr(at, piece);
        at += part.size();
        session.set_input(part);
        while (!session.established()) {
          room = room_bytes;
          const Status status = session.handshake();
          if (status == Status::failed) return false;
          if (status != Status::wants_room) break;
        }
        CHECK(session.input().empty());
      } while (at < output.size());
      if (result == 1 && session.established()) return true;
    }
    return false;
  }

  std::string client_reads() {
    std::string got(1 << 16, '\0');
    const int bytes = SSL_read(client, got.data(), static_cast<int>(got.size()));
    got.resize(bytes > 0 ? static_cast<std::size_t>(bytes) : 0);
    return got;
  }

  const TlsContext& used;
  std::size_t room = std::size_t{1} << 20;
  TlsSession session;
  TlsOwned<ssl_ctx_st> client_context;
  ssl_st* client = nullptr;
};

TEST_CASE("handshakes succeed however their bytes are cut, and whatever the wire takes at a time") {
  const auto context = make_context(config_with(certificate()));
  for (const int version : kVersions) {
    for (const std::size_t piece : {1, 2, 3, 7, 100, 100000}) {
      for (const std::size_t room : {1, 5, 1000, 100000}) {
        CAPTURE(version);
        CAPTURE(piece);
        CAPTURE(room);
        Wired wired(*context, version);
        CHECK(wired.shake_hands(piece, room));
      }
    }
  }
}

TEST_CASE("a hello cut at every byte waits for the rest, and a changed second flight fails with words and an alert") {
  const auto context = make_context(config_with(certificate()));
  for (const int version : kVersions) {
    CAPTURE(version);
    Wired sample(*context, version);
    SSL_do_handshake(sample.client);
    const std::string hello = sample.client_output();
    for (std::size_t cut = 0; cut < hello.size(); ++cut) {
      TlsSession session(*context, {&sample, Wired::take, Wired::server_named, Wired::allows_http2});
      session.set_input(std::span(hello).first(cut));
      CHECK(session.handshake() == Status::wants_input);
    }
    Wired wired(*context, version);
    SSL_do_handshake(wired.client);
    std::string flight = wired.client_output();
    wired.session.set_input(flight);
    CHECK(wired.session.handshake() == Status::wants_input);
    SSL_do_handshake(wired.client);
    flight = wired.client_output();
    flight.back() = static_cast<char>(flight.back() ^ 1);
    wired.session.set_input(flight);
    CHECK(wired.session.handshake() == Status::failed);
    CHECK(wired.session.error().text.starts_with("SSL_do_handshake() failed (SSL: error:"));
    char plain[100];
    CHECK(SSL_read(wired.client, plain, sizeof(plain)) <= 0);
    CHECK(ERR_GET_LIB(ERR_peek_error()) == ERR_LIB_SSL);  // the alert arrived
    CHECK(wired.session.handshake() == Status::failed);
    CHECK(wired.session.read(plain).status == Status::failed);
    CHECK(wired.session.write(plain, 100).status == Status::failed);
    wired.session.shut_down();
  }
}

TEST_CASE("close_notify is told, heard and said once") {
  const auto context = make_context(config_with(certificate()));
  for (const int version : kVersions) {
    Wired wired(*context, version);
    REQUIRE(wired.shake_hands(100000, 100000));
    wired.room = 1 << 20;
    SSL_shutdown(wired.client);
    const std::string goodbye = wired.client_output();
    wired.session.set_input(goodbye);
    char plain[100];
    CHECK(wired.session.read(plain).status == Status::closed);
    CHECK(wired.session.read(plain).status == Status::closed);
    CHECK(wired.session.write(plain, 100).status == Status::done);  // it may still read
    wired.session.shut_down();
    const std::size_t left = wired.room;
    wired.session.shut_down();
    CHECK(wired.room == left);
    CHECK(wired.client_reads().size() == sizeof(plain));
    CHECK(wired.client_reads().empty());
    CHECK((SSL_get_shutdown(wired.client) & SSL_RECEIVED_SHUTDOWN) != 0);
  }
}

TEST_CASE("new keys that the wire has no room for go before what is written next") {
  const auto context = make_context(config_with(certificate()));
  Wired wired(*context, TLS1_3_VERSION);
  REQUIRE(wired.shake_hands(100000, 100000));
  wired.client_reads();  // tickets
  SSL_key_update(wired.client, SSL_KEY_UPDATE_REQUESTED);
  SSL_write(wired.client, "question", 8);
  const std::string output = wired.client_output();
  wired.room = 3;
  wired.session.set_input(output);
  char plain[100];
  const TlsSession::Transfer got = wired.session.read(plain);
  CHECK(std::string_view(plain, got.bytes) == "question");
  CHECK(wired.session.write(std::string_view("answer"), 1000).status == Status::wants_room);
  wired.room = 1 << 20;
  CHECK(wired.session.write(std::string_view("answer"), 1000).status == Status::done);
  CHECK(wired.client_reads() == "answer");
}

TEST_CASE("a client tells what its records may hold") {
  const auto context = make_context(config_with(certificate()));
  for (const int version : kVersions) {
    Wired plain(*context, version);
    REQUIRE(plain.shake_hands(100000, 100000));
    CHECK(plain.session.record_bytes_max() == 16384);
    Wired small(*context, version,
                [](SSL* ssl) { SSL_set_tlsext_max_fragment_length(ssl, TLSEXT_max_fragment_length_1024); });
    REQUIRE(small.shake_hands(100000, 100000));
    CHECK(small.session.record_bytes_max() == 1024);
  }
}

TEST_CASE("early data is read before the handshake ends, and answered") {
  TlsConfig config = config_with(certificate());
  config.early_data = true;
  config.session_tickets = true;
  const auto context = make_context(config);
  TlsOwned<ssl_session_st> session;
  {
    TestConnection first(*context, {.version = TLS1_3_VERSION});
    REQUIRE(first.shake_hands());
    session = first.session();
  }
  for (const std::size_t piece : {std::size_t{1}, std::size_t{100000}}) {
    CAPTURE(piece);
    Wired wired(*context, TLS1_3_VERSION, [&](SSL* ssl) { SSL_set_session(ssl, session.get()); });
    std::size_t written = 0;
    REQUIRE(SSL_write_early_data(wired.client, "early question", 14, &written) == 1);
    const std::string output = wired.client_output();
    std::string heard;
    char plain[100];
    for (std::size_t at = 0; at < output.size(); at += piece) {
      const std::string part = output.substr(at, piece);
      wired.session.set_input(part);
      if (!wired.session.established()) wired.session.handshake();
      if (!wired.session.established()) continue;
      for (auto got = wired.session.read(plain); got.bytes != 0; got = wired.session.read(plain)) heard.append(plain, got.bytes);
    }
    CHECK(heard == "early question");
    CHECK(wired.session.write(std::string_view("early answer"), 1000).status == Status::done);
    CHECK(SSL_do_handshake(wired.client) == 1);
    CHECK(SSL_get_early_data_status(wired.client) == SSL_EARLY_DATA_ACCEPTED);
    SSL_write(wired.client, "and more", 8);
    const std::string rest = wired.client_output();
    wired.session.set_input(rest);
    const auto got = wired.session.read(plain);
    CHECK(std::string_view(plain, got.bytes) == "and more");
    CHECK(wired.client_reads() == "early answer");
    CHECK(wired.session.write(std::string_view("late answer"), 1000).status == Status::done);
    CHECK(wired.client_reads() == "late answer");
  }
}

}  // namespace
}  // namespace uringx
