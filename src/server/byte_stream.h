// ByteStream puts bytes on a connection's socket, in order, through TLS where the connection has it. For protocols that
// make their bytes themselves (HTTP/2) and for everything over TLS; HTTP/1 without TLS sends for itself (SocketSender).
// Owned by a Connection, on its worker's thread. While nothing is under way it holds no buffer.
//
// Two halves of a buffer: while the kernel sends one, the other is filled (read from files, framed, encrypted).
#pragma once

#include <cstdint>
#include <span>

#include "ring/backend.h"
#include "ring/operation.h"
#include "tls/tls_session.h"

namespace uringx {

class Worker;

class ByteStream {
 public:
  // Told from the loop only. After `failed` nothing else is told.
  struct Client {
    void* owner;
    void (*room)(void* owner);     // bytes left: there is room again, timeouts start anew; drained() may be true
    void (*failed)(void* owner, int error_number);
  };

  ByteStream(Worker& worker, int socket_fd);
  ~ByteStream();

  // Who is told; the client before is forgotten.
  void set_client(Client client) { client_ = client; }
  void clear_client() { client_ = {}; }
  // Who puts raw bytes: told of room before the client, and of failure where there is no client.
  void set_wire_client(Client client) { wire_client_ = client; }
  // From the end of the handshake on, bytes are encrypted. `record_bytes_max` 0: they begin small.
  void encrypt_with(TlsSession& session, std::size_t record_bytes_max);

  // Where the next plain bytes may be put. Empty: no room; Client::room comes. With TLS it is scratch memory of the worker's,
  // so that nothing else may be sent between the first commit() and flush().
  std::span<char> room();
  // The first `bytes` of room() are next on the wire.
  void commit(std::size_t bytes);
  // What was committed leaves now (else when a half is full); with TLS it is encrypted now, in as few records as it fits.
  void flush();

  // What was put last leaves at once, as far as the socket takes it: the connection is about to be closed.
  void send_last_words();

  // Bytes as they are to be on the wire: records that TLS made. Takes what fits.
  std::size_t put_raw(std::span<const char> bytes);

  // Everything committed has left, for the kernel.
  bool drained() const { return !pending() && filled_ == 0 && staged_ == 0; }
  // Why nothing can be sent any more: failed() was or will be told.
  bool failed() const { return failed_; }
  int error_number() const { return error_number_; }
  // Plain bytes, since the beginning.
  std::uint64_t bytes_committed() const { return bytes_committed_; }
  // Wire bytes that the kernel has taken, and those that wait for it.
  std::uint64_t bytes_left() const { return bytes_left_; }
  std::size_t bytes_waiting() const { return in_flight_.size() + filled_ + staged_; }

  // Nothing more is sent; failed() is told once the pending operation has ended, if there is one.
  void cancel();
  bool pending() const { return send_.pending(); }

 private:
  std::size_t record_bytes() const;
  std::size_t free_plain_bytes() const;
  void encrypt_staged();
  void note_pause();
  void take_buffer();
  void give_buffer_back();
  std::span<char> half() const;
  void send_filled();
  void on_sent(Completion completion);
  void fail_later(int error_number);
  void fail(int error_number);

  Worker& worker_;
  int socket_fd_;
  Client client_{};
  Client wire_client_{};
  TlsSession* tls_ = nullptr;
  std::size_t record_bytes_max_ = 0;
  std::span<char> buffer_;            // from BodyBuffers
  std::span<const char> in_flight_;   // what is left of the half being sent
  unsigned filling_half_ = 0;
  std::size_t filled_ = 0;            // wire bytes in the half being filled
  std::size_t staged_ = 0;            // plain bytes in the worker's scratch memory, to be encrypted
  std::uint64_t bytes_committed_ = 0;
  std::uint64_t bytes_left_ = 0;
  std::uint64_t committed_since_pause_ = 0;
  Clock::time_point last_sent_{};
  int error_number_ = 0;
  bool failed_ = false;
  bool cancelled_ = false;
  Operation send_{this, Operation::calls<&ByteStream::on_sent>};
};

}  // namespace uringx
