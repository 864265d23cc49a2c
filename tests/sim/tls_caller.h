// TlsCaller is a client of TLS at a simulated connection: OpenSSL's, through memory. Owned by a test case.
#pragma once

#include <openssl/ssl.h>

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "simulated_socket.h"

namespace uringx {

class TlsCaller {
 public:
  using Prepare = std::function<void(SSL*)>;

  // `prepare` is called before the handshake.
  explicit TlsCaller(SimulatedClient at, const Prepare& prepare = {});
  // One without a connection: the test carries its bytes (take_output(), put_input()).
  explicit TlsCaller(const Prepare& prepare);

  // Says `plain` once the handshake is done.
  void send(std::string_view plain);
  // Takes at most `bytes_max` from the wire and answers what TLS wants answered.
  void turn(std::size_t bytes_max = static_cast<std::size_t>(-1));
  // Asks the server for new keys.
  void ask_for_new_keys();
  void say_goodbye();

  std::string take_output();
  void put_input(std::string_view wire);

  bool established() const { return SSL_is_init_finished(ssl_.get()) == 1; }
  bool got_goodbye() const { return (SSL_get_shutdown(ssl_.get()) & SSL_RECEIVED_SHUTDOWN) != 0; }
  // The records were not those of an honest server.
  bool broken() const { return broken_; }

  SimulatedClient client;
  std::string received;  // plain

 private:
  struct Free {
    void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
    void operator()(SSL* ssl) const { SSL_free(ssl); }
  };

  std::unique_ptr<SSL_CTX, Free> context_;
  std::unique_ptr<SSL, Free> ssl_;
  std::string unsent_;  // plain, until the handshake is done
  bool connected_ = false;
  bool broken_ = false;
};

}  // namespace uringx
