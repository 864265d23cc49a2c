#include "simulated_socket.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

namespace uringx {

SimulatedSocket::~SimulatedSocket() {
  SimulatedConnection& connection = *connection_;
  if (!connection.to_server.empty()) connection.reset_by_server = true;
  connection.server_finished = true;
  connection.server_closed = true;
}

bool SimulatedSocket::can_receive() const {
  return !connection_->to_server.empty() || connection_->client_finished || connection_->reset_by_client ||
         read_shut_;
}

std::size_t SimulatedSocket::room() const {
  return connection_->to_client_bytes_max -
         std::min(connection_->to_client_bytes_max, connection_->to_client.size());
}

bool SimulatedSocket::can_send() const {
  return room() > 0 || write_shut_ || connection_->client_closed || connection_->reset_by_client;
}

// A reset is told once; afterwards the socket is simply dead.
ssize_t SimulatedSocket::take_error(int otherwise) {
  if (connection_->error_reported) return otherwise;
  connection_->error_reported = true;
  return -ECONNRESET;
}

ssize_t SimulatedSocket::receive(std::span<char> into) {
  std::string& waiting = connection_->to_server;
  if (!waiting.empty()) {
    const std::size_t bytes = std::min(into.size(), waiting.size());
    std::copy_n(waiting.data(), bytes, into.data());
    waiting.erase(0, bytes);
    return static_cast<ssize_t>(bytes);
  }
  if (connection_->reset_by_client) return take_error(0);
  if (connection_->client_finished || read_shut_) return 0;
  return -EAGAIN;
}

ssize_t SimulatedSocket::send(std::span<const char> bytes, bool more) {
  if (connection_->reset_by_client) return take_error(-EPIPE);
  if (write_shut_) return -EPIPE;
  if (connection_->client_closed) {
    connection_->reset_by_client = true;  // the answer to these bytes
    ++connection_->arrivals;
    return static_cast<ssize_t>(bytes.size());
  }
  const std::size_t taken = std::min(room(), bytes.size());
  if (taken == 0 && !bytes.empty()) return -EAGAIN;
  connection_->to_client.append(bytes.data(), taken);
  connection_->last_sent_with_more = more;
  if (!more) ++connection_->pushes;
  return static_cast<ssize_t>(taken);
}

void SimulatedSocket::shutdown(int how) {
  if (how == SHUT_WR || how == SHUT_RDWR) {
    write_shut_ = true;
    connection_->server_finished = true;
  }
  if (how == SHUT_RD || how == SHUT_RDWR) read_shut_ = true;
  ++connection_->arrivals;
}

void SimulatedSocket::break_connection() {
  connection_->reset_by_client = true;
  connection_->error_reported = true;
  connection_->to_server.clear();
  connection_->to_client.clear();
}

void SimulatedClient::send(std::string_view bytes) {
  if (connection_->reset_by_client || connection_->client_finished) return;
  if (connection_->server_closed) {
    connection_->reset_by_server = true;
    return;
  }
  connection_->to_server.append(bytes);
  ++connection_->arrivals;
}

std::string SimulatedClient::receive(std::size_t bytes_max) {
  std::string& waiting = connection_->to_client;
  std::string taken = waiting.substr(0, bytes_max);
  waiting.erase(0, taken.size());
  return taken;
}

void SimulatedClient::finish_sending() {
  connection_->client_finished = true;
  ++connection_->arrivals;
}

void SimulatedClient::close() {
  if (!connection_->to_client.empty()) {
    reset();
    return;
  }
  connection_->client_finished = true;
  connection_->client_closed = true;
  ++connection_->arrivals;
}

void SimulatedClient::reset() {
  connection_->reset_by_client = true;
  connection_->client_closed = true;
  connection_->to_client.clear();
  ++connection_->arrivals;
}

}  // namespace uringx
