#include <doctest/doctest.h>
#include <openssl/ssl.h>
#include <unistd.h>

#include "tests/tls/tls_fixture.h"
#include "tls/stapling.h"

namespace uringx {
namespace {

using Kind = SessionCacheMode::Kind;

const TestCertificate& certificate() {
  static const TestCertificate one = make_certificate();
  return one;
}

// Zones of one configuration, opened; the memory lives as long as one of them does.
struct Zones {
  explicit Zones(const std::string& name = "sessions") {
    zone = *zones.declare(name, TlsSessionCache::kZoneBytesMin, TlsSessionCache::kUse);
    REQUIRE(zones.open());
  }
  SharedZones zones;
  std::shared_ptr<SharedZone> zone;
};

TlsConfig cached(const Zones& zones, bool tickets) {
  TlsConfig config = config_with(certificate());
  config.session_cache = {Kind::shared_only};
  config.session_zone = zones.zone;
  config.session_tickets = tickets;
  return config;
}

TlsOwned<ssl_session_st> first_session(const TlsContext& context, int version, const std::string& name = {}) {
  TestConnection connection(context, {.server_name = name, .version = version});
  REQUIRE(connection.shake_hands());
  CHECK(!connection.reused());
  return connection.session();
}

bool resumes(const TlsContext& context, ssl_session_st* session, int version, const std::string& name = {}) {
  TestConnection connection(context, {.server_name = name, .session = session, .version = version});
  REQUIRE(connection.shake_hands());
  CHECK(connection.to_client("text") == "text");
  return connection.reused();
}

constexpr int kVersions[] = {TLS1_2_VERSION, TLS1_3_VERSION};

TEST_CASE("bytes go both ways over each version") {
  const auto context = make_context(config_with(certificate()));
  for (const int version : kVersions) {
    TestConnection connection(*context, {.version = version});
    REQUIRE(connection.shake_hands());
    CHECK(connection.to_server("question") == "question");
    CHECK(connection.to_client("answer") == "answer");
  }
}

TEST_CASE("a version that is not configured is refused") {
  TlsConfig config = config_with(certificate());
  config.protocols = kTlsV13;
  const auto context = make_context(config);
  TestConnection connection(*context, {.version = TLS1_2_VERSION});
  CHECK(!connection.shake_hands());
  CHECK(connection.server().error().text.find("unsupported protocol") != std::string::npos);
}

TEST_CASE("a server without certificates has no context, one that rejects handshakes has") {
  std::vector<std::string> warnings;
  TlsConfig config;
  config.ciphers = "HIGH";
  config.ecdh_curve = "auto";
  CHECK(*build_tls_context(config, warnings) == nullptr);
  config.rejects_handshake = true;
  const auto made = build_tls_context(config, warnings);
  REQUIRE(made);
  CHECK((*made)->rejects_handshake);
}

TEST_CASE("sessions are resumed from the shared cache, by every worker and after a reload") {
  const Zones zones;
  for (const int version : kVersions) {
    std::unique_ptr<TlsContext> before = make_context(cached(zones, false));
    const auto session = first_session(*before, version);
    CHECK(resumes(*before, session.get(), version));
    const Zones next;
    const auto after = make_context(cached(next, false));
    before.reset();
    const auto again = version == TLS1_2_VERSION ? session.get() : nullptr;  // TLS 1.3 has used it up
    if (again != nullptr) CHECK(resumes(*after, again, version));
  }
}

TEST_CASE("a session of TLS 1.3 outlives a reload in the shared cache") {
  const Zones zones;
  const auto before = make_context(cached(zones, false));
  const auto session = first_session(*before, TLS1_3_VERSION);
  const Zones next;
  const auto after = make_context(cached(next, false));
  CHECK(resumes(*after, session.get(), TLS1_3_VERSION));
}

TEST_CASE("tickets outlive a reload where the keys lie in the shared cache") {
  const Zones zones;
  for (const int version : kVersions) {
    const auto before = make_context(cached(zones, true));
    const auto session = first_session(*before, version);
    const Zones next;
    const auto after = make_context(cached(next, true));
    CHECK(resumes(*after, session.get(), version));
  }
}

TEST_CASE("tickets of one configuration are nothing to another without a shared cache") {
  for (const int version : kVersions) {
    const auto before = make_context(config_with(certificate()));
    const auto session = first_session(*before, version);
    CHECK(resumes(*before, session.get(), version));
    const auto after = make_context(config_with(certificate()));
    CHECK(!resumes(*after, session.get(), version));
  }
}

TEST_CASE("tickets sealed with a key of a file open with that file, also once another file seals") {
  const TestFolder folder;
  const std::string old_key = folder.file("old", std::string(48, 'o'));
  const std::string new_key = folder.file("new", std::string(80, 'n'));
  for (const int version : kVersions) {
    TlsConfig config = config_with(certificate());
    config.ticket_keys = {old_key};
    const auto session = first_session(*make_context(config), version);
    config.ticket_keys = {new_key, old_key};
    const auto both = make_context(config);
    CHECK(resumes(*both, session.get(), version));
    config.ticket_keys = {new_key};
    CHECK(!resumes(*make_context(config), session.get(), version));
  }
}

TEST_CASE("without a cache and without tickets no session is resumed") {
  for (const Kind kind : {Kind::off, Kind::none}) {
    TlsConfig config = config_with(certificate());
    config.session_tickets = false;
    config.session_cache = {kind};
    const auto context = make_context(config);
    for (const int version : kVersions) {
      const auto session = first_session(*context, version);
      CHECK(!resumes(*context, session.get(), version));
    }
  }
}

TEST_CASE("OpenSSL's own cache resumes within one configuration") {
  TlsConfig config = config_with(certificate());
  config.session_tickets = false;
  config.session_cache = {Kind::builtin, 100};
  const auto context = make_context(config);
  for (const int version : kVersions) {
    const auto session = first_session(*context, version);
    CHECK(resumes(*context, session.get(), version));
  }
}

TEST_CASE("a session ends with ssl_session_timeout, however often it is used") {
  const Zones zones("short");
  TlsConfig config = cached(zones, true);
  config.session_timeout_s = 1;
  const auto context = make_context(config);
  for (const int version : kVersions) {
    auto session = first_session(*context, version);
    CHECK(SSL_SESSION_get_ticket_lifetime_hint(session.get()) <= 1);
    SSL_SESSION_set_time(session.get(), time(nullptr));
    SSL_SESSION_set_timeout(session.get(), 1000);  // the client believes in it for longer
    const std::int64_t end_s = time(nullptr) + 2;
    while (time(nullptr) < end_s) usleep(10000);
    CHECK(!resumes(*context, session.get(), version));
  }
}

TEST_CASE("servers with other certificates, authorities or names of sessions resume nothing of each other") {
  const TestCertificate other = make_certificate({.common_name = "other"});
  const Zones zones;
  for (const int version : kVersions) {
    const auto one = make_context(cached(zones, true));
    TlsConfig with_other = cached(zones, true);
    with_other.certificates = config_with(other).certificates;
    TlsConfig with_scope = cached(zones, true);
    with_scope.session_scope = "b.example";
    for (const TlsConfig& config : {with_other, with_scope}) {
      const auto session = first_session(*one, version);
      CHECK(!resumes(*make_context(config), session.get(), version));
    }
    const auto session = first_session(*one, version);
    CHECK(resumes(*make_context(cached(zones, true)), session.get(), version));
  }
}

// --- one address, several servers ----------------------------------------------------------------------------------

struct TwoServers {
  explicit TwoServers(const Zones& zones, bool tickets) {
    TlsConfig config = cached(zones, tickets);
    config.verify = ClientVerification::optional;
    for (auto [member, authority] : {std::pair{&a, &authority_a}, std::pair{&b, &authority_b}}) {
      config.client_certificate = folder.file("authority.pem", authority->certificate_text());
      *member = make_context(config);
    }
    TlsConfig plain = cached(zones, tickets);
    plain.session_scope = "default";
    default_server = make_context(plain);
  }
  TestServer servers() const { return {.named = {{"a.example", a.get()}, {"b.example", b.get()}}}; }

