// AnswerBatch collects small answers to pipelined requests, so that they leave in one send.
// Made by an Http1 for the first of them and gone when they have left, on its worker's thread.
#pragma once

#include <cstdint>
#include <span>

#include "ring/operation.h"
#include "server/answer_sender.h"

namespace uringx {

class Worker;

class AnswerBatch {
 public:
  struct Client {
    void* owner;
    void (*left)(void* owner, int error_number);  // from the loop; nothing is pending any more
  };

  AnswerBatch(Worker& worker, int socket_fd, Client client) : worker_(worker), socket_fd_(socket_fd), client_(client) {}
  ~AnswerBatch();
  AnswerBatch(const AnswerBatch&) = delete;
  AnswerBatch& operator=(const AnswerBatch&) = delete;

  // Copies the answer whole, giving how many bytes it has; 0 when it is not one for a batch: large, filtered, slowed down, not in
  // memory, or there is no room left.
  std::size_t take(const AnswerSender::Answer& answer);

  bool empty() const { return filled_ == 0; }
  // They leave now, and nothing is taken any more.
  void send();
  // left() follows if they were on their way.
  void cancel();
  bool pending() const { return send_.pending(); }

 private:
  void on_sent(Completion completion);

  Worker& worker_;
  int socket_fd_;
  Client client_;
  std::span<char> buffer_;  // from BodyBuffers
  std::size_t filled_ = 0;
  std::size_t sent_ = 0;    // of them
  Operation send_{this, Operation::calls<&AnswerBatch::on_sent>};
};

}  // namespace uringx
