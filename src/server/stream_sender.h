// StreamSender puts an answer on a connection's ByteStream: HTTP/1 over TLS.
// Owned by a Connection's exchange, on its worker's thread. While the kernel sends one half of the stream's buffer, the
// bytes of the other are read and encrypted; what is not in memory is read by the ring first.
#pragma once

#include <memory>

#include "ring/ring.h"
#include "ring/timers.h"
#include "server/answer_reader.h"
#include "server/answer_sender.h"
#include "server/byte_stream.h"

namespace uringx {

class Worker;

class StreamSender final : public AnswerSender {
 public:
  StreamSender(Worker& worker, ByteStream& stream, Client client);

  void start(const Answer& answer) override;
  void cancel() override;
  bool pending() const override { return active_; }
  bool sends_in_chain() const override { return false; }
  bool paused() const override { return pause_.armed(); }
  bool awaits_filters() const override { return filters_go_on() && stream_.drained(); }
  std::uint64_t bytes_sent() const override;

 private:
  static void room(void* owner) { static_cast<StreamSender*>(owner)->on_room(); }
  static void failed(void* owner, int error_number) { static_cast<StreamSender*>(owner)->on_failed(error_number); }
  void on_filtered();
  bool filters_go_on() const;
  void look_for_failed_filters();
  void on_room();
  void on_failed(int error_number);
  void advance();
  bool keeps_pace(std::span<char>& room);
  void on_pause_over();
  bool put_disk_bytes(std::span<char> room);
  void read_from_disk();
  void on_read(Completion completion);
  void end_later();
  void run_deferred();
  void end(Outcome outcome, int error_number);

  static constexpr std::size_t kDiskBytesMax = 16 * 1024;

  Worker& worker_;
  ByteStream& stream_;
  AnswerReader reader_;
  SendPace pace_;
  std::unique_ptr<char[]> disk_bytes_;  // what the ring read, until it is in the stream
  std::size_t disk_bytes_count_ = 0;
  std::size_t disk_bytes_used_ = 0;
  std::uint64_t committed_before_ = 0;
  bool active_ = false;       // done() has not been told
  bool ended_ = false;        // cancelled or failed: told once nothing is pending
  bool deferred_ = false;
  Timer pause_{this, Timer::calls<&StreamSender::on_pause_over>};
  Operation read_{this, Operation::calls<&StreamSender::on_read>};
};

}  // namespace uringx
