// Http1 speaks HTTP/1 on one connection: heads in, bodies discarded, answers out, one after another.
// Part of a Connection, on its worker's thread. While no request is at hand it holds no memory but itself.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <variant>

#include "http/chunked.h"
#include "http/header_buffers.h"
#include "http/request_parser.h"
#include "server/answer_batch.h"
#include "server/exchange.h"
#include "server/input_buffer.h"
#include "server/line_buffers.h"
#include "server/protocol.h"
#include "server/socket_sender.h"
#include "server/stream_sender.h"

namespace uringx {

class Connection;
struct HttpCoreLocation;

// What HTTP/1 needs while a request is at hand; from the worker's slab.
struct Http1Exchange {
  // `stream`: of a connection that has TLS, else nullptr.
  Http1Exchange(Worker& worker, const ConnectionInfo& connection, ByteStream* stream, Exchange::Client exchange_client,
                AnswerSender::Client sender_client);

  Exchange exchange;
  std::variant<std::monostate, SocketSender, StreamSender> any_sender;
  AnswerSender* sender;  // the one it holds
  RequestParser parser;
  bool line_read = false;       // the request line was taken
  bool head_read = false;       // counted as writing, no longer as reading
  std::size_t body_start = 0;   // offset in the input: end of the head
  std::int64_t body_left = 0;   // bytes of a sized body that have not come
  bool body_complete = true;
  bool bytes_came_later = false;  // after the head, in a packet of their own
  std::string_view head;          // of the answer, once it stands
  std::size_t batched_bytes = 0;  // of the answer, when it is in the batch
  ChunkedDecoder chunks;
  std::uint64_t progress_seen = 0;      // of the answer's bytes, at the last look
  Clock::time_point drain_until{};      // the rest of the body is awaited so long
};

class Http1 final : public Protocol {
 public:
  explicit Http1(Connection& connection);
  ~Http1() override;

  // From the connection.
  void on_bytes(std::span<const char> bytes) override;
  // End of stream (0) or a receive error: nothing more will come.
  void on_peer_closed(int error_number) override;
  void on_timeout() override;
  void stop_gracefully() override;

  // The connection is being closed: ends everything under way.
  void cancel() override;
  // The rest of a head or of a body has to come before anything can go on.
  bool awaits_bytes() const override { return (state_ == State::reading_head && current_ != nullptr) || state_ == State::draining; }
  // Nothing is pending; the connection may be destroyed.
  bool quiet() const override;
  bool only_watches() const override {
    return (state_ == State::answering && current_->exchange.waiting()) || (state_ == State::sending && current_->sender->paused());
  }

 private:
  // reading_head: between requests too. answering: phases and files. sending: bytes on the wire. draining: answered, the
  // rest of the body is awaited. closing: nothing more is read or sent.
  enum class State : std::uint8_t { reading_head, answering, sending, draining, closing };

  // --- heads in (http1_head.cc) ---
  void process_input();
  bool begin_request();
  bool read_head();
  bool take_request_line();
  bool take_fields();
  bool take_field();
  bool choose_server(std::string_view host);
  void finish_head();
  bool refuse_long_uri();
  bool refuse_long_field();
  // Answers `status`, logging `why` at [info]. Always false: the head is not read any further.
  bool refuse(int status, std::string_view why);

  // --- answers out (http1.cc) ---
  static void answer_ready(void* owner) { static_cast<Http1*>(owner)->on_answer_ready(); }
  static void close_wanted(void* owner) { static_cast<Http1*>(owner)->on_close_wanted(); }
  static void exchange_ended(void* owner) { static_cast<Http1*>(owner)->on_exchange_ended(); }
  void on_answer_ready();
  void on_close_wanted();
  void on_exchange_ended();
  void send_answer();
  AnswerSender::Answer answer();
  std::string_view make_head();
  static void answer_sent(void* owner, AnswerSender::Outcome outcome) { static_cast<Http1*>(owner)->on_sent(outcome); }
  static void bytes_left(void* owner) { static_cast<Http1*>(owner)->note_progress(); }
  void on_sent(AnswerSender::Outcome outcome);
  // `error_number` of a failed send, 0 where the file was too short.
  void finish_answer(std::uint64_t bytes_sent, std::optional<int> error_number);
  void log_failed_send(int error_number);
  void note_progress();
  const HttpCoreLocation& core_settings();
  void arm_send_timer();

  // --- answers to pipelined requests (http1_pipeline.cc) ---
  bool hold_answer();
  bool take_into_batch();
  void finish_held_answer();
  bool send_with_batch();
  void send_batch();
  static void batch_progressed(void* owner) { static_cast<Http1*>(owner)->on_batch_progress(); }
  static void batch_done(void* owner, int error_number) { static_cast<Http1*>(owner)->on_batch_done(error_number); }
  void on_batch_progress();
  void on_batch_done(int error_number);
  void go_on_after_batch(int error_number);

  // --- bodies of requests (http1_body.cc) ---
  static bool body_unwanted(void* owner) { return static_cast<Http1*>(owner)->on_body_unwanted(); }
  bool on_body_unwanted();
  bool discard_body();
  void discard_what_came();
  void on_body_bytes();

  // --- after the answer (http1.cc) ---
  void finish_request();
  void log_access();
  bool may_keep_alive();
  void next_request();
  void wait_for_request(std::int64_t keepalive_ms, std::int64_t min_ms);
  void terminate();
  void end_connection();
  void note_request_line();
  void abandon(int status);
  void drop_exchange();
  static void lines_written(void* owner) { static_cast<Http1*>(owner)->on_lines_written(); }
  void on_lines_written();
  bool await_lines();
  void cancel_sending();
  std::uint64_t send_progress() const;

  Request& request() { return current_->exchange.request(); }

  Connection& connection_;
  State state_ = State::reading_head;
  bool pipelined_ = false;    // the next request begins with bytes that came with the head of this one
  bool processing_ = false;   // process_input() is on the stack
  bool keep_alive_ = false;   // after the current answer
  bool must_stay_ = false;    // idle within keepalive_min_timeout: neither a stop nor a lack of places ends it
  bool continue_wanted_ = false;  // "100 Continue" goes before the answer
  bool logged_ = false;       // the current request is in the access log
  bool reset_ = false;        // end it with a TCP reset
  bool answer_waits_ = false;  // for log lines, or for the batch before it
  bool held_ = false;          // the current answer is in the batch, and the next request is at hand
  std::int32_t idle_ms_after_stay_ = 0;
  const HttpCoreLocation* lingering_ = nullptr;  // says how long, at the end of a connection that is to linger
  std::uint64_t last_line_ = 0;  // log line of the last answer: in its file before anything follows
  InputBuffer input_;
  HeaderBufferBudget budget_;
  Http1Exchange* current_ = nullptr;
  std::unique_ptr<AnswerBatch> batch_;  // answers that wait for more of their kind, or are on their way
  LineWaiter line_waiter_;
};

}  // namespace uringx
