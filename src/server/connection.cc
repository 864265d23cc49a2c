#include "server/connection.h"

#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "modules/core_main.h"
#include "modules/forwarded_address.h"
#include "modules/http_core.h"
#include "modules/http_v2.h"
#include "modules/ssl.h"
#include "server/http2.h"
#include "server/worker.h"

namespace uringx {
namespace {

// What nginx takes of a header, or the first buffer of a request where that is larger.
constexpr std::size_t kProxyHeaderBytesMax = 4096;

// The parts of an address that variables and logs ask for.
struct NumericAddress {
  explicit NumericAddress(const sockaddr_storage& address);

  char text[INET6_ADDRSTRLEN] = "unix:";
  std::span<const char> bytes;  // of `address`; none of a unix socket's
  std::uint16_t port = 0;
};

NumericAddress::NumericAddress(const sockaddr_storage& address) {
  if (address.ss_family == AF_INET) {
    const auto& in = reinterpret_cast<const sockaddr_in&>(address);
    bytes = {reinterpret_cast<const char*>(&in.sin_addr), sizeof(in.sin_addr)};
    port = ntohs(in.sin_port);
  } else if (address.ss_family == AF_INET6) {
    const auto& in6 = reinterpret_cast<const sockaddr_in6&>(address);
    bytes = {reinterpret_cast<const char*>(&in6.sin6_addr), sizeof(in6.sin6_addr)};
    port = ntohs(in6.sin6_port);
  }
  if (!bytes.empty()) inet_ntop(address.ss_family, bytes.data(), text, sizeof(text));
}

}  // namespace

Connection::Connection(Worker& worker, int fd, std::size_t listen_index)
    : worker_(worker),
      listen_(worker.routes().listens[listen_index]),
      fd_(fd),
      http1_(*this) {
  info_.number = worker.next_connection_number();
  info_.start_msec = worker.clock().msec;
  info_.socket_fd = fd;
  learn_addresses();
  const auto& debug_connections = worker.routes().main.get<EventsSettings>().debug_connections;
  info_.debug = !debug_connections.empty() && is_within(address_of(info_.peer), debug_connections);
}

Connection::~Connection() = default;

// Only system calls that answer from memory.
void Connection::learn_addresses() {
  sockaddr_storage address{};
  socklen_t size = sizeof(address);
  address.ss_family = listen_.address.storage.ss_family;
  // A client that reset the connection already has no name any more; there is nobody to answer.
  unanswerable_ = getpeername(fd_, reinterpret_cast<sockaddr*>(&address), &size) != 0 && errno == ENOTCONN;
  const NumericAddress remote(address);

  SocketAddress local = listen_.address;
  if (listen_.address.wildcard()) {
    local.length = sizeof(local.storage);
    if (getsockname(fd_, reinterpret_cast<sockaddr*>(&local.storage), &local.length) != 0) local = listen_.address;
  }
  const NumericAddress here(local.storage);
  servers_ = &listen_.servers_for(local);

  const std::string_view remote_text(remote.text), here_text(here.text);
  const std::size_t bytes = remote.bytes.size() + remote_text.size() + here_text.size();
  if (bytes > sizeof(addresses_)) {
    long_addresses_.reset(new (std::nothrow) char[bytes]);
    unanswerable_ = unanswerable_ || long_addresses_ == nullptr;
    if (long_addresses_ == nullptr) return;
  }
  char* at = long_addresses_ == nullptr ? addresses_ : long_addresses_.get();
  const auto keep = [&](auto range) {
    char* const begin = at;
    at = std::copy(range.begin(), range.end(), at);
    return begin;
  };
  info_.peer.bytes = {reinterpret_cast<const std::uint8_t*>(keep(remote.bytes)), remote.bytes.size()};
  info_.peer.text = {keep(remote_text), remote_text.size()};
  info_.peer.port = remote.port;
  info_.server_addr = here.port == 0 ? std::string_view(listen_text()) : std::string_view(keep(here_text), here_text.size());
  info_.server_port = here.port;
}

const std::string& Connection::listen_text() const {
  return worker_.listen_text(static_cast<std::size_t>(&listen_ - worker_.routes().listens.data()));
}

void Connection::open() {
  if (unanswerable_) return info_.peer.text.empty() ? on_no_memory() : close();
  const ServerBlock& server = default_server();
  set_nodelay();
  if (servers_->options.proxy_protocol) guard([&] { proxy_header_ = std::make_unique<ProxyHeader>(); });
  if (!is_open()) return;
  tls_undecided_ = servers_->options.ssl || server.settings.get<ServerSsl>().legacy->on;
  preface_undecided_ = !tls_undecided_ && allows_http2(server);
  arm_timer(server.settings.get<HttpCoreServer>().client_header_timeout->count);
  set_idle(true);
  start_receiving();
}

// The socket has it from the one that listens (process/listeners.cc), where its address has no servers of its own: a system call
// fewer for each connection.
void Connection::set_nodelay() {
  if (servers_->tcp_nodelay == listen_.servers.tcp_nodelay) return;
  const int value = servers_->tcp_nodelay ? 1 : 0;
  setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &value, sizeof(value));  // refused by unix sockets, which do not delay
}