  TestFolder folder;
  TestCertificate authority_a = make_certificate({.common_name = "a's clients", .authority = true});
  TestCertificate authority_b = make_certificate({.common_name = "b's clients", .authority = true});
  TestCertificate client = make_certificate({.common_name = "client of a", .issuer = &authority_a});
  std::unique_ptr<TlsContext> default_server;
  std::unique_ptr<TlsContext> a;
  std::unique_ptr<TlsContext> b;
};

TEST_CASE("a session is resumed at the server it was made for, and at no other of the address") {
  const Zones zones("two servers");
  for (const bool tickets : {true, false}) {
    const TwoServers two(zones, tickets);
    for (const int version : kVersions) {
      const auto connect = [&](const char* name, ssl_session_st* session, bool reused) {
        TestConnection connection(*two.default_server,
                                  {.server_name = name, .certificate = &two.client, .session = session, .version = version},
                                  two.servers());
        REQUIRE(connection.shake_hands());
        CHECK(connection.reused() == reused);
        const bool is_a = std::string_view(name) == "a.example";
        if (*name != '\0') CHECK((SSL_get_verify_result(connection.server().handle()) == X509_V_OK) == is_a);
        return connection.session();
      };
      const auto of_a = connect("a.example", nullptr, false);
      connect("b.example", of_a.get(), false);
      connect("", of_a.get(), false);
      const auto again = connect("a.example", nullptr, false);
      connect("a.example", again.get(), true);
    }
  }
}

TEST_CASE("a server that rejects handshakes says that it does not know the name, and others are served") {
  const auto context = make_context(config_with(certificate()));
  TestConnection refused(*context, {.server_name = "no.example"}, {.named = {{"no.example", nullptr}}});
  CHECK(!refused.shake_hands());
  CHECK(refused.server().error().text == "handshake rejected");
  CHECK(refused.server().error().level == LogLevel::info);
  TestConnection served(*context, {.server_name = "yes.example"}, {.named = {{"no.example", nullptr}}});
  CHECK(served.shake_hands());
}

TEST_CASE("the protocols of the server that the client names count") {
  TlsConfig newest = config_with(certificate());
  newest.protocols = kTlsV13;
  const auto all = make_context(config_with(certificate()));
  const auto only_newest = make_context(newest);
  const TestServer servers{.named = {{"new.example", only_newest.get()}}};
  TestConnection refused(*all, {.server_name = "new.example", .version = TLS1_2_VERSION}, servers);
  CHECK(!refused.shake_hands());
  TestConnection served(*all, {.server_name = "old.example", .version = TLS1_2_VERSION}, servers);
  CHECK(served.shake_hands());
}

TEST_CASE("an answer of an authority goes to who asks for it, and no longer than it is good") {
  const TestCertificate& one = certificate();
  const auto context = make_context(config_with(one));
  auto staple = std::make_unique<Stapling::Staple>();
  X509_up_ref(SSL_CTX_get0_certificate(context->handle()));
  staple->certificate.reset(SSL_CTX_get0_certificate(context->handle()));
  Stapling::Staple& kept = *staple;
  context->stapling = std::make_unique<Stapling>();
  context->stapling->add(std::move(staple));
  Stapling::install(context->handle());
  const auto given = [&] {
    TestConnection connection(*context, {.prepare = [](ssl_st* client) {
      SSL_set_tlsext_status_type(client, TLSEXT_STATUSTYPE_ocsp);
    }});
    REQUIRE(connection.shake_hands());
    const unsigned char* bytes = nullptr;
    const long size = SSL_get_tlsext_status_ocsp_resp(connection.client(), &bytes);
    return size < 0 ? std::string("none") : std::string(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size));
  };
  CHECK(given() == "none");
  kept.answer = std::make_shared<const OcspAnswer>(OcspAnswer{"good"});
  CHECK(given() == "good");
  kept.answer = std::make_shared<const OcspAnswer>(OcspAnswer{"old", time(nullptr) - 1});
  CHECK(given() == "none");
}

}  // namespace
}  // namespace uringx
