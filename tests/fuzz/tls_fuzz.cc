// Fuzz target of the path that records take: a server's session and OpenSSL's client through memory. The input is what happens:
// the first byte chooses the version, what the wire takes and whether there is early data, then steps follow that carry bytes
// whole, cut, changed or made up. No step may crash, give bytes that were never sent, or go on after a failure.
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "tests/fuzz/fuzz_fixture.h"
#include "tls/context_builder.h"
#include "tls/tls_session.h"

namespace uringx {
namespace {

std::string text_of(BIO* bio) {
  char* data = nullptr;
  const long bytes = BIO_get_mem_data(bio, &data);
  std::string text(data, static_cast<std::size_t>(bytes));
  BIO_free(bio);
  return text;
}

std::unique_ptr<TlsContext> make_context() {
  EVP_PKEY* const key = EVP_EC_gen("P-256");
  X509* const one = X509_new();
  X509_gmtime_adj(X509_getm_notBefore(one), -60);
  X509_gmtime_adj(X509_getm_notAfter(one), 86400);
  X509_set_pubkey(one, key);
  X509_sign(one, key, EVP_sha256());
  BIO* const certificate = BIO_new(BIO_s_mem());
  PEM_write_bio_X509(certificate, one);
  BIO* const key_text = BIO_new(BIO_s_mem());
  PEM_write_bio_PrivateKey(key_text, key, nullptr, nullptr, 0, nullptr, nullptr);
  X509_free(one);
  EVP_PKEY_free(key);
  TlsConfig config;
  config.protocols = kTlsV12 | kTlsV13;
  config.ciphers = "HIGH:!aNULL:!MD5";
  config.ecdh_curve = "auto";
  config.early_data = true;
  config.certificates.push_back({"data:" + text_of(certificate), "data:" + text_of(key_text)});
  std::vector<std::string> warnings;
  auto made = build_tls_context(config, warnings);
  expect(made.has_value(), "the configuration is good");
  return std::move(*made);
}

const TlsContext& context() {
  static const std::unique_ptr<TlsContext> one = make_context();
  return *one;
}

// Both ends of one connection, and the wires between them.
class Ends {
 public:
  Ends(bool newest, bool narrow) : narrow_(narrow) {
    server_ = std::make_unique<TlsSession>(
        context(), TlsSession::Wire{.owner = this,
                                    .send = take,
                                    .server_named = [](void*, std::string_view) { return &context(); },
                                    .allows_http2 = [](void*) { return true; }});
    static SSL_CTX* const clients = SSL_CTX_new(TLS_client_method());
    client_ = SSL_new(clients);
    SSL_set_bio(client_, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    SSL_set_connect_state(client_);
    SSL_set_max_proto_version(client_, newest ? TLS1_3_VERSION : TLS1_2_VERSION);
    static constexpr unsigned char kProtocols[] = "\x02h2\x08http/1.1";
    SSL_set_alpn_protos(client_, kProtocols, sizeof(kProtocols) - 1);
    SSL_set_tlsext_host_name(client_, "a.test");
    SSL_do_handshake(client_);
  }
  ~Ends() {
    SSL_set_shutdown(client_, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
    SSL_free(client_);
    ERR_clear_error();
  }

  // What the client wants to send now.
  std::string client_output() {
    std::string out(BIO_ctrl_pending(SSL_get_wbio(client_)), '\0');
    if (!out.empty()) BIO_read(SSL_get_wbio(client_), out.data(), static_cast<int>(out.size()));
    return out;
  }

  void client_turn() {
    ERR_clear_error();
    if (!to_client_.empty()) BIO_write(SSL_get_rbio(client_), to_client_.data(), static_cast<int>(to_client_.size()));
    to_client_.clear();
    if (SSL_do_handshake(client_) != 1) return;
    char plain[4096];
    while (SSL_read(client_, plain, sizeof(plain)) > 0) {
    }
  }
  void client_says(std::string_view plain) {
    ERR_clear_error();
    if (!SSL_is_init_finished(client_) || plain.empty()) return;
    SSL_write(client_, plain.data(), static_cast<int>(plain.size()));
    said_ += plain;
  }
  void client_asks_for_new_keys() {
    if (!SSL_is_init_finished(client_) || SSL_version(client_) != TLS1_3_VERSION) return;
    SSL_key_update(client_, SSL_KEY_UPDATE_REQUESTED);
    SSL_do_handshake(client_);
  }

  // As a connection does it: what the session cannot use yet is kept for the next time.
  void server_turn(std::string_view wire) {
    room_ = narrow_ ? 7 : 1 << 16;
    unread_ += wire;
    const std::string input = std::exchange(unread_, {});
    server_->set_input(input);
    bool over = false;
    if (!server_->established()) {
      const auto status = server_->handshake();
      over = status != TlsSession::Status::done;
      note(status);
    }
    char plain[1000];
    while (!over) {
      const TlsSession::Transfer got = server_->read(plain);
      heard_.append(plain, got.bytes);
      over = got.status != TlsSession::Status::done;
      note(got.status);
    }
    expect(said_.starts_with(heard_), "nothing is heard that was not said");
    unread_.assign(server_->input().begin(), server_->input().end());
    server_->set_input({});
  }
  void server_says(std::size_t bytes) {
    if (!server_->established()) return;
    const std::string plain(bytes, 'x');
    const TlsSession::Transfer done = server_->write(plain, 600);
    expect(done.bytes <= plain.size(), "no more is taken than there is");
    expect(!failed_ || done.status == TlsSession::Status::failed, "a failure is for good");
  }
  void server_says_goodbye() { server_->shut_down(); }

 private:
  static std::size_t take(void* owner, std::span<const char> bytes) {
    auto& self = *static_cast<Ends*>(owner);
    const std::size_t taken = std::min(bytes.size(), self.room_);
    self.room_ -= taken;
    self.to_client_.append(bytes.data(), taken);
    return taken;
  }
  void note(TlsSession::Status status) {
    expect(!failed_ || status == TlsSession::Status::failed, "a failure is for good");
    failed_ = status == TlsSession::Status::failed;
    if (failed_) expect(!server_->error().text.empty(), "a failure has words");
  }

  bool narrow_;
  std::size_t room_ = 0;
  std::unique_ptr<TlsSession> server_;
  ssl_st* client_ = nullptr;
  std::string to_client_;
  std::string unread_;
  std::string said_;
  std::string heard_;
  bool failed_ = false;
};

}  // namespace
}  // namespace uringx

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace uringx;
  std::string_view steps(reinterpret_cast<const char*>(data), size);
  const auto next = [&steps] {
    const auto byte = static_cast<unsigned char>(steps.empty() ? 0 : steps.front());
    if (!steps.empty()) steps.remove_prefix(1);
    return byte;
  };
  const unsigned char kind = next();
  Ends ends((kind & 1) == 0, (kind & 2) != 0);
  for (int count = 0; !steps.empty() && count < 64; ++count) {
    const unsigned char step = next();
    const std::size_t amount = next();
    switch (step % 10) {
      case 0:  // what the client says, as it is
        ends.server_turn(ends.client_output());
        break;
      case 1: {  // cut in two
        const std::string wire = ends.client_output();
        const std::size_t cut = wire.size() * amount / 256;
        ends.server_turn(std::string_view(wire).substr(0, cut));
        ends.server_turn(std::string_view(wire).substr(cut));
        break;
      }
      case 2: {  // a byte changed
        std::string wire = ends.client_output();
        if (!wire.empty()) wire[wire.size() * amount / 256] = static_cast<char>(next());
        ends.server_turn(wire);
        break;
      }
      case 3: {  // the end is lost
        const std::string wire = ends.client_output();
        ends.server_turn(std::string_view(wire).substr(0, wire.size() * amount / 256));
        break;
      }
      case 4: {  // made up
        const std::string_view made = steps.substr(0, amount);
        steps.remove_prefix(made.size());
        ends.server_turn(made);
        break;
      }
      case 5: ends.client_turn(); break;
      case 6: ends.client_says(steps.substr(0, amount)); break;
      case 7: ends.client_asks_for_new_keys(); break;
      case 8: ends.server_says(amount * 64); break;
      case 9: {
        if (amount > 200) ends.server_says_goodbye();
        ends.server_turn({});
        break;
      }
    }
  }
  return 0;
}
