// The whole server over TLS and the simulated kernel: handshakes cut anywhere, answers through full sockets and from cold disks,
// clients that vanish, ask for new keys or for small records, and one GET in which every completion fails once.
#include <chrono>
#include <vector>

#include <openssl/pem.h>
#include <openssl/x509.h>

#include "simulated_site.h"
#include "tls_caller.h"

#include "sim_fixture.h"

namespace uringx {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t kSmallBytes = 1000;
constexpr std::size_t kLargeBytes = 300 * 1024;

std::string text_of(BIO* bio) {
  char* data = nullptr;
  const long bytes = BIO_get_mem_data(bio, &data);
  std::string text(data, static_cast<std::size_t>(bytes));
  BIO_free(bio);
  return text;
}

// The directives that name a certificate made for this run.
const std::string& certificate_directives() {
  static const std::string directives = [] {
    EVP_PKEY* const key = EVP_EC_gen("P-256");
    X509* const one = X509_new();
    X509_set_version(one, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(one), 1);
    X509_gmtime_adj(X509_getm_notBefore(one), -60);
    X509_gmtime_adj(X509_getm_notAfter(one), 86400);
    X509_set_pubkey(one, key);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(one), "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>("sim"), -1, -1, 0);
    X509_set_issuer_name(one, X509_get_subject_name(one));
    X509_sign(one, key, EVP_sha256());
    BIO* const certificate = BIO_new(BIO_s_mem());
    PEM_write_bio_X509(certificate, one);
    BIO* const key_text = BIO_new(BIO_s_mem());
    PEM_write_bio_PrivateKey(key_text, key, nullptr, nullptr, 0, nullptr, nullptr);
    X509_free(one);
    EVP_PKEY_free(key);
    return "ssl on; ssl_protocols TLSv1.2 TLSv1.3; ssl_certificate \"data:" + text_of(certificate) + "\"; ssl_certificate_key \"data:" + text_of(key_text) + "\";";
  }();
  return directives;
}

// A site that speaks TLS, with the files the tests ask for.
struct TlsSite : SimulatedSite {
  explicit TlsSite(std::uint64_t seed = 1, const std::string& more = {}) : SimulatedSite(seed, certificate_directives() + more) {
    kernel().files().create_file("/srv/small", patterned_bytes(kSmallBytes, 1));
    kernel().files().create_file("/srv/large", patterned_bytes(kLargeBytes, 2));
    kernel().files().create_file("/srv/empty", "");
  }

  // Until a whole answer has come, taking at most `bytes_max` a turn.
  std::optional<SimulatedAnswer> await_answer(TlsCaller& caller, std::size_t bytes_max = static_cast<std::size_t>(-1)) {
    for (int turns = 0; turns < 5000; ++turns) {
      caller.turn(bytes_max);
      if (auto answer = take_answer(caller.received)) return answer;
      if (caller.client.over()) return std::nullopt;
      turn();
    }
    return std::nullopt;
  }
};

SimulatedAnswer fetch(TlsSite& site, TlsCaller& caller, std::string_view path, std::size_t bytes_max = static_cast<std::size_t>(-1)) {
  caller.send(get(path));
  const auto answer = site.await_answer(caller, bytes_max);
  REQUIRE(answer.has_value());
  CHECK(caller.received.empty());
  return *answer;
}

void only_version(SSL* ssl, int version) {
  SSL_set_min_proto_version(ssl, version);
  SSL_set_max_proto_version(ssl, version);
}

constexpr int kVersions[] = {TLS1_2_VERSION, TLS1_3_VERSION};

}  // namespace

