// TlsSession is the TLS of one connection: bytes from the wire in, plain bytes out, and the other way round. It never
// touches a socket: what it wants to send it gives to its Wire. Owned by a Connection, on its worker's thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/error_log.h"

struct ssl_st;
struct ssl_ctx_st;

namespace uringx {

class TlsContext;

class TlsSession {
 public:
  // What a session asks of the connection it belongs to, always inside one of the calls below.
  struct Wire {
    void* owner;
    // Takes what fits of `bytes`, to be sent in order; 0 when there is no room (the call then gives wants_room).
    std::size_t (*send)(void* owner, std::span<const char> bytes);
    // The client asks for `name` (as sent; empty: it named none). The context that is to be used from here on; nullptr refuses
    // the handshake (ssl_reject_handshake) with unrecognized_name.
    const TlsContext* (*server_named)(void* owner, std::string_view name);
    // Whether h2 may be chosen; asked after server_named.
    bool (*allows_http2)(void* owner);
  };

  enum class Status : std::uint8_t {
    done,
    wants_input,        // until more came from the wire
    wants_room,         // until the Wire takes bytes again
    wants_certificate,  // until the certificates of this name were loaded (certificate_loaded())
    closed,             // the client said close_notify
    failed,             // error() says why; nothing can be sent or received any more
  };
  struct Transfer {
    Status status = Status::done;
    std::size_t bytes = 0;  // of plain text; may be more than 0 with any status
  };
  struct Error {
    LogLevel level = LogLevel::info;
    std::string text;  // "SSL_do_handshake() failed (SSL: error:...)"
    int error_number = 0;
  };

  // `context`: the default server's. Throws std::bad_alloc.
  TlsSession(const TlsContext& context, Wire wire);
  ~TlsSession();
  TlsSession(const TlsSession&) = delete;
  TlsSession& operator=(const TlsSession&) = delete;

  // What came from the wire: read by the calls that follow, which have to use it up (wants_input) before it goes.
  void set_input(std::span<const char> bytes) { input_ = bytes; }
  // What was not read of it.
  std::span<const char> input() const { return input_; }
  // Whether read() could give more before more has come: what it would find out otherwise costs a call of OpenSSL.
  bool may_have_more() const;

  // Goes on with the handshake. Done: read() and write() may be called. With early data: done as soon as that can be read.
  Status handshake();
  bool established() const { return established_; }

  // Plain bytes that came. `closed` or `failed` after the last ones.
  Transfer read(std::span<char> into);
  // Encrypts as much of `plain` as the wire takes, in records of at most `record_bytes_max` bytes.
  Transfer write(std::span<const char> plain, std::size_t record_bytes_max);
  // Of plain text, what the client lets a record hold (RFC 6066 section 4); known once write() may be called.
  std::size_t record_bytes_max() const;
  // Says close_notify, once; nothing happens before the handshake is done or after a failure.
  void shut_down();

  // Of a session that failed.
  const Error& error() const { return *error_; }
  // The protocol chosen by ALPN: "h2", "http/1.1", or empty.
  std::string_view application_protocol() const;

  // For variables and for the module that checks client certificates (tls/tls_facts.h).
  ssl_st* handle() const { return ssl_; }

  // Puts the callbacks of sessions into a context that is being made.
  static void prepare(ssl_ctx_st* context);

 private:
  friend struct TlsCallbacks;

  Status try_early_data();
  Transfer read_early_data(std::span<char> into);
  Status status_of(int result, std::string_view call);
  Status fail(std::string_view call);

  ssl_st* ssl_ = nullptr;
  Wire wire_;
  std::span<const char> input_;
  bool established_ = false;
  bool early_data_;              // may come: looked for before the handshake
  bool in_early_data_ = false;   // comes
  bool answers_early_ = false;   // the handshake was not complete when read() and write() became possible
  bool has_early_byte_ = false;
  char early_byte_ = 0;
  bool shut_down_ = false;
  bool failed_ = false;
  bool rejected_ = false;        // by the server that the client named
  std::unique_ptr<Error> error_;  // few sessions have one
};

}  // namespace uringx
