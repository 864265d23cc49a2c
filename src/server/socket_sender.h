// SocketSender puts an answer on a socket as it is, each part the cheapest way that does not wait.
// Owned by a Connection's exchange, on its worker's thread.
//
// How body bytes move (measured, see tools/bench): small files whose pages are in memory are read behind the head and leave
// in the same send; larger ones go by sendfile as long as their pages are in memory; what is not in memory goes through a
// linked read and send, which wait in the kernel without a thread of ours.
#pragma once

#include "ring/ring.h"
#include "ring/timers.h"
#include "server/answer_reader.h"
#include "server/answer_sender.h"

namespace uringx {

class Worker;

class SocketSender final : public AnswerSender {
 public:
  SocketSender(Worker& worker, int socket_fd, Client client);
  ~SocketSender() override;

  void start(const Answer& answer) override;
  void cancel() override;
  bool pending() const override {
    return operation_.pending() || read_.pending() || writable_.pending() || chain_.pending() || deferred_ || paused();
  }
  bool sends_in_chain() const override { return chain_.pending(); }
  bool paused() const override { return pause_.armed(); }
  bool awaits_filters() const override { return awaits_filters_; }
  std::uint64_t bytes_sent() const override { return bytes_sent_; }

 private:
  void advance();
  bool keeps_pace();
  void on_pause_over();
  void collect();
  void send_collected();
  // The kernel must not hold back what it has for more that comes only after a pause.
  bool more_at_once(bool more) const { return more && !pace_.limited(); }
  void on_sent(Completion completion);
  bool prefers_sendfile() const;
  bool pushes_head() const;
  std::uint64_t window_bytes() const;
  bool pages_cached();
  void take_buffer();
  void give_buffer_back();
  void send_file();
  void on_writable(Completion completion);
  std::span<char> room_for_file();
  void read_remote();
  void on_read(Completion completion);
  void read_and_send();
  void on_read_and_sent(const Chain::Outcome& outcome);
  bool gathers() const;
  bool failed_early() const;
  void on_filtered();
  void run_deferred();
  void end(Outcome outcome);
  void fail(int error_number);
  void fail_later(int error_number);

  Worker& worker_;
  int socket_fd_;
  AnswerReader reader_;
  std::uint64_t file_bytes_per_call_max_ = 0;
  bool use_sendfile_ = true;
  bool push_head_ = false;
  std::uint64_t read_until_ = 0;      // offset in the file: before it, not all was in memory when it was looked at
  SendPace pace_;
  std::uint64_t allowance_ = UINT64_MAX;  // what may go at once; less with a pace to keep
  std::span<char> buffer_;            // from BodyBuffers
  std::size_t collected_ = 0;         // bytes in the buffer
  std::size_t collected_sent_ = 0;    // of them
  std::uint64_t bytes_sent_ = 0;
  bool deferred_ = false;
  bool awaits_filters_ = false;  // nothing else is under way
  bool cancelled_ = false;
  bool failed_ = false;  // deferred_ brings the news
  Timer pause_{this, Timer::calls<&SocketSender::on_pause_over>};
  Operation operation_{this, Operation::calls<&SocketSender::on_sent>};
  Operation read_{this, Operation::calls<&SocketSender::on_read>};
  Operation writable_{this, Operation::calls<&SocketSender::on_writable>};
  Chain chain_{this, Chain::calls<&SocketSender::on_read_and_sent>};
};

}  // namespace uringx
