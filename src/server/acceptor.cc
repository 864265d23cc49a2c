#include "server/acceptor.h"

#include <algorithm>

#include "server/worker.h"

namespace uringx {

// A message on its way to a worker's ring; used again for the next one.
struct Acceptor::HandOver {
  HandOver(Acceptor& owner) : acceptor(owner) {}

  void on_delivered(Completion completion) {
    if (completion.result < 0) {  // the worker's ring is gone or full for good
      acceptor.error_log_.write(LogLevel::alert, 0, "handing over a connection failed", -completion.result);
      acceptor.ring_.close(fd);
    }
    acceptor.free_hand_overs_.push_back(this);
  }

  Acceptor& acceptor;
  int fd = -1;
  Operation operation{this, Operation::calls<&HandOver::on_delivered>};
};

Acceptor::Acceptor(Ring& ring, Timers& timers, std::span<Worker* const> workers, const ErrorLog& error_log)
    : ring_(ring), timers_(timers), workers_(workers), error_log_(error_log) {}

Acceptor::~Acceptor() = default;

void Acceptor::listen_on(int fd, std::size_t listen_index) {
  sockets_.push_back(std::make_unique<AcceptingSocket>(ring_, timers_, error_log_, fd, listen_index,
                                                  AcceptingSocket::Taker{this, take_accepted}));
}

void Acceptor::stop() {
  for (const auto& socket : sockets_) socket->stop();
}

bool Acceptor::done() const {
  if (free_hand_overs_.size() != hand_overs_.size()) return false;
  return std::ranges::all_of(sockets_, [](const auto& socket) { return socket->done(); });
}

void Acceptor::hand_over(int fd, std::size_t listen_index) {
  if (free_hand_overs_.empty()) {
    hand_overs_.push_back(std::make_unique<HandOver>(*this));
    free_hand_overs_.push_back(hand_overs_.back().get());
  }
  HandOver& message = *free_hand_overs_.back();
  free_hand_overs_.pop_back();
  message.fd = fd;
  ring_.message(message.operation, least_loaded().ring_fd(),
                static_cast<std::uint32_t>(WorkerMessage::adopt_first) + static_cast<std::uint32_t>(listen_index), fd);
}

// Equal loads take turns: a burst arrives faster than the workers count it.
Worker& Acceptor::least_loaded() {
  std::size_t best = next_worker_;
  for (std::size_t i = 0; i < workers_.size(); ++i) {
    const std::size_t candidate = (next_worker_ + i) % workers_.size();
    if (workers_[candidate]->load() < workers_[best]->load()) best = candidate;
  }
  next_worker_ = (best + 1) % workers_.size();
  return *workers_[best];
}

}  // namespace uringx