void Connection::arm_timer(std::int64_t after_ms) { worker_.arm(timer_, std::chrono::milliseconds(after_ms)); }

void Connection::on_timer() {
  if (state_ == State::open) {
    protocol().on_timeout();
  } else if (state_ == State::lingering) {
    close();
  }
}

void Connection::set_idle(bool idle) {
  IdleConnection& node = *this;
  if (idle == node.linked()) return;
  if (idle) {
    worker_.note_idle(*this);
  } else {
    node.unlink();
  }
}

// --- receiving ---

void Connection::start_receiving() {
  if (receive_.pending() || peer_closed_ || state_ == State::closing) return;
  worker_.ring().receive_multishot(receive_, fd_, worker_.receive_buffers());
}

void Connection::pause_receiving(Pausing who) {
  const bool paused = paused_ != 0;
  paused_ |= static_cast<std::uint8_t>(who);
  if (!paused) worker_.ring().cancel(receive_);
}

void Connection::resume_receiving(Pausing who) {
  if (paused_ == 0) return;
  paused_ &= static_cast<std::uint8_t>(~static_cast<unsigned>(who));
  if (paused_ == 0) start_receiving();
}

void Connection::on_received(Completion completion) {
  handling_receive_ = true;
  if (completion.has_buffer()) {
    const std::uint16_t id = completion.buffer_id();
    const std::size_t size = completion.result > 0 ? static_cast<std::size_t>(completion.result) : 0;
    if (state_ == State::open) take_bytes(worker_.receive_buffers().buffer(id).first(size));
    if (state_ == State::open && receive_.pending() && protocol().awaits_bytes()) look_for_reset();
    if (state_ == State::lingering && size > 0) on_lingering_bytes();
    worker_.receive_buffers().give_back(id);
  }
  if (completion.result == -ENOBUFS) worker_.receive_buffers().add_one();
  // -ENOBUFS: the buffers came back meanwhile; -ECANCELED: paused, or closing.
  const bool ended = completion.result == 0 || (completion.result < 0 && completion.result != -ENOBUFS &&
                                                completion.result != -ECANCELED && completion.result != -EINTR);
  if (ended) on_peer_closed(-completion.result);
  if (!receive_.pending() && paused_ == 0) start_receiving();
  handling_receive_ = false;
  close_when_quiet();
}

// A reset that follows bytes at once is not told: both wake the armed receive once, it takes the bytes, and nothing wakes it
// again (io_poll_check_events drops the second of two wake-ups; tcp_inq_hint tells only of an orderly end). By the time
// the bytes are here the socket knows; one that comes later is told.
void Connection::look_for_reset() {
  int error_number = 0;
  socklen_t size = sizeof(error_number);
  if (getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error_number, &size) == 0 && error_number != 0) on_peer_closed(error_number);
}

void Connection::take_bytes(std::span<const char> bytes) {
  guard([&] {
    if (awaits_proxy_header()) bytes = take_proxy_header(bytes);
    if (bytes.empty()) return;
    if (tls_undecided_) begin_tls_or_plain(bytes.front());
    if (state_ != State::open) return;
    if (tls_ != nullptr) {
      tls_->take_wire_bytes(bytes);
    } else {
      take_plain_bytes(bytes);
    }
  });
}

