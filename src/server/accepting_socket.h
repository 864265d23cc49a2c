// AcceptingSocket accepts on one listening socket with a multishot accept, again after every hiccup, until stopped.
// Owned by the Acceptor, or by a Worker for a reuseport socket of its own; on that thread.
#pragma once

#include <cstddef>

#include "base/error_log.h"
#include "ring/ring.h"
#include "ring/timers.h"

namespace uringx {

class AcceptingSocket {
 public:
  // Who takes accepted sockets, with the index of their listen socket in RouteTable::listens.
  struct Taker {
    void* owner;
    void (*take)(void* owner, int fd, std::size_t listen_index);
  };

  // `listen_fd` stays the master's. Accepts from the first loop turn on.
  AcceptingSocket(Ring& ring, Timers& timers, const ErrorLog& error_log, int listen_fd, std::size_t listen_index, Taker taker);

  // Accepts no more; what was accepted before is still given to the taker. done() once nothing more will be.
  void stop();
  bool done() const { return stopping_ && !operation_.pending(); }

 private:
  void accept();
  void accept_last();
  void on_accepted(Completion completion);

  Ring& ring_;
  Timers& timers_;
  const ErrorLog& error_log_;
  int listen_fd_;
  std::size_t listen_index_;
  Taker taker_;
  bool stopping_ = false;
  bool accepted_last_ = false;
  Operation operation_{this, Operation::calls<&AcceptingSocket::on_accepted>};
  Timer retry_{this, Timer::calls<&AcceptingSocket::accept>};
};

}  // namespace uringx
