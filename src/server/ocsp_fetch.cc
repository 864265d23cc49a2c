#include "server/ocsp_fetch.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>

#include "tls/ocsp.h"

namespace uringx {
namespace {

constexpr std::size_t kResponseBytesMax = 16384;  // as nginx's buffer

}  // namespace

bool OcspFetch::start(std::vector<OcspAddress> addresses, std::string request) {
  addresses_ = std::move(addresses);
  request_ = std::move(request);
  response_.resize(kResponseBytesMax);
  next_ = 0;
  return connect_next();
}

// A connect() that does not wait, and a poll for its end. False: no address is left.
bool OcspFetch::connect_next() {
  body_ = {};
  while (next_ < addresses_.size()) {
    const OcspAddress& address = addresses_[next_++];
    peer_ = address.text();
    socket_.reset(::socket(address.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!socket_) {
      client_.failed(client_.owner, "socket() failed", errno);
      continue;
    }
    const int result = connect(socket_.get(), reinterpret_cast<const sockaddr*>(&address.storage), address.length);
    const int error_number = result == 0 ? 0 : errno;
    if (error_number == 0 || error_number == EINPROGRESS) {
      ring_.poll(connecting_, socket_.get(), POLLOUT);
      return true;
    }
    client_.failed(client_.owner, "connect() failed", error_number);
  }
  socket_.reset();
  return false;
}

void OcspFetch::on_connected(Completion completion) {
  if (quiet_ != nullptr) return quiet_(client_.owner);
  int error_number = 0;
  socklen_t size = sizeof(error_number);
  if (completion.result < 0) error_number = -completion.result;
  else getsockopt(socket_.get(), SOL_SOCKET, SO_ERROR, &error_number, &size);
  if (error_number != 0) return fail_wire("recv() failed", error_number);
  fcntl(socket_.get(), F_SETFL, 0);  // the ring waits by itself on a socket that would block
  sent_ = received_ = 0;
  send_rest();
}

void OcspFetch::send_rest() {
  ring_.send(sending_, socket_.get(), std::span<const char>(request_).subspan(sent_), 0);
}

void OcspFetch::on_sent(Completion completion) {
  if (quiet_ != nullptr) return quiet_(client_.owner);
  if (completion.result < 0) return try_next("send() failed", -completion.result);
  sent_ += static_cast<std::size_t>(completion.result);
  if (sent_ < request_.size()) return send_rest();
  receive_more();
}

void OcspFetch::receive_more() { ring_.receive(receiving_, socket_.get(), std::span(response_).subspan(received_)); }

void OcspFetch::on_received(Completion completion) {
  if (quiet_ != nullptr) return quiet_(client_.owner);
  if (completion.result < 0) return fail_wire("recv() failed", -completion.result);
  if (completion.result == 0) return take_response();
  received_ += static_cast<std::size_t>(completion.result);
  if (received_ == response_.size()) return try_next("OCSP responder sent too long a response", 0);
  receive_more();
}

void OcspFetch::take_response() {
  const auto body = ocsp_body(std::string_view(response_).substr(0, received_));
  if (!body) return try_next(body.error(), 0);
  socket_.reset();
  body_ = *body;
  client_.done(client_.owner);
}

// nginx tells of a connection that was refused when it reads from it, and then that this was too early.
void OcspFetch::fail_wire(std::string_view message, int error_number) {
  client_.failed(client_.owner, message, error_number);
  try_next("OCSP responder prematurely closed connection", 0);
}

void OcspFetch::try_next(std::string_view message, int error_number) {
  client_.failed(client_.owner, message, error_number);
  if (!connect_next()) client_.done(client_.owner);
}

void OcspFetch::cancel(void (*quiet)(void* owner)) {
  quiet_ = quiet;
  ring_.cancel(connecting_);
  ring_.cancel(sending_);
  ring_.cancel(receiving_);
}

}  // namespace uringx
