// TlsChannel is the TLS of a Connection: it takes the bytes of the wire through the session and gives plain ones to the
// connection, and has the records that the session makes sent by the connection's ByteStream.
// Part of a Connection, on its worker's thread (nginx: ngx_http_ssl_handshake, ngx_ssl_handshake).
#pragma once

#include <memory>
#include <span>
#include <string>

#include "server/byte_stream.h"
#include "server/certificate_loading.h"
#include "server/revocation_check.h"
#include "tls/tls_session.h"

namespace uringx {

class Connection;
class ServerBlock;
struct ServerSsl;

class TlsChannel {
 public:
  // The connection's default server has a context. Throws std::bad_alloc.
  TlsChannel(Connection& connection, ByteStream& stream, const TlsContext& context);

  // Uses all of `bytes`: goes on with the handshake, gives plain bytes to Connection::take_plain_bytes().
  // May close the connection.
  void take_wire_bytes(std::span<const char> bytes);

  // The handshake is done, and the client's certificate was not revoked as far as ssl_ocsp wants to know.
  bool established() const { return established_; }
  const TlsSession& session() const { return session_; }
  // The server that the client's name chose; the default one without a name.
  const ServerBlock& named_server() const { return *named_server_; }
  // What the client called it (RFC 6066 section 3) when there is a server of that name, else empty.
  std::string_view server_name() const { return server_name_; }

  // The last record: close_notify. Nothing is sent afterwards.
  void shut_down();

  // The connection closes: nothing more is found out about the client.
  void cancel();
  // Something of it is with a helper's thread or the kernel: it must not be destroyed.
  bool pending() const {
    return (certificates_ != nullptr && certificates_->pending()) || (revocation_ != nullptr && revocation_->pending());
  }

 private:
  static std::size_t send(void* owner, std::span<const char> bytes) { return static_cast<TlsChannel*>(owner)->stream_.put_raw(bytes); }
  static const TlsContext* server_named(void* owner, std::string_view name) { return static_cast<TlsChannel*>(owner)->on_server_named(name); }
  static bool allows_http2(void* owner);
  static void revocation_checked(void* owner) { static_cast<TlsChannel*>(owner)->on_revocation_checked(); }
  static void room(void* owner) { static_cast<TlsChannel*>(owner)->on_room(); }
  static void failed(void* owner, int error_number) { static_cast<TlsChannel*>(owner)->on_failed(error_number); }

  const TlsContext* on_server_named(std::string_view name);
  void on_room();
  void on_failed(int error_number);
  void go_on();
  void go_on_with_unread();
  bool shake_hands();
  bool check_revocation();
  void on_revocation_checked();
  void establish();
  bool load_certificates();
  bool use_loaded(const ServerSsl& ssl, const std::vector<CertificateNames>& names);
  void on_certificates_loaded();
  void keep_unread();
  void read_all();
  void fail();

  Connection& connection_;
  ByteStream& stream_;
  const ServerBlock* named_server_;
  const ServerBlock* certified_server_;  // whose certificates are shown
  std::string server_name_;
  std::string unread_;  // wire bytes that wait for room, or for certificates
  bool waits_for_room_ = false;
  bool established_ = false;
  TlsSession session_;
  std::unique_ptr<CertificateLoading> certificates_;  // what the handshake waits for
  std::unique_ptr<RevocationCheck> revocation_;       // what the first request waits for; nullptr: nothing to ask
};

}  // namespace uringx
