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
    void (*progress)(void* owner);                // some of them left: timeouts start anew
    void (*done)(void* owner, int error_number);  // from the loop; nothing is pending any more, 0: all have left
  };

  AnswerBatch(Worker& worker, int socket_fd, Client client) : worker_(worker), socket_fd_(socket_fd), client_(client) {}
  ~AnswerBatch();
  AnswerBatch(const AnswerBatch&) = delete;
  AnswerBatch& operator=(const AnswerBatch&) = delete;

  // Whether it is one for a batch: small, not filtered, not slowed down.
  static bool suits(const AnswerSender::Answer& answer);
  // Copies the answer, which suits, whole, giving how many bytes it has; 0 when it is not in memory or there is no room left.
  std::size_t take(const AnswerSender::Answer& answer);

  bool empty() const { return filled_ == 0; }
  // They leave now, and nothing is taken any more.
  void send();
  // done() follows if they were on their way, with ECANCELED.
  void cancel();
  bool pending() const { return send_.pending(); }

 private:
  void on_sent(Completion completion);

  Worker& worker_;
  int socket_fd_;
  Client client_;
  std::span<char> buffer_;  // from BodyBuffers
  std::size_t filled_ = 0;
  unsigned answers_ = 0;
  std::size_t sent_ = 0;
  bool cancelled_ = false;
  Operation send_{this, Operation::calls<&AnswerBatch::on_sent>};
};

}  // namespace uringx
