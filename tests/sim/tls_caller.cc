#include "tls_caller.h"

#include <openssl/err.h>

#include <utility>

namespace uringx {

TlsCaller::TlsCaller(const Prepare& prepare) : context_(SSL_CTX_new(TLS_client_method())), ssl_(SSL_new(context_.get())) {
  SSL_set_bio(ssl_.get(), BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
  SSL_set_connect_state(ssl_.get());
  if (prepare) prepare(ssl_.get());
  put_input({});
}

TlsCaller::TlsCaller(SimulatedClient at, const Prepare& prepare) : TlsCaller(prepare) {
  client = std::move(at);
  connected_ = true;
  client.send(take_output());
}

void TlsCaller::send(std::string_view plain) {
  unsent_ += plain;
  put_input({});
  if (connected_) client.send(take_output());
}

void TlsCaller::turn(std::size_t bytes_max) {
  put_input(client.receive(bytes_max));
  client.send(take_output());
}

void TlsCaller::put_input(std::string_view wire) {
  if (!wire.empty()) BIO_write(SSL_get_rbio(ssl_.get()), wire.data(), static_cast<int>(wire.size()));
  ERR_clear_error();
  int result = established() ? 1 : SSL_do_handshake(ssl_.get());
  if (established() && !unsent_.empty()) {
    SSL_write(ssl_.get(), unsent_.data(), static_cast<int>(unsent_.size()));
    unsent_.clear();
  }
  char plain[16384];
  while (established() && (result = SSL_read(ssl_.get(), plain, sizeof(plain))) > 0) {
    received.append(plain, static_cast<std::size_t>(result));
  }
  if (result <= 0 && SSL_get_error(ssl_.get(), result) == SSL_ERROR_SSL) broken_ = true;
}

void TlsCaller::ask_for_new_keys() {
  SSL_key_update(ssl_.get(), SSL_KEY_UPDATE_REQUESTED);
  SSL_do_handshake(ssl_.get());
  client.send(take_output());
}

void TlsCaller::say_goodbye() {
  if (established()) SSL_shutdown(ssl_.get());
  client.send(take_output());
}

std::string TlsCaller::take_output() {
  std::string out(BIO_ctrl_pending(SSL_get_wbio(ssl_.get())), '\0');
  if (!out.empty()) BIO_read(SSL_get_wbio(ssl_.get()), out.data(), static_cast<int>(out.size()));
  return out;
}

}  // namespace uringx
