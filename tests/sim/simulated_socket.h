// Sockets of the simulated kernel: a connection is two byte streams; the server has one end as a descriptor,
// the test holds the other as a SimulatedClient. Everything happens at once and on the test's thread.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace uringx {

// What a descriptor refers to. It ends when the last descriptor is closed and no operation is under way on
// it.
struct SimulatedObject {
  explicit SimulatedObject(std::string is) : description(std::move(is)) {}
  virtual ~SimulatedObject() = default;
  SimulatedObject(const SimulatedObject&) = delete;
  SimulatedObject& operator=(const SimulatedObject&) = delete;

  std::string description;
};

// What both ends of a connection share.
struct SimulatedConnection {
  std::string to_server;
  std::string to_client;
  std::size_t to_client_bytes_max = 0;  // the server's send buffer and the client's receive window together
  bool client_finished = false;         // FIN from the client: the server reads 0 after the bytes
  bool server_finished = false;
  bool client_closed = false;  // the client is no more: bytes sent to it are answered by a reset
  bool server_closed = false;
  bool reset_by_client = false;
  bool reset_by_server = false;
  bool error_reported = false;  // the server was told of the reset once: then reads are 0 and sends -EPIPE
  bool last_sent_with_more = false;
  unsigned pushes = 0;  // calls that sent without MSG_MORE
  std::uint64_t arrivals = 0;   // counts what may make a poll ready
};

class SimulatedSocket : public SimulatedObject {
 public:
  SimulatedSocket(std::shared_ptr<SimulatedConnection> connection, std::string is)
      : SimulatedObject(std::move(is)), connection_(std::move(connection)) {}
  // FIN to the client; a reset if bytes of the client were not read, as Linux does.
  ~SimulatedSocket() override;

  bool can_receive() const;
  bool can_send() const;
  std::uint64_t arrivals() const { return connection_->arrivals; }
  // Bytes, 0 at the end of the stream, -errno; -EAGAIN when !can_receive().
  ssize_t receive(std::span<char> into);
  // How many were taken, or -errno; -EAGAIN when !can_send().
  ssize_t send(std::span<const char> bytes, bool more);
  std::size_t room() const;
  void shutdown(int how);
  // As if the peer had reset the connection.
  void break_connection();

 private:
  ssize_t take_error(int otherwise);

  std::shared_ptr<SimulatedConnection> connection_;
  bool read_shut_ = false;
  bool write_shut_ = false;
};

struct SimulatedListener : SimulatedObject {
  using SimulatedObject::SimulatedObject;

  std::deque<std::shared_ptr<SimulatedConnection>> waiting;
  bool shut = false;
};

// The test's end of a connection. Copies refer to the same connection.
class SimulatedClient {
 public:
  SimulatedClient() = default;
  explicit SimulatedClient(std::shared_ptr<SimulatedConnection> connection)
      : connection_(std::move(connection)) {}

  void send(std::string_view bytes);
  // Takes what arrived, at most `bytes_max` (a slow reader).
  std::string receive(std::size_t bytes_max = static_cast<std::size_t>(-1));
  // FIN; still reads.
  void finish_sending();
  // Both directions; unread bytes make it a reset.
  void close();
  void reset();

  // The server has sent its FIN and everything was read.
  bool at_end() const { return connection_->server_finished && connection_->to_client.empty(); }
  bool was_reset() const { return connection_->reset_by_server; }
  // At its end or reset from either side: nothing more comes.
  bool over() const { return at_end() || was_reset() || connection_->reset_by_client; }
  std::size_t unread_bytes() const { return connection_->to_client.size(); }
  // The last bytes were sent with MSG_MORE: if nothing follows, a real peer gets them 200 ms late.
  bool held_back() const { return connection_->last_sent_with_more && !over(); }
  // How often the server sent without MSG_MORE: a real peer gets a packet each time.
  unsigned pushes() const { return connection_->pushes; }
  // Bytes sent that the server has not taken.
  std::size_t untaken_bytes() const { return connection_->to_server.size(); }

 private:
  std::shared_ptr<SimulatedConnection> connection_;
};

}  // namespace uringx