void Connection::on_no_memory() {
  try {
    log(LogLevel::alert, "no memory for a request");
  } catch (const std::bad_alloc&) {  // not even for the line
  }
  close();
}

void Connection::take_plain_bytes(std::span<const char> bytes) {
  if (preface_undecided_) {
    bytes = look_for_preface(bytes);
    if (preface_undecided_) return;
  }
  protocol().on_bytes(bytes);
}

// ngx_http_ssl_handshake: a handshake record, or an SSLv2 hello.
void Connection::begin_tls_or_plain(char first) {
  constexpr char kHandshakeRecord = 0x16;
  tls_undecided_ = false;
  plain_on_tls_port_ = first != kHandshakeRecord && (first & 0x80) == 0;
  if (plain_on_tls_port_) return;
  const TlsContext* const context = servers_->default_server().settings.get<ServerSsl>().context;
  if (context == nullptr) return close();  // no client can have a session here
  stream_ = std::make_unique<ByteStream>(worker_, fd_);
  tls_ = std::make_unique<TlsChannel>(*this, *stream_, *context);
  info_.tls = true;
  info_.tls_session = &tls_->session();
}

void Connection::tls_established() {
  if (tls_->session().application_protocol() == "h2") speak_http2();
}

// With prior knowledge a client begins with the preface (RFC 9113 section 3.4). Gives what the protocol has to read:
// everything that came, once it is known which one it is.
std::span<const char> Connection::look_for_preface(std::span<const char> bytes) {
  constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
  if (preface_ != nullptr) {
    preface_->append(bytes.data(), bytes.size());
    bytes = *preface_;
  }
  const std::size_t compared = std::min(bytes.size(), kPreface.size());
  const bool matches = std::memcmp(bytes.data(), kPreface.data(), compared) == 0;
  if (matches && compared < kPreface.size()) {
    if (preface_ == nullptr) preface_ = std::make_unique<std::string>(bytes.data(), bytes.size());
    return {};
  }
  preface_undecided_ = false;
  if (matches) speak_http2();
  return bytes;
}

bool Connection::allows_http2(const ServerBlock& server) const {
  return servers_->options.http2 || *server.settings.get<Http2Server>().enabled;
}

void Connection::speak_http2() {
  if (stream_ == nullptr) stream_ = std::make_unique<ByteStream>(worker_, fd_);
  http2_ = std::make_unique<Http2>(*this, *stream_);
}

// Gives what follows the header, if anything does.
std::span<const char> Connection::take_proxy_header(std::span<const char> bytes) {
  ProxyHeader& proxy = *proxy_header_;
  proxy.received.append(bytes.data(), bytes.size());
  const auto& core = default_server().settings.get<HttpCoreServer>();
  ProxyProtocolReading reading =
      read_proxy_protocol(proxy.received, std::max<std::size_t>(kProxyHeaderBytesMax, core.client_header_buffer_size->count));
  if (reading.status == ProxyProtocolStatus::need_more) return {};
  if (reading.status != ProxyProtocolStatus::done) {
    log_broken_proxy_header(reading);
    close();
    return {};
  }
  // The header ends within these bytes: it would have been complete before otherwise.
  const std::size_t rest = proxy.received.size() - reading.used_bytes;
  proxy.complete = true;
  proxy.received = {};
  proxy.header = std::move(reading.header);
  if (proxy.header) info_.proxy_protocol = &*proxy.header;
  return bytes.last(rest);
}

void Connection::log_broken_proxy_header(const ProxyProtocolReading& reading) {
  const std::string message = proxy_protocol_error(reading, proxy_header_->received);
  if (!message.empty()) log(LogLevel::error, message);
}