TEST_SUITE("sim-tls") {
  TEST_CASE("requests on one connection are answered one after another, and the end is told") {
    for (const int version : kVersions) {
      CAPTURE(version);
      TlsSite site(1, "keepalive_timeout 10s;");
      TlsCaller caller(site.connect(), [&](SSL* ssl) { only_version(ssl, version); });
      for (int round = 0; round < 3; ++round) {
        CHECK(fetch(site, caller, "/small").body == patterned_bytes(kSmallBytes, 1));
        CHECK(fetch(site, caller, "/large").body == patterned_bytes(kLargeBytes, 2));
        CHECK(fetch(site, caller, "/empty").body.empty());
        CHECK(fetch(site, caller, "/missing").status == 404);
      }
      site.settle();
      CHECK(site.access_log_lines() == 12);
      CHECK_FALSE(caller.client.over());
      site.let_pass(11s);
      caller.turn();
      CHECK(caller.got_goodbye());
      CHECK(caller.client.at_end());
      CHECK(site.shut_down() == "");
    }
  }

  TEST_CASE("a file that is not in memory arrives once, also where the socket takes bytes while the disk is waited for") {
    for (const std::size_t taken : {std::size_t{700}, std::size_t{3000}, std::size_t{20000}}) {
      CAPTURE(taken);
      TlsSite site;
      site.kernel().socket_bytes_max = 5000;
      site.kernel().faults.short_send = 300;
      site.kernel().files().evict_all();
      TlsCaller caller(site.connect());
      caller.send(get("/large"));
      std::optional<SimulatedAnswer> answer;
      for (int turn = 0; turn < 20000 && !answer; ++turn) {
        if (turn % 3 == 0) site.kernel().files().evict_all();
        site.turn();
        caller.turn(taken);
        answer = take_answer(caller.received);
      }
      REQUIRE(answer.has_value());
      CHECK(answer->body == patterned_bytes(kLargeBytes, 2));
      CHECK(fetch(site, caller, "/small").body == patterned_bytes(kSmallBytes, 1));
      CHECK(site.shut_down() == "");
    }
  }

  TEST_CASE("bytes of a read that is under way are not sent twice when the socket has room again") {
    TlsSite site;
    site.kernel().socket_bytes_max = 2000;
    site.kernel().disk_time = 50ms;
    TlsCaller caller(site.connect());
    fetch(site, caller, "/small");
    // In memory at the beginning only: the stream is busy with that while the disk is asked for the rest.
    site.kernel().files().evict_all();
    const int fd = site.kernel().open("/srv/large", open_how{.flags = O_RDONLY, .mode = 0, .resolve = 0});
    std::vector<char> begin(40000);
    site.backend().read_cached(fd, begin, 0);
    site.kernel().close(fd);
    CHECK(fetch(site, caller, "/large", 500).body == patterned_bytes(kLargeBytes, 2));
    CHECK(site.shut_down() == "");
  }

  TEST_CASE("slow readers get everything, and others are served meanwhile") {
    TlsSite site;
    site.kernel().socket_bytes_max = 20000;
    std::vector<TlsCaller> slow;
    for (int i = 0; i < 10; ++i) {
      slow.emplace_back(site.connect());
      slow.back().send(get("/large"));
    }
    for (int turn = 0; turn < 10; ++turn) {
      for (TlsCaller& caller : slow) caller.turn(1000);
      site.turn();
    }
    TlsCaller quick(site.connect());
    CHECK(fetch(site, quick, "/small").body == patterned_bytes(kSmallBytes, 1));
    for (std::size_t i = 0; i < slow.size(); ++i) {
      const auto answer = site.await_answer(slow[i], 900 + 170 * i);
      REQUIRE(answer.has_value());
      CHECK(answer->body == patterned_bytes(kLargeBytes, 2));
    }
    CHECK(site.shut_down() == "");
  }

  TEST_CASE("whatever size of records client and configuration ask for, answers are whole") {
    for (const char* directive : {"", "ssl_buffer_size 1;", "ssl_buffer_size 130;", "ssl_buffer_size 4k;", "ssl_buffer_size 1m;"}) {
      for (const int fragment : {TLSEXT_max_fragment_length_DISABLED, TLSEXT_max_fragment_length_512, TLSEXT_max_fragment_length_4096}) {
        for (const int version : kVersions) {
          CAPTURE(std::string(directive));
          CAPTURE(fragment);
          CAPTURE(version);
          TlsSite site(1, directive);
          TlsCaller caller(site.connect(), [&](SSL* ssl) {
            only_version(ssl, version);
            if (fragment != TLSEXT_max_fragment_length_DISABLED) SSL_set_tlsext_max_fragment_length(ssl, static_cast<std::uint8_t>(fragment));
          });
          CHECK(fetch(site, caller, "/large").body == patterned_bytes(kLargeBytes, 2));
          CHECK_FALSE(caller.broken());
          CHECK(site.shut_down() == "");
        }
      }
    }
  }

  TEST_CASE("a client that asks for new keys and reads nothing is not listened to, and served when it reads") {
    TlsSite site;
    site.kernel().socket_bytes_max = 10000;
    TlsCaller caller(site.connect());
    fetch(site, caller, "/small");
    caller.send(get("/large"));
    site.settle();
    for (int i = 0; i < 3000; ++i) {
      caller.ask_for_new_keys();
      if (i % 100 == 0) site.settle();
    }
    caller.send(get("/small"));
    site.settle();
    CHECK(caller.client.untaken_bytes() > 20000);
    auto answer = site.await_answer(caller);
    REQUIRE(answer.has_value());
    CHECK(answer->body == patterned_bytes(kLargeBytes, 2));
    answer = site.await_answer(caller);
    REQUIRE(answer.has_value());
    CHECK(answer->body == patterned_bytes(kSmallBytes, 1));
    CHECK_FALSE(caller.broken());
    CHECK(site.shut_down() == "");
  }

  TEST_CASE("a handshake may come byte by byte") {
    for (const int version : kVersions) {
      CAPTURE(version);
      TlsSite site;
      auto [fd, client] = site.kernel().connected_socket();
      TlsCaller caller([&](SSL* ssl) { only_version(ssl, version); });
      site.worker().adopt(fd, 0);
      caller.send(get("/small"));
      std::optional<SimulatedAnswer> answer;
      for (int turn = 0; turn < 100 && !answer; ++turn) {
        for (const char one : caller.take_output()) {
          client.send({&one, 1});
          site.turn();
        }
        site.settle();
        caller.put_input(client.receive());
        answer = take_answer(caller.received);
      }
      REQUIRE(answer.has_value());
      CHECK(answer->body == patterned_bytes(kSmallBytes, 1));
      client.close();
      CHECK(site.shut_down() == "");
    }
  }

  TEST_CASE("handshakes that are begun and left end with client_header_timeout") {
    TlsSite site(1, "client_header_timeout 20s;");
    TlsCaller whole(TlsCaller::Prepare{});
    const std::string hello = whole.take_output();
    std::vector<SimulatedClient> left;
    for (std::size_t cut = 0; cut <= hello.size(); cut += hello.size() / 20) {
      left.push_back(site.connect());
      left.back().send(std::string_view(hello).substr(0, cut));
    }
    site.settle();
    CHECK(site.worker().load() == left.size());
    site.let_pass(19s);
    CHECK(site.worker().load() == left.size());
    site.let_pass(2s);
    CHECK(site.worker().load() == 0);
    CHECK(site.error_log().find("client timed out (110: Connection timed out) while SSL handshaking") != std::string::npos);
    CHECK(site.shut_down() == "");
  }

  TEST_CASE("clients that close, reset or say goodbye at any moment leave nothing behind") {
    for (const int how : {0, 1, 2, 3}) {
      CAPTURE(how);
      TlsSite site;
      site.kernel().socket_bytes_max = 10000;
      site.kernel().files().evict_all();
      for (int turns = 0; turns < 14; ++turns) {
        for (const char* path : {"/small", "/large", "/missing"}) {
          TlsCaller caller(site.connect());
          caller.send(get(path));
          for (int turn = 0; turn < turns; ++turn) {
            site.turn();
            caller.turn(turns % 2 == 0 ? 3000 : static_cast<std::size_t>(-1));
          }
          if (how >= 2) caller.say_goodbye();
          if (how == 3) caller.client.finish_sending();
          if (how == 1) {
            caller.client.reset();
          } else {
            caller.client.close();
          }
        }
      }
      site.settle();
      CHECK(site.worker().load() == 0);
      CHECK(site.shut_down() == "");
    }
  }

  TEST_CASE("a client that takes nothing any more costs send_timeout, in the handshake too") {
    TlsSite site(1, "send_timeout 20s;");
    site.kernel().socket_bytes_max = 10000;
    TlsCaller deaf(site.connect());
    fetch(site, deaf, "/small");
    deaf.send(get("/large"));
    site.kernel().socket_bytes_max = 10;
    TlsCaller dumb(site.connect());
    dumb.turn(0);
    site.settle();
    CHECK(site.worker().load() == 2);
    site.let_pass(120s);
    CHECK(site.worker().load() == 0);
    CHECK(site.shut_down() == "");
  }

  TEST_CASE("a file that shrinks while it is sent ends the connection, and no byte is made up") {
    for (const bool cold : {false, true}) {
      CAPTURE(cold);
      TlsSite site;
      site.kernel().socket_bytes_max = 20000;
      TlsCaller caller(site.connect());
      fetch(site, caller, "/small");
      caller.send(get("/large"));
      site.turn();
      site.turn();
      if (cold) site.kernel().files().evict_all();
      site.kernel().files().truncate("/srv/large", 150000);
      for (int turn = 0; turn < 200; ++turn) {
        caller.turn();
        site.turn();
      }
      CHECK(caller.client.over());
      const std::string body = caller.received.substr(caller.received.find("\r\n\r\n") + 4);
      CHECK(body.size() <= 150000);
      CHECK(patterned_bytes(kLargeBytes, 2).starts_with(body));
      CHECK(site.shut_down().find("file was truncated") != std::string::npos);  // nginx's [alert]
    }
  }

  TEST_CASE("one GET, its every completion failing once: a right answer, an error page or a clean end") {
    for (const char* path : {"/small", "/large"}) {
      for (const bool cold : {false, true}) {
        bool all_tried = false;
        for (std::uint64_t failing = 0; !all_tried; ++failing) {
          REQUIRE(failing < 1000);
          CAPTURE(std::string(path));
          CAPTURE(cold);
          CAPTURE(failing);
          TlsSite site;
          site.kernel().socket_bytes_max = 50000;
          if (cold) site.kernel().files().evict_all();
          site.kernel().faults.failing_completion = failing;
          TlsCaller caller(site.connect());
          caller.send(get(path, "Connection: close\r\n"));
          const auto answer = site.await_answer(caller);
          site.settle();
          caller.turn();  // the goodbye
          all_tried = site.kernel().completion_count() <= failing;
          CHECK_FALSE(caller.broken());
          if (answer) {
            const bool right = answer->status == 200 && answer->body == patterned_bytes(*(path + 1) == 's' ? kSmallBytes : kLargeBytes, *(path + 1) == 's' ? 1 : 2);
            CHECK((right || answer->status == 500 || answer->status == 503));
            if (all_tried) CHECK(right);
          } else {
            CHECK_FALSE(all_tried);
            CHECK(may_begin_answer(caller.received));
          }
          CHECK(caller.client.over());
          const std::string wrong = site.shut_down();
          const bool of_the_log = wrong.find(": write() to \"") != std::string::npos;
          CHECK((wrong == "" || (wrong.starts_with("alerts") && (!answer || of_the_log))));
        }
      }
    }
  }

  TEST_CASE("random clients and faults: every whole answer is right, every connection ends, nothing is left") {
    const auto deadline = std::chrono::steady_clock::now() + 5s;
    unsigned whole_answers = 0;
    for (std::uint64_t round = 0; round < 40 && std::chrono::steady_clock::now() < deadline; ++round) {
      const std::uint64_t seed = simulation_seed() + round;
      CAPTURE(seed);
      TlsSite site(seed);
      SimulatedRandom random(seed ^ 0x715);
      FaultPlan& faults = site.kernel().faults;
      faults.delay = static_cast<unsigned>(random.below(200));
      faults.reorder = static_cast<unsigned>(random.below(1000));
      faults.short_send = static_cast<unsigned>(random.below(300));
      faults.multishot_end = static_cast<unsigned>(random.below(200));
      faults.no_buffers = static_cast<unsigned>(random.below(100));
      faults.refuse_now = static_cast<unsigned>(random.below(300));
      if (round % 3 == 0) {
        faults.short_read = static_cast<unsigned>(random.below(50));
        faults.connection_reset = static_cast<unsigned>(random.below(20));
        faults.io_error = static_cast<unsigned>(random.below(30));
      }
      site.kernel().socket_bytes_max = 1000 + random.below(100000);
      std::vector<TlsCaller> callers;
      for (int step = 0; step < 400; ++step) {
        if (callers.size() < 12 && random.occurs(200)) {
          callers.emplace_back(site.connect());
          callers.back().send(get(random.occurs(500) ? "/small" : "/large"));
        }
        if (random.occurs(30)) site.kernel().files().evict_all();
        for (TlsCaller& caller : callers) {
          if (random.occurs(700)) caller.turn(random.below(50000));
          if (caller.established() && random.occurs(20)) caller.ask_for_new_keys();
          if (const auto answer = take_answer(caller.received)) {
            const bool right = answer->body == patterned_bytes(kSmallBytes, 1) || answer->body == patterned_bytes(kLargeBytes, 2);
            CHECK((right || answer->status == 500 || answer->status == 503));
            CHECK(caller.received.empty());
            ++whole_answers;
            caller.send(get(random.occurs(500) ? "/small" : "/large"));
          }
          CHECK_FALSE(caller.broken());
          if (random.occurs(2)) caller.client.reset();
          if (random.occurs(2)) caller.client.close();
        }
        site.turn();
      }
      for (TlsCaller& caller : callers) caller.client.close();
      const std::string wrong = site.shut_down();
      CHECK((wrong == "" || (round % 3 == 0 && wrong.starts_with("alerts"))));
    }
    CHECK(whole_answers > 20);
  }
}

}  // namespace uringx
