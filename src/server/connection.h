// Connection is one accepted socket: receiving, timeouts, closing. What its bytes mean is its Protocol's business, whether
// they are encrypted its TlsChannel's.
// From its worker's slab, on that worker's thread; it goes when its socket is closed and nothing is pending.
#pragma once

#include <arpa/inet.h>

#include <cstdint>
#include <memory>
#include <new>
#include <span>
#include <string>

#include "base/chunk_pool.h"
#include "base/intrusive_list.h"
#include "config/route_table.h"
#include "http/proxy_protocol.h"
#include "modules/request.h"
#include "ring/ring.h"
#include "ring/timers.h"
#include "server/byte_stream.h"
#include "server/http1.h"
#include "server/tls_channel.h"

namespace uringx {

class Worker;

struct ConnectionOfWorker : ListNode {};
struct IdleConnection : ListNode {};

class Connection : public ConnectionOfWorker, public IdleConnection {
 public:
  // `fd` is owned from here on.
  Connection(Worker& worker, int fd, std::size_t listen_index);
  ~Connection();

  // Starts receiving. Separate from the constructor: the first bytes may end the connection.
  void open();

  Worker& worker() { return worker_; }
  int fd() const { return fd_; }
  const ConnectionInfo& info() const { return info_; }
  const AddressServers& servers() const { return *servers_; }
  // Whose settings hold until a request has named its server: with TLS the one that the handshake was for.
  const ServerBlock& default_server() const { return tls_ != nullptr ? tls_->named_server() : servers_->default_server(); }
  // nullptr without TLS.
  const TlsChannel* tls() const { return tls_.get(); }
  // TLS is spoken here, and the client did not.
  bool plain_on_tls_port() const { return plain_on_tls_port_; }
  bool is_open() const { return state_ == State::open; }
  // What its bytes leave through when it has TLS, else nullptr.
  ByteStream* stream() { return stream_.get(); }
  void count_request() { ++info_.requests; }

  // The one timer: the protocol says what it waits for.
  void arm_timer(std::int64_t after_ms);
  void disarm_timer() { timer_.disarm(); }

  // Waiting for a request with nothing at hand: may be closed at any time.
  void set_idle(bool idle);

  // Receiving stops while more is at hand than a request needs, and goes on when it was used.
  enum class Pausing : std::uint8_t { protocol = 1, tls = 2 };
  void pause_receiving(Pausing who = Pausing::protocol);
  void resume_receiving(Pausing who = Pausing::protocol);
  bool peer_closed() const { return peer_closed_; }

  // Closes it now (`reset`: with a TCP reset), or, lingering, after the peer closed or lingering_timeout.
  void close(bool reset = false);
  void linger(std::int64_t total_ms, std::int64_t silence_ms);

  // The worker stops: idle ones go, others finish their request.
  void stop_gracefully();

  // The client ended a connection that waited for its next request, or for its first one.
  void log_closed_by_client(int error_number);
  // Nothing came within client_header_timeout.
  void log_first_request_timeout();
  // Logs at `level` with " while ..., client: ..., server: ..." of a connection without a request.
  void log(LogLevel level, std::string_view message, int error_number = 0);
  // With a `context` of its own: " while requesting certificate status, responder: ...".
  void log_with(LogLevel level, std::string_view message, int error_number, std::string_view context);

  // --- from its TlsChannel ---
  // The handshake is done, the protocol chosen.
  void tls_established();
  void take_plain_bytes(std::span<const char> bytes);
  // Runs `step`: memory that has run out costs the connection that asked for it, not the worker.
  template <typename Step>
  void guard(Step&& step) {
    try {
      step();
    } catch (const std::bad_alloc&) {
      on_no_memory();
    }
  }
  // End of stream (0) or an error.
  void on_peer_closed(int error_number);
  // Whether `server` lets this connection speak HTTP/2.
  bool allows_http2(const ServerBlock& server) const;

  // Closes what can be closed once nothing is pending; called by the protocol when one of its operations ended.
  void close_when_quiet();

 private:
  enum class State : std::uint8_t { open, lingering, closing };

  // With `listen ... proxy_protocol`: the header, while it comes and afterwards.
  struct ProxyHeader {
    std::string received;  // of a header that is not complete
    bool complete = false;
    std::optional<ProxyProtocolHeader> header;
  };

  void learn_addresses();
  void set_nodelay();
  Protocol& protocol() { return http2_ == nullptr ? static_cast<Protocol&>(http1_) : *http2_; }
  const std::string& listen_text() const;
  std::span<const char> take_proxy_header(std::span<const char> bytes);
  void log_broken_proxy_header(const ProxyProtocolReading& reading);
  bool awaits_proxy_header() const { return proxy_header_ != nullptr && !proxy_header_->complete; }
  // The first bytes tell whether it is TLS, and without it whether it is HTTP/2.
  void begin_tls_or_plain(char first);
  void begin_tls();
  std::span<const char> look_for_preface(std::span<const char> bytes);
  void speak_http2();
  bool shakes_hands() const { return tls_undecided_ || (tls_ != nullptr && !tls_->established()); }
  std::string_view waiting_for() const;
  void on_lingering_bytes();
  void start_receiving();
  void on_received(Completion completion);
  void look_for_reset();
  void take_bytes(std::span<const char> bytes);
  void on_no_memory();
  void on_timer();

  Worker& worker_;
  const ListenSocket& listen_;
  const AddressServers* servers_ = nullptr;
  int fd_;
  State state_ = State::open;
  bool peer_closed_ = false;
  bool unanswerable_ = false;  // the peer was gone before it was looked at, or there is no memory for its address
  std::uint8_t paused_ = 0;  // by whom: Pausing
  bool released_ = false;
  bool handling_receive_ = false;
  bool tls_undecided_ = false;       // the first byte is to tell
  bool plain_on_tls_port_ = false;
  bool preface_undecided_ = false;   // the first bytes are to tell
  ConnectionInfo info_;
  // The client's address in bytes, and both addresses as texts: those of IPv4 have their place here, longer ones on the heap.
  char addresses_[4 + 2 * INET_ADDRSTRLEN];
  std::int32_t linger_silence_ms_ = 0;
  std::unique_ptr<char[]> long_addresses_;
  std::unique_ptr<ProxyHeader> proxy_header_;
  Clock::time_point linger_until_{};
  Timer timer_{this, Timer::calls<&Connection::on_timer>};
  Operation receive_{this, Operation::calls<&Connection::on_received>};
  std::unique_ptr<std::string> preface_;  // of a connection that may turn out to be HTTP/2: its first bytes
  std::unique_ptr<ByteStream> stream_;  // of one with TLS, or that speaks HTTP/2
  std::unique_ptr<TlsChannel> tls_;
  Http1 http1_;
  std::unique_ptr<Protocol> http2_;  // speaks instead, once it is there
};

// Ten thousand of them wait for their next requests: one more of a page makes a difference.
static_assert(ChunkPool::kChunkBytes / sizeof(Connection) >= 8);

}  // namespace uringx
