// AnswerSender puts one HTTP/1 answer on a socket: the head and the parts of the body, each the cheapest way that does not
// wait. Owned by a Connection's exchange, on its worker's thread.
//
// How body bytes move (measured, see tools/bench): small files whose pages are in memory are read behind the head and leave
// in the same send; larger ones go by sendfile as long as their pages are in memory; what is not in memory goes through a
// linked read and send, which wait in the kernel without a thread of ours.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "config/answer.h"
#include "ring/ring.h"
#include "server/opened_file.h"

namespace uringx {

class Worker;

class AnswerSender {
 public:
  enum class Outcome : std::uint8_t { sent, failed };
  struct Client {
    void* owner;
    void (*done)(void* owner, Outcome outcome);  // from the loop; nothing is pending any more
    void (*progress)(void* owner);               // bytes left: timeouts start anew
  };

  AnswerSender(Worker& worker, Client client) : worker_(worker), client_(client) {}
  ~AnswerSender();

  // Memory behind `head` and the parts lives until done. `last`: nothing follows on the wire at once, so that the last
  // segment must not wait for more. `file_bytes_per_call_max`: sendfile_max_chunk, 0 for no limit.
  struct Answer {
    std::string_view head;
    std::span<const BodyPart> parts;
    const OpenedFile* file = nullptr;
    std::uint64_t file_bytes_per_call_max = 0;
    bool use_sendfile = true;
  };
  void start(int socket_fd, const Answer& answer);

  // Ends what is under way; done(failed) follows from the loop if anything was pending.
  void cancel();
  bool pending() const { return operation_.pending() || writable_.pending() || chain_.pending() || deferred_; }

  // A linked read and send is under way: bytes may leave without a completion.
  bool sends_in_chain() const { return chain_.pending(); }

  std::uint64_t bytes_sent() const { return bytes_sent_; }
  // Why it failed: 0 when the file was shorter than announced, else an errno.
  int error_number() const { return error_number_; }

 private:
  friend class Worker;

  void advance();
  void collect();
  void collect_head();
  std::size_t append_text(std::string_view text);
  bool append_file_bytes();
  void send_collected();
  void on_sent(Completion completion);
  bool prefers_sendfile() const;
  bool pages_cached() const;
  void take_buffer();
  void give_buffer_back();
  void send_file();
  void on_writable(Completion completion);
  void read_and_send();
  void on_read_and_sent(const Chain::Outcome& outcome);
  void run_deferred();
  void finish(Outcome outcome);
  void fail(int error_number);
  void fail_later(int error_number);

  const BodyPart& part() const { return answer_.parts[part_]; }
  bool head_left() const { return head_done_ < answer_.head.size(); }
  bool anything_left() const { return head_left() || parts_left(); }
  bool parts_left() const { return part_ < answer_.parts.size(); }
  std::uint64_t part_bytes_left() const;
  void advance_part(std::uint64_t bytes);
  bool more_after(std::uint64_t bytes) const;

  Worker& worker_;
  Client client_;
  int socket_fd_ = -1;
  Answer answer_;
  std::size_t head_done_ = 0;         // bytes of the head that were collected
  std::size_t part_ = 0;
  std::uint64_t part_done_ = 0;       // bytes of the current part that were collected or sent
  std::span<char> buffer_;            // from BodyBuffers
  std::size_t collected_ = 0;         // bytes in the buffer
  std::size_t collected_sent_ = 0;    // of them
  std::uint64_t bytes_sent_ = 0;
  int error_number_ = 0;
  bool deferred_ = false;
  bool cancelled_ = false;
  bool failed_ = false;  // deferred_ brings the news
  Operation operation_{this, Operation::calls<&AnswerSender::on_sent>};
  Operation writable_{this, Operation::calls<&AnswerSender::on_writable>};
  Chain chain_{this, Chain::calls<&AnswerSender::on_read_and_sent>};
};

}  // namespace uringx
