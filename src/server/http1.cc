// Http1's second half: from an answer that stands to the next request, or the end of the connection.
#include "server/http1.h"

#include <netinet/in.h>
#include <linux/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "http/framing.h"
#include "http/response_writer.h"
#include "modules/http_core.h"
#include "modules/log.h"
#include "modules/static_files.h"
#include "server/connection.h"
#include "server/worker.h"

namespace uringx {
namespace {

// More than the largest head that default settings allow; what comes on top waits in the kernel.
constexpr std::size_t kInputBytesMax = 64 * 1024;

// What the error log says was being done (nginx: log->action).
constexpr std::string_view kLoggingRequest = "logging request";

}  // namespace

Http1Exchange::Http1Exchange(Worker& worker, const ConnectionInfo& connection, ByteStream* stream,
                             Exchange::Client exchange_client, AnswerSender::Client sender_client)
    : exchange(worker, connection, exchange_client) {
  if (stream != nullptr) {
    sender = &any_sender.emplace<StreamSender>(worker, *stream, sender_client);
  } else {
    sender = &any_sender.emplace<SocketSender>(worker, connection.socket_fd, sender_client);
  }
}

Http1::Http1(Connection& connection)
    : connection_(connection),
      input_(connection.worker().chunks()),
      budget_(0, {}),
      line_waiter_(this, lines_written) {}

Http1::~Http1() { drop_exchange(); }

void Http1::on_bytes(std::span<const char> bytes) {
  switch (state_) {
    case State::reading_head:
      input_.append(bytes);
      process_input();
      break;
    case State::answering:
    case State::sending:
      input_.append(bytes);
      current_->bytes_came_later = true;
      if (state_ == State::sending && !current_->body_complete) discard_what_came();
      if (input_.size() > kInputBytesMax) connection_.pause_receiving();
      break;
    case State::draining:
      input_.append(bytes);
      current_->bytes_came_later = true;
      on_body_bytes();
      break;
    case State::closing:
      break;
  }
}

void Http1::on_peer_closed(int error_number) {
  switch (state_) {
    case State::reading_head:
      if (current_ != nullptr) {
        note_request_line();
        log_request(request(), LogLevel::info, error_number == 0 ? "client prematurely closed connection" : "recv() failed",
                    error_number);
        abandon(400);
      } else {
        connection_.log_closed_by_client(error_number);
        end_connection();
      }
      break;
    case State::answering:
      if (current_->exchange.waiting()) {
        log_request(request(), LogLevel::info, "client prematurely closed connection", error_number);
        abandon(499);
      }
      break;
    case State::sending:
      // The answer may still be wanted: a client may close its sending side only. One that pauses ends all the same, as with
      // nginx: it is not to count for limit_conn until something is sent again.
      if (current_->sender->paused()) {
        log_request(request(), LogLevel::info, "client prematurely closed connection", error_number);
        current_->sender->cancel();
      }
      break;
    case State::draining:
      end_connection();
      break;
    case State::closing:
      break;
  }
}

// --- the answer ---

void Http1::on_answer_ready() {
  if (state_ == State::closing) return;  // it was given up while it waited
  Request& current = request();
  const bool with_continue = !current.expect_tested && expects_continue(current.head);
  current.expect_tested = true;
  if (!on_body_unwanted() && current.error_status == 0) {  // no handler asked
    current.response.fields.clear();
    current_->exchange.finish(400);
    return;
  }
  keep_alive_ = keeps_alive(current) && may_keep_alive();
  pipelined_ = input_.size() > current_->body_start && !current_->bytes_came_later;
  current.keep_alive = keep_alive_;
  continue_wanted_ = with_continue;
  current_->head = make_head();
  current.head_bytes_sent = current_->head.size() - (continue_wanted_ ? kContinueResponse.size() : 0);
  current.action = kSendingResponse;
  choose_rate(current);
  send_answer();
}

// The log lines of the answers before this one have to be in their files first.
void Http1::send_answer() {
  if (hold_answer()) return;
  answer_waits_ = true;
  if (await_lines()) return;
  state_ = State::sending;
  arm_send_timer();
  if (send_with_batch()) return;
  answer_waits_ = false;
  current_->sender->start(answer());
}

AnswerSender::Answer Http1::answer() {
  const auto& core = request().settings<HttpCoreLocation>();
  return {current_->head, current_->exchange.body().parts, &current_->exchange.file(), current_->exchange.filtered(),
          core.sendfile_max_chunk->count, !core.directio->has_value(), *core.sendfile && !*core.tcp_nopush,
          SendPace::of(request(), connection_.worker().ring().now())};
}

std::string_view Http1::make_head() {
  Request& current = request();
  const auto& core = current.settings<HttpCoreLocation>();
  const WireOptions wire{.version = current.head.version,
                         .keep_alive = keep_alive_,
                         .keep_alive_timeout_s = core.keepalive_timeout->header.count,
                         .server_text = server_text(*core.server_tokens),
                         .date_text = current.clock.http_date};
  const std::size_t bytes_max = response_head_bytes_max(current.response, wire) + kContinueResponse.size();
  char* const head = current.arena.take_bytes(bytes_max);
  char* out = head;
  if (continue_wanted_) out = std::copy(kContinueResponse.begin(), kContinueResponse.end(), out);
  out = write_response_head(out, current.response, wire);
  return {head, static_cast<std::size_t>(out - head)};
}

// Of the request at hand, if there is one.
const HttpCoreLocation& Http1::core_settings() {
  return current_ != nullptr ? request().settings<HttpCoreLocation>() : connection_.default_server().root.settings.get<HttpCoreLocation>();
}

void Http1::arm_send_timer() { connection_.arm_timer(core_settings().send_timeout->count); }

// More follows. Of a chain that was started only the socket can tell how it gets on.
void Http1::note_progress() {
  if (current_->sender->sends_in_chain()) current_->progress_seen = send_progress();
  arm_send_timer();
}

void Http1::on_sent(AnswerSender::Outcome outcome) {
  const AnswerSender& sender = *current_->sender;
  const bool failed = outcome == AnswerSender::Outcome::failed;
  connection_.guard([&] { finish_answer(sender.bytes_sent(), failed ? std::optional(sender.error_number()) : std::nullopt); });
}

void Http1::finish_answer(std::uint64_t bytes_sent, std::optional<int> error_number) {
  Request& current = request();
  current.bytes_sent = bytes_sent;
  if (current.head_bytes_sent > bytes_sent) current.head_bytes_sent = bytes_sent;
  if (state_ == State::closing) {
    connection_.close_when_quiet();
    return;
  }
  connection_.disarm_timer();
  if (error_number) {
    log_failed_send(*error_number);
    log_access();
    terminate();
    return;
  }
  current.complete = true;
  finish_request();
}

void Http1::log_failed_send(int error_number) {
  Request& current = request();
  if (error_number == ECANCELED) return;  // by us: whoever did it said why
  if (error_number == 0) {
    log_request(current, LogLevel::alert, "file was truncated");
    return;
  }
  // What a client does to its own connection is no fault of the server's (ngx_connection_error).
  const bool by_client = error_number == ECONNRESET || error_number == EPIPE || error_number == ENOTCONN ||
                         error_number == ETIMEDOUT || error_number == ECONNREFUSED || error_number == EHOSTUNREACH;
  log_request(current, by_client ? LogLevel::info : LogLevel::alert, "send() failed", error_number);
}

void Http1::on_close_wanted() {
  if (state_ == State::closing) return;
  log_access();
  terminate();
}

// --- after the answer ---

void Http1::finish_request() {
  log_access();
  if (!current_->body_complete) discard_what_came();
  if (!current_->body_complete && connection_.peer_closed()) {
    end_connection();
    return;
  }
  if (!current_->body_complete) {
    connection_.resume_receiving();
    const auto& core = request().settings<HttpCoreLocation>();
    if (state_ != State::draining) {
      current_->drain_until = connection_.worker().ring().now() + std::chrono::milliseconds(core.lingering_time->count);
      state_ = State::draining;
    }
    connection_.arm_timer(core.lingering_timeout->count);
    return;
  }
  if (keep_alive_ && may_keep_alive()) {
    next_request();
  } else {
    end_connection();
  }
}

void Http1::log_access() {
  LineBuffers& lines = connection_.worker().lines();
  if (!logged_) {
    request().keep_alive = false;  // as nginx has it by then: $sent_http_connection is "close" in logs
    request().action = kLoggingRequest;
    write_access_logs(request(), lines);
  }
  logged_ = true;
  last_line_ = lines.last_line();
}

// A worker that stops keeps only what keepalive_min_timeout promised.
bool Http1::may_keep_alive() {
  return !connection_.worker().stopping() || request().settings<HttpCoreLocation>().keepalive_min_timeout->count > 0;
}

void Http1::next_request() {
  const auto& core = request().settings<HttpCoreLocation>();
  const std::int64_t keepalive_ms = core.keepalive_timeout->timeout.count;
  const std::int64_t min_ms = core.keepalive_min_timeout->count;
  const std::size_t used = current_->body_start;
  drop_exchange();
  budget_.next_request(0, input_.size() - used);
  input_.drop_front(used);
  state_ = State::reading_head;
  logged_ = false;
  connection_.resume_receiving();
  if (input_.empty()) {
    pipelined_ = false;
    wait_for_request(keepalive_ms, min_ms);
    if (connection_.peer_closed()) on_peer_closed(0);
    return;
  }
  process_input();
}

// ngx_http_set_keepalive: within the least time it is not idle, then it is for the rest.
void Http1::wait_for_request(std::int64_t keepalive_ms, std::int64_t min_ms) {
  must_stay_ = min_ms > 0;
  const std::int64_t rest_ms = must_stay_ ? std::max<std::int64_t>(keepalive_ms - min_ms, 0) : 0;
  idle_ms_after_stay_ = static_cast<std::int32_t>(std::min<std::int64_t>(rest_ms, INT32_MAX));
  connection_.arm_timer(keepalive_ms - rest_ms);
  if (!must_stay_) connection_.set_idle(true);
}

// Ends the connection without lingering (ngx_http_terminate_request).
void Http1::terminate() {
  state_ = State::closing;
  end_connection();
}

// Closes, slowly where the client may still be sending (ngx_http_finalize_connection), once the log lines are written.
void Http1::end_connection() {
  connection_.disarm_timer();
  if (current_ != nullptr && state_ != State::closing) {
    const auto& core = request().settings<HttpCoreLocation>();
    const bool more_came = input_.size() > current_->body_start;
    const bool lingers = *core.lingering_close == Lingering::always ||
                         (*core.lingering_close == Lingering::on && (request().lingering_close || more_came));
    if (lingers && !connection_.peer_closed()) lingering_ = &core;
  }
  state_ = State::closing;
  if (await_lines()) return;
  if (batch_ != nullptr) {  // answers before the last one
    arm_send_timer();
    if (!batch_->pending()) batch_->send();
    return;
  }
  if (lingering_ != nullptr && !connection_.peer_closed()) {
    connection_.linger(lingering_->lingering_time->count, lingering_->lingering_timeout->count);
  } else {
    connection_.close(reset_);
  }
}

// True: they are not written, and on_lines_written() follows.
bool Http1::await_lines() {
  LineBuffers& lines = connection_.worker().lines();
  if (lines.written(last_line_)) return false;
  if (!line_waiter_.waiting()) lines.wait(line_waiter_, last_line_);
  return true;
}

void Http1::on_lines_written() {
  connection_.guard([this] {
    if (state_ == State::closing) {
      end_connection();
    } else if (answer_waits_) {
      send_answer();
    } else {
      send_batch();
    }
  });
}

// For the logs of a request whose request line is not whole: what there is of it, maybe nothing.
void Http1::note_request_line() {
  if (current_->line_read) return;
  const std::string_view line = current_->parser.request_line_so_far(input_.text());
  request().head.request_line = line.empty() ? std::string_view("") : line;
}

// The request ends without an answer: the client went or was too slow.
void Http1::abandon(int status) {
  note_request_line();
  if (request().response.status == 0 || request().bytes_sent == 0) request().response.status = status;
  log_access();
  terminate();
}

void Http1::on_timeout() {
  switch (state_) {
    case State::reading_head:
      if (current_ == nullptr) {
        if (connection_.info().requests == 0) connection_.log_first_request_timeout();
        if (must_stay_ && idle_ms_after_stay_ > 0 && !connection_.worker().stopping()) {
          wait_for_request(idle_ms_after_stay_, 0);
          return;
        }
        end_connection();
        return;
      }
      note_request_line();
      log_request(request(), LogLevel::info, "client timed out", ETIMEDOUT);
      abandon(408);
      return;
    case State::sending: {
      // The wait is of our own making.
      if (current_->sender->paused() || current_->sender->awaits_filters()) return arm_send_timer();
      // A chain's send goes on inside the kernel: what the client acknowledged since tells whether it is alive.
      const std::uint64_t progress = send_progress();
      if (current_->sender->sends_in_chain() && progress != current_->progress_seen) {
        current_->progress_seen = progress;
        arm_send_timer();
        return;
      }
      log_request(request(), LogLevel::info, "client timed out", ETIMEDOUT);
      reset_ = *request().settings<HttpCoreLocation>().reset_timedout_connection;
      cancel_sending();
      return;
    }
    case State::draining:
      terminate();  // it was waited for already (ngx_http_discarded_request_body_handler)
      return;
    case State::closing:
      if (batch_ != nullptr) {
        connection_.log(LogLevel::info, "client timed out", ETIMEDOUT);
        batch_->cancel();
      }
      return;
    case State::answering:
      return;
  }
}

void Http1::cancel_sending() {
  if (batch_ != nullptr) {
    batch_->cancel();
  } else {
    current_->sender->cancel();
  }
}

std::uint64_t Http1::send_progress() const {
  tcp_info info{};
  socklen_t size = sizeof(info);
  if (getsockopt(connection_.fd(), IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return 0;
  return info.tcpi_bytes_acked;
}

// A connection that is too new to have sent anything gets its one answer (nginx: c->idle is set by the first one).
void Http1::stop_gracefully() {
  if (state_ == State::reading_head && current_ == nullptr && connection_.info().requests > 0 && !must_stay_) end_connection();
}

// --- the end ---

void Http1::cancel() {
  state_ = State::closing;
  processing_ = false;  // an exception may have left it set
  if (line_waiter_.waiting()) line_waiter_.unlink();
  if (batch_ != nullptr && batch_->pending()) batch_->cancel();
  if (current_ == nullptr) return;
  current_->exchange.cancel();
  if (current_->sender->pending()) current_->sender->cancel();
}

void Http1::on_exchange_ended() { connection_.close_when_quiet(); }

bool Http1::quiet() const {
  return !processing_ && !line_waiter_.waiting() && (batch_ == nullptr || !batch_->pending()) &&
         (current_ == nullptr || (!current_->exchange.pending() && !current_->sender->pending()));
}

void Http1::drop_exchange() {
  if (current_ == nullptr) return;
  WorkerCounters& counters = connection_.worker().counters();
  (current_->head_read ? counters.writing : counters.reading).add(-1);
  connection_.worker().exchanges().destroy(current_);
  current_ = nullptr;
}

}  // namespace uringx
