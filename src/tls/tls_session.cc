#include "tls/tls_session.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <new>

#include "tls/openssl_callback.h"
#include "tls/tls_context.h"
#include "tls/tls_error.h"

namespace uringx {

// What OpenSSL calls back, with the session as the application data of its SSL.
struct TlsCallbacks {
  static TlsSession& session_of(BIO* bio) { return *static_cast<TlsSession*>(BIO_get_data(bio)); }
  static TlsSession& session_of(const SSL* ssl) { return *static_cast<TlsSession*>(SSL_get_app_data(ssl)); }

  static int write_wire(BIO* bio, const char* bytes, int size) {
    BIO_clear_retry_flags(bio);
    const TlsSession& session = session_of(bio);
    const std::size_t taken = session.wire_.send(session.wire_.owner, {bytes, static_cast<std::size_t>(size)});
    if (taken != 0) return static_cast<int>(taken);
    BIO_set_retry_write(bio);
    return -1;
  }

  static int read_wire(BIO* bio, char* into, int size) noexcept {
    BIO_clear_retry_flags(bio);
    TlsSession& session = session_of(bio);
    const std::size_t bytes = std::min(session.input_.size(), static_cast<std::size_t>(size));
    if (bytes == 0) {
      BIO_set_retry_read(bio);
      return -1;
    }
    std::memcpy(into, session.input_.data(), bytes);
    session.input_ = session.input_.subspan(bytes);
    return static_cast<int>(bytes);
  }

  static long control_wire(BIO*, int command, long, void*) noexcept { return command == BIO_CTRL_FLUSH ? 1 : 0; }

  static BIO_METHOD* make_wire_method() {
    BIO_METHOD* const method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "uringx wire");
    if (method == nullptr) throw std::bad_alloc();
    BIO_meth_set_write(method, openssl_callback<write_wire, -1>);
    BIO_meth_set_read(method, read_wire);
    BIO_meth_set_ctrl(method, control_wire);
    return method;
  }

  static BIO* make_wire(TlsSession& session) {
    static BIO_METHOD* const method = make_wire_method();  // for the life of the process
    BIO* const bio = BIO_new(method);
    if (bio == nullptr) throw std::bad_alloc();
    BIO_set_data(bio, &session);
    BIO_set_init(bio, 1);
    return bio;
  }

  // The name in a client's first message (RFC 6066 section 3); empty when there is none, or none that OpenSSL will take.
  static std::string_view name_in_hello(SSL* ssl) {
    constexpr std::size_t kHeadBytes = 5;  // of the list's length, a type, the name's length
    const unsigned char* bytes = nullptr;
    std::size_t size = 0;
    if (SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_server_name, &bytes, &size) != 1 || size < kHeadBytes) return {};
    const auto number = [bytes](std::size_t at) { return std::size_t{bytes[at]} << 8 | bytes[at + 1]; };
    if (number(0) != size - 2 || bytes[2] != TLSEXT_NAMETYPE_host_name || number(3) != size - kHeadBytes) return {};
    return {reinterpret_cast<const char*>(bytes) + kHeadBytes, size - kHeadBytes};
  }

  // ngx_http_ssl_servername, but before a session is looked for: the virtual server's context takes the place of the default
  // one's, and a session that another server made is not resumed here (CVE-2025-23419).
  static int choose_server(SSL* ssl, int* alert, void*) {
    TlsSession& session = session_of(ssl);
    const TlsContext* const context = session.wire_.server_named(session.wire_.owner, name_in_hello(ssl));
    if (context == nullptr) {
      session.rejected_ = true;
      *alert = SSL_AD_UNRECOGNIZED_NAME;
      return SSL_CLIENT_HELLO_ERROR;
    }
    SSL_CTX* const handle = context->handle();
    if (handle != nullptr && SSL_get_SSL_CTX(ssl) != handle) {
      SSL_set_SSL_CTX(ssl, handle);
      // What OpenSSL does not take over with the context (the comments of ngx_http_ssl_servername).
      SSL_set_verify(ssl, SSL_CTX_get_verify_mode(handle), SSL_CTX_get_verify_callback(handle));
      SSL_set_verify_depth(ssl, SSL_CTX_get_verify_depth(handle));
      SSL_clear_options(ssl, SSL_get_options(ssl) & ~SSL_CTX_get_options(handle));
      SSL_set_options(ssl, SSL_CTX_get_options(handle));
    }
    return SSL_CLIENT_HELLO_SUCCESS;
  }

  // The client is told that its name was of use, and the session remembers it.
  static int accept_name(SSL*, int*, void*) noexcept { return SSL_TLSEXT_ERR_OK; }

  static int choose_protocol(SSL* ssl, const unsigned char** chosen, unsigned char* chosen_bytes,
                             const unsigned char* offered, unsigned offered_bytes, void*) {
    static constexpr unsigned char kKnown[] = "\x02h2\x08http/1.1\x08http/1.0\x08http/0.9";
    constexpr unsigned kHttp2Bytes = 3;
    const TlsSession& session = session_of(ssl);
    const unsigned skipped = session.wire_.allows_http2(session.wire_.owner) ? 0 : kHttp2Bytes;
    unsigned char* found = nullptr;
    if (SSL_select_next_proto(&found, chosen_bytes, kKnown + skipped, sizeof(kKnown) - 1 - skipped, offered,
                              offered_bytes) != OPENSSL_NPN_NEGOTIATED) {
      return SSL_TLSEXT_ERR_ALERT_FATAL;
    }
    *chosen = found;
    return SSL_TLSEXT_ERR_OK;
  }
};

