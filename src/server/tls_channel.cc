#include "server/tls_channel.h"

#include "http/uri.h"
#include "modules/ssl.h"
#include "modules/variables.h"
#include "server/connection.h"
#include "server/helper_threads.h"
#include "server/worker.h"

namespace uringx {
namespace {

constexpr std::size_t kPlainBytesMax = 16 * 1024;  // a record's

const ServerSsl& ssl_of(const ServerBlock& server) { return server.settings.get<ServerSsl>(); }

}  // namespace

TlsChannel::TlsChannel(Connection& connection, ByteStream& stream, const TlsContext& context)
    : connection_(connection),
      stream_(stream),
      named_server_(&connection.servers().default_server()),
      certified_server_(named_server_),
      session_(context, {this, send, server_named, allows_http2}) {
  stream_.set_wire_client({this, room, failed});
}

void TlsChannel::take_wire_bytes(std::span<const char> bytes) {
  if (unread_.empty()) {
    session_.set_input(bytes);
  } else {
    unread_.append(bytes.data(), bytes.size());
    session_.set_input(unread_);
  }
  go_on();
}

// The receive buffer goes back to the kernel: what the session could not use yet is kept, and no more of it asked for.
void TlsChannel::keep_unread() {
  const std::span<const char> rest = session_.input();
  if (rest.empty()) {
    connection_.resume_receiving(Connection::Pausing::tls);
  } else {
    connection_.pause_receiving(Connection::Pausing::tls);
  }
  std::string kept(rest.begin(), rest.end());
  unread_.swap(kept);
  session_.set_input({});
}

// From the loop.
void TlsChannel::go_on_with_unread() {
  session_.set_input(unread_);
  connection_.guard([this] { go_on(); });
}

void TlsChannel::go_on() {
  waits_for_room_ = false;
  if (established() || shake_hands()) read_all();
  keep_unread();
  if (connection_.is_open()) stream_.flush();
}

// True once the handshake is done and nothing is to be found out about the client any more.
bool TlsChannel::shake_hands() {
  if (revocation_ != nullptr && revocation_->under_way()) return false;
  switch (session_.handshake()) {
    case TlsSession::Status::done:
      return check_revocation();
    case TlsSession::Status::wants_input:
      return false;
    case TlsSession::Status::wants_room:
      waits_for_room_ = true;
      return false;
    case TlsSession::Status::wants_certificate:
      return load_certificates() && shake_hands();
    case TlsSession::Status::closed:
    case TlsSession::Status::failed:
      fail();
      return false;
  }
  __builtin_unreachable();
}

// ngx_ssl_ocsp_validate.
bool TlsChannel::check_revocation() {
  auto validation = OcspValidation::begin(session_.handle());
  if (!validation) {
    connection_.log(LogLevel::error, validation.error());
    connection_.close();
    return false;
  }
  if (*validation != nullptr) {
    revocation_ = std::make_unique<RevocationCheck>(connection_, *named_server_, std::move(*validation), this, revocation_checked);
    if (!revocation_->start()) return false;
  }
  establish();
  return true;
}

void TlsChannel::on_revocation_checked() {
  establish();
  go_on_with_unread();
}

void TlsChannel::establish() {
  established_ = true;
  stream_.encrypt_with(session_, ssl_of(*named_server_).buffer_size->count);
  connection_.tls_established();
}

void TlsChannel::cancel() {
  if (revocation_ != nullptr) revocation_->cancel();
}

// Their names hold variables, of which those of the session are known by now (ngx_http_ssl_certificate). True: the handshake
// need not wait.
bool TlsChannel::load_certificates() {
  if (pending()) return false;
  Worker& worker = connection_.worker();
  Arena arena(worker.chunks());
  Request request(arena, connection_.info(), worker.clock(), worker.host_info());
  worker.routes().enter_server(request, *named_server_);
  const ServerSsl& ssl = ssl_of(*certified_server_);
  std::vector<CertificateNames> names;
  for (const CertificateTemplates& templates : ssl.certificate_templates) {
    names.push_back(full_names(ssl, templates.certificate.evaluate(request), templates.key.evaluate(request)));
  }
  if (use_loaded(ssl, names)) return true;
  certificates_ = std::make_unique<CertificateLoading>(this, HelperJob::calls<&TlsChannel::on_certificates_loaded>,
                                                       std::move(names), *ssl.passwords);
  if (worker.helpers().certificates.start(*certificates_, worker.ring())) return false;
  refuse_certificates(session_.handle());
  return true;
}

// Those that ssl_certificate_cache still has; false: not all of them.
bool TlsChannel::use_loaded(const ServerSsl& ssl, const std::vector<CertificateNames>& names) {
  if (ssl.loaded_certificates == nullptr) return false;
  LoadedCertificates loaded;
  for (const CertificateNames& one : names) {
    loaded.push_back(ssl.loaded_certificates->find(one, connection_.worker().clock().msec / 1000));
    if (loaded.back() == nullptr) return false;
  }
  return use_certificates(session_.handle(), loaded).has_value();
}

void TlsChannel::on_certificates_loaded() {
  if (!connection_.is_open()) return connection_.close_when_quiet();
  const auto& loaded = certificates_->answer();
  const std::expected<void, std::string> used =
      loaded ? use_certificates(session_.handle(), *loaded) : std::unexpected(loaded.error());
  if (!used) {
    connection_.log(LogLevel::error, used.error());
    refuse_certificates(session_.handle());
  } else if (const ServerSsl& ssl = ssl_of(*certified_server_); ssl.loaded_certificates != nullptr) {
    for (const auto& one : *loaded) ssl.loaded_certificates->put(one, connection_.worker().clock().msec / 1000);
  }
  go_on_with_unread();
}

void TlsChannel::read_all() {
  char plain[kPlainBytesMax];
  while (connection_.is_open()) {
    const TlsSession::Transfer transfer = session_.read(plain);
    if (transfer.bytes != 0) connection_.take_plain_bytes({plain, transfer.bytes});
    if (!connection_.is_open()) return;
    switch (transfer.status) {
      case TlsSession::Status::done:
        if (!session_.may_have_more()) return;
        break;
      case TlsSession::Status::wants_room:
        waits_for_room_ = true;
        return;
      case TlsSession::Status::wants_input:
      case TlsSession::Status::wants_certificate:
        return;
      case TlsSession::Status::closed:
        connection_.on_peer_closed(0);
        return;
      case TlsSession::Status::failed:
        fail();
        return;
    }
  }
}

// The alert that says why, if there is one, is in the stream.
void TlsChannel::fail() {
  stream_.send_last_words();
  connection_.log(session_.error().level, session_.error().text, session_.error().error_number);
  connection_.close();
}

void TlsChannel::on_room() {
  if (waits_for_room_ && connection_.is_open()) go_on_with_unread();
}

void TlsChannel::on_failed(int error_number) {
  if (connection_.is_open()) connection_.on_peer_closed(error_number);
  connection_.close_when_quiet();  // it may have waited for this
}

void TlsChannel::shut_down() {
  session_.shut_down();
  stream_.send_last_words();
}

// ngx_http_ssl_servername. A name that cannot be one is as good as none.
const TlsContext* TlsChannel::on_server_named(std::string_view name) {
  Arena arena(connection_.worker().chunks());
  const auto host = validate_host(name, arena);
  if (const ServerBlock* found = host && !host->empty() ? connection_.servers().find_by_name(*host) : nullptr) {
    named_server_ = found;
    server_name_ = *host;
  }
  // A server without certificates of its own speaks with the default one's.
  const TlsContext* const own = ssl_of(*named_server_).context;
  if (own != nullptr && own->rejects_handshake) return nullptr;
  certified_server_ = own != nullptr ? named_server_ : &connection_.servers().default_server();
  return ssl_of(*certified_server_).context;
}

bool TlsChannel::allows_http2(void* owner) {
  const auto& channel = *static_cast<TlsChannel*>(owner);
  return channel.connection_.allows_http2(*channel.named_server_);
}

}  // namespace uringx
