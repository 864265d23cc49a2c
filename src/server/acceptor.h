// Acceptor accepts connections on the worker process's main thread and hands each to the least loaded worker by msg_ring.
// Owned by run_worker_process(), on the main thread, over the main thread's ring.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "base/error_log.h"
#include "ring/ring.h"
#include "ring/timers.h"
#include "server/accepting_socket.h"

namespace uringx {

class Worker;

class Acceptor {
 public:
  Acceptor(Ring& ring, Timers& timers, std::span<Worker* const> workers, const ErrorLog& error_log);
  ~Acceptor();

  // Accepts on `fd`, the socket of RouteTable::listens[listen_index].
  void listen_on(int fd, std::size_t listen_index);

  // Accepts no more. Connections accepted before are still handed over; done() once the last one was.
  void stop();
  bool done() const;

 private:
  struct HandOver;

  static void take_accepted(void* owner, int fd, std::size_t listen_index) {
    static_cast<Acceptor*>(owner)->hand_over(fd, listen_index);
  }
  void hand_over(int fd, std::size_t listen_index);
  Worker& least_loaded();

  Ring& ring_;
  Timers& timers_;
  std::span<Worker* const> workers_;
  const ErrorLog& error_log_;
  std::vector<std::unique_ptr<AcceptingSocket>> sockets_;
  std::vector<std::unique_ptr<HandOver>> hand_overs_;  // all that were ever needed at once
  std::vector<HandOver*> free_hand_overs_;
  std::size_t next_worker_ = 0;
};

}  // namespace uringx
