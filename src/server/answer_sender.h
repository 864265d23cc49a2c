// AnswerSender puts one HTTP/1 answer on its connection: the head and the parts of the body, never waiting. Two kinds:
// SocketSender for connections without TLS, StreamSender for those with it.
// Owned by a Connection's exchange, on its worker's thread.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "config/answer.h"
#include "server/opened_file.h"
#include "server/send_pace.h"

namespace uringx {

class FilteredBody;

class AnswerSender {
 public:
  enum class Outcome : std::uint8_t { sent, failed };
  struct Client {
    void* owner;
    void (*done)(void* owner, Outcome outcome);  // from the loop; nothing is pending any more
    void (*progress)(void* owner);               // bytes left, or a chain was started: timeouts start anew
  };

  explicit AnswerSender(Client client) : client_(client) {}
  virtual ~AnswerSender() = default;
  AnswerSender(const AnswerSender&) = delete;
  AnswerSender& operator=(const AnswerSender&) = delete;

  // Memory behind `head` and the parts lives until done. `file_bytes_per_call_max`: sendfile_max_chunk, 0 for no limit.
  // `push_head`: the head of a large file leaves in packets of its own, as with nginx's sendfile without tcp_nopush.
  struct Answer {
    std::string_view head;
    std::span<const BodyPart> parts;
    const OpenedFile* file = nullptr;
    FilteredBody* filtered = nullptr;  // in place of the parts
    std::uint64_t file_bytes_per_call_max = 0;
    bool use_sendfile = true;
    bool push_head = false;
    SendPace pace{};
  };
  virtual void start(const Answer& answer) = 0;

  // Ends what is under way; done(failed) follows from the loop if anything was pending.
  virtual void cancel() = 0;
  virtual bool pending() const = 0;

  // A linked read and send is under way: bytes may leave without a completion.
  virtual bool sends_in_chain() const = 0;

  // Waits until limit_rate lets more go.
  virtual bool paused() const = 0;
  // Nothing is under way but the filters of the body: what is waited for is ours, not the client's.
  virtual bool awaits_filters() const = 0;

  // Of the answer, before encryption.
  virtual std::uint64_t bytes_sent() const = 0;
  // Why it failed: 0 when the file was shorter than announced, else an errno.
  int error_number() const { return error_number_; }

 protected:
  void finish(Outcome outcome) { client_.done(client_.owner, outcome); }
  void report_progress() { client_.progress(client_.owner); }

  int error_number_ = 0;

 private:
  Client client_;
};

}  // namespace uringx
