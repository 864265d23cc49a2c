#include "server/accepting_socket.h"

#include <fcntl.h>

#include <cerrno>

namespace uringx {
namespace {

constexpr std::chrono::milliseconds kRetryAfter{500};  // out of descriptors: nginx waits as long (accept_mutex_delay)

}  // namespace

AcceptingSocket::AcceptingSocket(Ring& ring, Timers& timers, const ErrorLog& error_log, int listen_fd, std::size_t listen_index, Taker taker)
    : ring_(ring), timers_(timers), error_log_(error_log), listen_fd_(listen_fd), listen_index_(listen_index), taker_(taker) {
  accept();
}

void AcceptingSocket::accept() { ring_.accept_multishot(operation_, listen_fd_); }

void AcceptingSocket::on_accepted(Completion completion) {
  const int error = completion.result < 0 ? -completion.result : 0;
  if (error == 0) {
    taker_.take(taker_.owner, completion.result, listen_index_);
  } else if (error != ECANCELED && error != EINTR && error != EAGAIN) {
    error_log_.write(error == ECONNABORTED ? LogLevel::error : LogLevel::crit, 0, "accept4() failed", error);
  }
  if (completion.more()) return;
  if (stopping_) return accept_last();
  if (error == EAGAIN) {
    // Another process made the shared socket non-blocking (nginx does, when it takes it over for an upgrade).
    fcntl(listen_fd_, F_SETFL, fcntl(listen_fd_, F_GETFL) & ~O_NONBLOCK);
  }
  if (error != 0 && error != ECONNABORTED && error != EINTR && error != EAGAIN) {  // out of descriptors, of memory, ...
    timers_.arm(retry_, ring_.now(), kRetryAfter);
  } else {
    accept();
  }
}

// The kernel wakes one of those who wait for a connection, and one that is cancelled before it was there to accept it wakes no other:
// the connection would wait, beside a new worker that is idle, for the next one. An accept looks before it waits; nobody is woken
// between that and the cancel behind it, but for an instant within one system call.
void AcceptingSocket::accept_last() {
  if (accepted_last_) return;
  accepted_last_ = true;
  accept();
  ring_.cancel(operation_);
}

void AcceptingSocket::stop() {
  stopping_ = true;
  retry_.disarm();
  ring_.cancel(operation_);
}

}  // namespace uringx