void Connection::on_peer_closed(int error_number) {
  if (state_ == State::open && awaits_proxy_header() && !proxy_header_->received.empty()) {
    log_broken_proxy_header({});
    return close();
  }
  peer_closed_ = true;
  // Behind a handshake a reset is an end like others (ngx_ssl_handle_recv, where OpenSSL has nothing to say), but for a
  // connection that waits for its next request or for time to pass (there nginx asks the socket itself what it says).
  const bool waits = (static_cast<IdleConnection&>(*this).linked() && info_.requests != 0) || protocol().only_watches();
  if (tls_ != nullptr && tls_->established() && !waits) error_number = 0;
  if (state_ == State::open && tls_ != nullptr && !tls_->established()) {
    log(LogLevel::info, "peer closed connection in SSL handshake", error_number);
    close();
  } else if (state_ == State::lingering) {
    close();
  } else if (state_ == State::open) {
    protocol().on_peer_closed(error_number);
  }
}

// --- the end ---

void Connection::linger(std::int64_t total_ms, std::int64_t silence_ms) {
  if (state_ != State::open) return;
  if (peer_closed_) return close();  // nothing more can come
  state_ = State::lingering;
  set_idle(false);
  if (tls_ != nullptr) tls_->shut_down();
  shutdown(fd_, SHUT_WR);
  linger_until_ = worker_.ring().now() + std::chrono::milliseconds(total_ms);
  linger_silence_ms_ = static_cast<std::int32_t>(std::min<std::int64_t>(silence_ms, INT32_MAX));  // 24 days will do
  paused_ = 0;
  arm_timer(silence_ms);
  if (!handling_receive_) start_receiving();
}

void Connection::on_lingering_bytes() {
  if (worker_.ring().now() >= linger_until_) {
    close();
  } else {
    arm_timer(linger_silence_ms_);
  }
}

void Connection::close(bool reset) {
  if (state_ == State::closing) return;
  state_ = State::closing;
  set_idle(false);
  timer_.disarm();
  if (reset) {
    const ::linger now{1, 0};
    setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
  }
  if (tls_ != nullptr && !reset) tls_->shut_down();
  worker_.ring().cancel(receive_);
  protocol().cancel();
  if (stream_ != nullptr) stream_->cancel();
  if (tls_ != nullptr) tls_->cancel();
  close_when_quiet();
}

void Connection::close_when_quiet() {
  if (released_ || state_ != State::closing || handling_receive_ || receive_.pending() || !protocol().quiet() ||
      (stream_ != nullptr && stream_->pending()) || (tls_ != nullptr && tls_->pending())) {
    return;
  }
  released_ = true;
  worker_.release_later(*this);
}

void Connection::stop_gracefully() {
  if (state_ == State::open) protocol().stop_gracefully();
}

// What the log says is being done (nginx: log->action).
std::string_view Connection::waiting_for() const {
  if (awaits_proxy_header()) return "reading PROXY protocol";
  if (shakes_hands()) return "SSL handshaking";
  return http2_ != nullptr ? "processing HTTP/2 connection" : "waiting for request";
}

// ngx_http_keepalive_handler and ngx_http_wait_request_handler.
void Connection::log_closed_by_client(int error_number) {
  if (info_.requests == 0) {
    log(LogLevel::info, error_number == 0 ? "client closed connection" : "recv() failed", error_number);
    return;
  }
  const ErrorLog& error_log = default_server().root.settings.get<HttpCoreLocation>().error_log_targets;
  if (!error_log.wants(LogLevel::info, info_.debug)) return;
  error_log.write(LogLevel::info, info_.number, fmt::format("client {} closed keepalive connection", info_.peer.text),
                  error_number, {}, info_.debug);
}

void Connection::log_first_request_timeout() { log(LogLevel::info, "client timed out", ETIMEDOUT); }

void Connection::log(LogLevel level, std::string_view message, int error_number) {
  const ErrorLog& error_log = default_server().root.settings.get<HttpCoreLocation>().error_log_targets;
  if (!error_log.wants(level, info_.debug)) return;
  log_with(level, message, error_number,
           fmt::format(" while {}, client: {}, server: {}", waiting_for(), info_.peer.text, listen_text()));
}

void Connection::log_with(LogLevel level, std::string_view message, int error_number, std::string_view context) {
  const ErrorLog& error_log = default_server().root.settings.get<HttpCoreLocation>().error_log_targets;
  if (error_log.wants(level, info_.debug)) error_log.write(level, info_.number, message, error_number, context, info_.debug);
}

}  // namespace uringx
