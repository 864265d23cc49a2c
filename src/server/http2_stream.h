// Http2Stream is one request on an HTTP/2 connection, from its first field to the last byte of its answer: what HTTP/1 keeps
// in an Http1Exchange. From the worker's slab, owned by an Http2, on its worker's thread.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "base/intrusive_list.h"
#include "http/http2_rules.h"
#include "ring/operation.h"
#include "ring/timers.h"
#include "server/answer_reader.h"
#include "server/exchange.h"
#include "server/http2_session.h"
#include "server/send_pace.h"

namespace uringx {

class Connection;
class Http2;

// A stream is in one of its connection's lists by each of these.
struct StreamOfConnection : ListNode {};
struct WaitingStream : ListNode {};

class Http2Stream : public StreamOfConnection, public WaitingStream {
 public:
  // What a request's field block may have; nginx's limits and texts.
  enum class FieldFault : std::uint8_t { none, too_large_head };

  Http2Stream(Http2& http2, Connection& connection, std::int32_t id);
  ~Http2Stream();

  std::int32_t id() const { return id_; }
  Request& request() { return exchange_.request(); }
  Exchange& exchange() { return exchange_; }
  std::uint64_t body_bytes_sent() { return request().bytes_sent - request().head_bytes_sent; }

  // --- the head (http2_head.cc) ---
  FieldFault take_field(std::string_view name, bool name_is_constant, std::string_view value);
  // The fields are complete: runs the phases, or refuses. The answer may stand when it returns.
  void finish_head();
  bool head_complete() const { return head_complete_; }
  // What its fields hold of memory.
  std::size_t field_bytes() const { return field_bytes_; }
  // What its `priority` fields say, together.
  std::string_view priority_text() const { return priority_text_; }

  // --- the body of the request ---
  bool request_ended = false;
  std::uint64_t request_body_bytes = 0;

  // --- the answer ---
  bool has_body();
  // Begins to hand it out.
  void start_answer();
  Http2Session::BodyPiece read_body(std::span<char> into);
  // Reads from the disk what read_body() said comes later; Http2::on_disk_read is told.
  void read_from_disk();
  bool reading_from_disk() const { return disk_ != nullptr && disk_->operation.pending(); }
  bool wants_disk() const { return wants_disk_; }
  // limit_rate lets nothing go now; Http2::on_pause_over is told when it does again.
  bool paused() const { return pause_.armed(); }

  // --- what Http2 keeps here ---
  enum class State : std::uint8_t {
    reading,    // fields come
    answering,  // phases and files
    held,       // the answer stands, and waits: for the rest of a short body, or for log lines
    sending,
    draining,   // answered; the rest of the request's body is thrown away
    closed,     // HTTP/2 has forgotten it; it is destroyed once nothing is pending
  } state = State::reading;
  bool end_sent = false;
  bool reset_by_peer = false;
  bool reset_by_us = false;       // for a reason of ours, which was logged
  bool continue_sent = false;
  bool timed_out = false;
  bool malformed = false;         // by RFC 9113 section 8.1.1: no body is awaited, and the stream is reset
  std::uint64_t line_before = 0;  // the last log line of the connection when the request came
  std::uint64_t progress_mark = 0;  // bytes of the body sent when the timer was armed
  Clock::time_point drain_until{};
  Timer timer;

  bool pending() const { return exchange_.pending() || reading_from_disk(); }
  // Ends what is under way.
  void cancel();

 private:
  struct DiskRead {
    static constexpr std::size_t kBytesMax = 16 * 1024;
    explicit DiskRead(Http2Stream* stream) : operation(stream, Operation::calls<&Http2Stream::on_disk_read>) {}
    Operation operation;
    std::size_t bytes = 0;
    std::size_t used = 0;
    char memory[kBytesMax];
  };

  static void answer_ready(void* owner);
  static void close_wanted(void* owner);
  static void exchange_ended(void* owner);
  void on_timer();
  void on_filtered();
  void on_pause_over();
  void on_disk_read(Completion completion);

  void take_pseudo_field(std::string_view name, std::string_view value);
  void take_host(std::string_view host);
  void choose_server(std::string_view host);
  bool drops_name(std::string_view name);
  std::string_view request_line();
  bool take_request_line();
  void join_cookies();
  void refuse(int status, std::string_view why);
  void refuse_malformed(std::string_view why);

  Http2& http2_;
  Connection& connection_;
  std::int32_t id_;
  ConnectionInfo info_;  // as it was when the request came: $connection_requests
  Exchange exchange_;
  AnswerReader reader_;
  SendPace pace_;
  Timer pause_{this, Timer::calls<&Http2Stream::on_pause_over>};
  std::unique_ptr<DiskRead> disk_;
  bool wants_disk_ = false;
  bool disk_failed_ = false;

  bool head_complete_ = false;
  std::string_view priority_text_;
  Http2HeadRules rules_;
  bool has_authority_ = false;
  std::size_t field_bytes_ = 0;
  std::size_t field_count_ = 0;
  std::pmr::vector<std::string_view> cookies_;
  int refusal_status_ = 0;  // of the first fault
  std::string_view refusal_;
};

}  // namespace uringx