void TlsSession::prepare(ssl_ctx_st* context) {
  SSL_CTX_set_client_hello_cb(context, openssl_callback<TlsCallbacks::choose_server, SSL_CLIENT_HELLO_ERROR>, nullptr);
  SSL_CTX_set_tlsext_servername_callback(context, TlsCallbacks::accept_name);
  SSL_CTX_set_alpn_select_cb(context, openssl_callback<TlsCallbacks::choose_protocol, SSL_TLSEXT_ERR_ALERT_FATAL>, nullptr);
  // Idle sessions hold no record buffers; a record the wire took in part is finished from any memory.
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION);  // of the context, so that a change of contexts keeps it
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
}

TlsSession::TlsSession(const TlsContext& context, Wire wire) : wire_(wire), early_data_(context.early_data) {
  ssl_ = SSL_new(context.handle());
  if (ssl_ == nullptr) throw std::bad_alloc();
  BIO* const bio = TlsCallbacks::make_wire(*this);
  SSL_set_bio(ssl_, bio, bio);
  SSL_set_app_data(ssl_, this);
  SSL_set_accept_state(ssl_);
}

// A connection that ends without close_notify is no reason to forget its session (as nginx).
TlsSession::~TlsSession() {
  SSL_set_shutdown(ssl_, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
  SSL_free(ssl_);
}

TlsSession::Status TlsSession::handshake() {
  if (failed_) return Status::failed;
  ERR_clear_error();
  if (early_data_) {
    const Status status = try_early_data();
    if (status != Status::done || in_early_data_) return status;
  }
  const int result = SSL_do_handshake(ssl_);
  if (result != 1) return status_of(result, "SSL_do_handshake()");
  established_ = true;
  return Status::done;
}

// ngx_ssl_try_early_data. Done with in_early_data_: a first byte of it is here.
TlsSession::Status TlsSession::try_early_data() {
  std::size_t bytes = 0;
  const int result = SSL_read_early_data(ssl_, &early_byte_, 1, &bytes);
  if (result == SSL_READ_EARLY_DATA_FINISH) {
    early_data_ = false;
    return Status::done;
  }
  if (result == SSL_READ_EARLY_DATA_ERROR) return status_of(0, "SSL_read_early_data()");
  early_data_ = false;
  in_early_data_ = answers_early_ = true;
  has_early_byte_ = bytes == 1;
  established_ = true;
  return Status::done;
}

bool TlsSession::may_have_more() const { return !input_.empty() || in_early_data_ || SSL_has_pending(ssl_) == 1; }

TlsSession::Transfer TlsSession::read(std::span<char> into) {
  if (failed_) return {Status::failed, 0};
  ERR_clear_error();
  std::size_t bytes = 0;
  if (in_early_data_) {
    const Transfer early = read_early_data(into);
    if (early.status != Status::done || early.bytes != 0 || in_early_data_) return early;
  }
  const int result = SSL_read_ex(ssl_, into.data(), into.size(), &bytes);
  if (result == 1) return {Status::done, bytes};
  return {status_of(result, "SSL_read()"), 0};
}

// Once it has ended the handshake goes on within SSL_read().
TlsSession::Transfer TlsSession::read_early_data(std::span<char> into) {
  if (has_early_byte_) {
    has_early_byte_ = false;
    into[0] = early_byte_;
    return {Status::done, 1};
  }
  std::size_t bytes = 0;
  const int result = SSL_read_early_data(ssl_, into.data(), into.size(), &bytes);
  if (result == SSL_READ_EARLY_DATA_ERROR) return {status_of(0, "SSL_read_early_data()"), 0};
  if (result == SSL_READ_EARLY_DATA_FINISH) in_early_data_ = false;
  return {Status::done, bytes};
}

TlsSession::Transfer TlsSession::write(std::span<const char> plain, std::size_t record_bytes_max) {
  Transfer done;
  if (failed_) return {Status::failed, 0};
  ERR_clear_error();
  while (done.bytes < plain.size()) {
    const std::size_t bytes = std::min(plain.size() - done.bytes, record_bytes_max);
    std::size_t written = 0;
    answers_early_ = answers_early_ && !SSL_is_init_finished(ssl_);
    const int result = answers_early_ ? SSL_write_early_data(ssl_, plain.data() + done.bytes, bytes, &written)
                             : SSL_write_ex(ssl_, plain.data() + done.bytes, bytes, &written);
    if (result != 1) {
      done.status = status_of(result, "SSL_write()");
      return done;
    }
    done.bytes += written;
  }
  return done;
}

std::size_t TlsSession::record_bytes_max() const {
  const std::uint8_t code = SSL_SESSION_get_max_fragment_length(SSL_get_session(ssl_));
  const bool asked = code >= TLSEXT_max_fragment_length_512 && code <= TLSEXT_max_fragment_length_4096;
  return asked ? std::size_t{256} << code : SSL3_RT_MAX_PLAIN_LENGTH;
}

void TlsSession::shut_down() {
  if (!established_ || failed_ || shut_down_ || !SSL_is_init_finished(ssl_)) return;
  shut_down_ = true;
  ERR_clear_error();
  SSL_shutdown(ssl_);
  ERR_clear_error();
}

TlsSession::Status TlsSession::status_of(int result, std::string_view call) {
  switch (SSL_get_error(ssl_, result)) {
    case SSL_ERROR_WANT_READ: return Status::wants_input;
    case SSL_ERROR_WANT_WRITE: return Status::wants_room;
    case SSL_ERROR_WANT_X509_LOOKUP: return Status::wants_certificate;
    case SSL_ERROR_ZERO_RETURN: return Status::closed;
    default: return fail(call);
  }
}

TlsSession::Status TlsSession::fail(std::string_view call) {
  failed_ = true;
  if (rejected_) {  // by ssl_reject_handshake, and no fault of anybody
    ERR_clear_error();
    error_ = std::make_unique<Error>(Error{.level = LogLevel::info, .text = "handshake rejected"});
    return Status::failed;
  }
  const LogLevel level = tls_error_level();
  error_ = std::make_unique<Error>(Error{.level = level, .text = take_tls_errors(std::string(call) + " failed")});
  return Status::failed;
}

std::string_view TlsSession::application_protocol() const {
  const unsigned char* text = nullptr;
  unsigned bytes = 0;
  SSL_get0_alpn_selected(ssl_, &text, &bytes);
  return {reinterpret_cast<const char*>(text), bytes};
}

}  // namespace uringx
