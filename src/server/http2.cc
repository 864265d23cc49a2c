// Http2's first half: frames in, and the connection's life. Answers are in http2_answers.cc.
#include "server/http2.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <new>

#include "config/route_table.h"
#include "http/http2_rules.h"
#include "modules/http_core.h"
#include "modules/http_v2.h"
#include "modules/log.h"
#include "server/connection.h"
#include "server/worker.h"

namespace uringx {
namespace {

Http2SessionOptions session_options(const ServerBlock& server) {
  const auto& http2 = server.settings.get<Http2Server>();
  const BufferSet& buffers = *server.settings.get<HttpCoreServer>().large_client_header_buffers;
  return {.max_concurrent_streams = static_cast<std::uint32_t>(std::min<std::int64_t>(http2.max_concurrent_streams->count, INT32_MAX)),
          .stream_window_bytes = static_cast<std::uint32_t>(http2.body_preread_size->count),
          .header_list_bytes_max =
              static_cast<std::uint32_t>(std::min<std::uint64_t>(buffers.count * buffers.bytes_each, INT32_MAX))};
}

// The client's fault, in nginx's words.
std::string reset_text(std::int32_t stream_id, std::uint32_t error) {
  switch (static_cast<Http2Error>(error)) {
    case Http2Error::cancel:
      return fmt::format("client canceled stream {}", stream_id);
    case Http2Error::internal_error:
      return fmt::format("client terminated stream {} due to internal error", stream_id);
    default:
      return fmt::format("client terminated stream {} with status {}", stream_id, error);
  }
}

// Set while bytes are being received, also where an exception ends that.
struct Receiving {
  explicit Receiving(bool& flag) : flag_(flag) { flag_ = true; }
  ~Receiving() { flag_ = false; }
  Receiving(const Receiving&) = delete;
  Receiving& operator=(const Receiving&) = delete;

  bool& flag_;
};

}  // namespace

Http2::Http2(Connection& connection, ByteStream& out)
    : connection_(connection),
      out_(out),
      session_(*this, session_options(connection.default_server())),
      guard_(session_options(connection.default_server()).max_concurrent_streams),
      line_waiter_(this, lines_written) {
  out_.set_client({this, room_came, sending_failed});
  work_later();
}

Http2::~Http2() {
  state_ = State::closed;
  out_.clear_client();
  destroy_released();
}

// --- from the connection ---

void Http2::on_bytes(std::span<const char> bytes) {
  if (state_ == State::ending || state_ == State::closed) return;
  connection_.set_idle(false);
  const Receiving receiving(receiving_);
  const bool sound = session_.receive(bytes);
  if (field_block_ends_ && !session_.within_frame()) field_block_open_ = false;
  if (!sound) end(given_up_ ? end_error_ : Http2Error::enhance_your_calm);
  work_later();
}

// ngx_http_v2_read_handler.
void Http2::on_peer_closed(int error_number) {
  if (state_ == State::closed) return;
  bool unanswered = field_block_open_;
  streams_.for_each([&](Http2Stream& stream) { unanswered |= stream.state != Http2Stream::State::draining; });
  if (unanswered) {
    connection_.log(LogLevel::info, error_number == 0 ? "client prematurely closed connection" : "recv() failed", error_number);
  }
  close_streams(499);
  peer_gone_ = true;
  state_ = State::ending;
  close_connection();
}

void Http2::on_timeout() {
  if (state_ == State::ending || state_ == State::closed) return;
  if (header_timer_) {
    give_up_field_block();
  } else {
    if (connection_.info().requests == 0) connection_.log(LogLevel::info, "client timed out", ETIMEDOUT);
    end(Http2Error::no_error);
  }
  work_later();
}

// Its stream is reset, as nginx does; the connection is idle until the rest of the block comes.
void Http2::give_up_field_block() {
  header_timer_ = false;
  field_block_late_ = true;
  auto* const stream = static_cast<Http2Stream*>(session_.stream(field_block_stream_));
  if (stream == nullptr) return;
  log_request(stream->request(), LogLevel::info, "client timed out", ETIMEDOUT);
  if (stream->request().response.status == 0) stream->request().response.status = 408;
  stream->reset_by_us = true;
  session_.reset(field_block_stream_, Http2Error::protocol_error);
}

void Http2::stop_gracefully() {
  leave();
  work_later();
}

void Http2::cancel() {
  close_streams(0);
  state_ = State::closed;
  if (line_waiter_.waiting()) line_waiter_.unlink();
  turn_timer_.disarm();
  send_timer_.disarm();
  if (out_.pending()) out_.cancel();
}

bool Http2::quiet() const { return !receiving_ && leaving_streams_.empty() && !out_.pending(); }

// --- frames in ---

Http2::Verdict Http2::give_up(Http2Error error, std::string_view why) {
  if (!given_up_) connection_.log(LogLevel::info, why);
  given_up_ = true;
  end_error_ = error;
  return Verdict::stop;
}

Http2::Verdict Http2::on_frame(const Http2FrameHead& frame) {
  if (given_up_) return Verdict::stop;
  const bool continues = frame.type == Http2FrameType::continuation && field_block_open_;
  field_block_open_ = continues;
  field_block_ends_ = (frame.flags & kHttp2EndHeaders) != 0;
  continuation_bytes_ = continues ? continuation_bytes_ + frame.payload_bytes : 0;
  if (const std::string_view flood = guard_.on_frame(frame, connection_.worker().ring().now()); !flood.empty()) {
    return give_up(Http2Error::enhance_your_calm, flood);
  }
  switch (frame.type) {
    case Http2FrameType::headers:
      field_block_open_ = true;
      field_block_stream_ = frame.stream_id;
      field_block_late_ = header_timer_ = false;  // each has its time
      if (frame.stream_id > last_stream_id_ && frame.stream_id % 2 == 1) {
        last_stream_id_ = frame.stream_id;
        old_stream(frame.stream_id) = {frame.stream_id, false};
        return Verdict::go_on;
      }
      return look_at_old_stream(frame);
    case Http2FrameType::data:
      return look_at_old_stream(frame);
    case Http2FrameType::priority:
      if (frame.stream_id == 0) return give_up(Http2Error::protocol_error, "client sent PRIORITY frame with incorrect identifier");
      if (frame.depends_on != frame.stream_id) return Verdict::go_on;
      return give_up(Http2Error::protocol_error,
                     fmt::format("client sent PRIORITY frame for stream {} with incorrect dependency", frame.stream_id));
    case Http2FrameType::push_promise:  // its head is enough
      return give_up(Http2Error::protocol_error, "client sent PUSH_PROMISE frame");
    case Http2FrameType::priority_update:
      client_prioritises_ = true;
      return Verdict::go_on;
    default:
      return Verdict::go_on;
  }
}

// nghttp2 keeps nothing of streams that have ended; what comes on them is an error or not by how they did (RFC 9113 sections
// 5.1 and 5.1.1).
Http2::Verdict Http2::look_at_old_stream(const Http2FrameHead& frame) {
  const std::int32_t id = frame.stream_id;
  if (id == 0 || id % 2 == 0 || id > last_stream_id_ || session_.stream(id) != nullptr) return Verdict::go_on;
  const OldStream& old = old_stream(id);
  if (old.id == id) {
    if (!old.ended_by_peer) return Verdict::go_on;  // reset by us: the client may not know yet
    if (frame.type != Http2FrameType::headers || old.reset_by_peer) {
      return give_up(Http2Error::stream_closed, fmt::format("client sent a frame for closed stream {}", id));
    }
  }
  if (frame.type != Http2FrameType::headers || old.id > id) return Verdict::go_on;
  return give_up(Http2Error::protocol_error,
                 fmt::format("client sent HEADERS frame with incorrect identifier {}, the last was {}", id, last_stream_id_));
}

void* Http2::on_request(std::int32_t stream_id, bool depends_on_itself) {
  if (depends_on_itself) {
    connection_.log(LogLevel::info, fmt::format("client sent HEADERS frame for stream {} with incorrect dependency", stream_id));
    session_.reset(stream_id, Http2Error::protocol_error);
    return nullptr;
  }
  if (const std::string_view many = guard_.on_new_stream(connection_.worker().ring().now()); !many.empty()) {
    give_up(Http2Error::enhance_your_calm, many);
  }
  if (open_streams_ >= connection_.default_server().settings.get<Http2Server>().max_concurrent_streams->count) {
    refuse_stream(stream_id, fmt::format("concurrent streams exceeded {}", open_streams_));
    return nullptr;
  }
  if (field_bytes_ > kFieldBytesMax) {
    refuse_stream(stream_id, "client holds too many header bytes in concurrent streams");
    return nullptr;
  }
  connection_.count_request();
  Http2Stream* const stream = make_stream(stream_id);
  if (stream == nullptr) {
    refuse_stream(stream_id, "out of memory for requests");
    return nullptr;
  }
  const auto& core = connection_.default_server().root.settings.get<HttpCoreLocation>();
  const ConnectionInfo& info = connection_.info();
  if (info.requests >= static_cast<std::uint64_t>(core.keepalive_requests->count) ||
      connection_.worker().clock().msec - info.start_msec > core.keepalive_time->count) {
    leave();
  }
  return static_cast<void*>(stream);
}

Http2Stream* Http2::make_stream(std::int32_t stream_id) {
  Http2Stream* const stream = connection_.worker().http2_streams().make(*this, connection_, stream_id);
  if (stream == nullptr) return nullptr;
  stream->line_before = last_line_;
  streams_.push_back(*stream);
  ++open_streams_;
  return stream;
}

void Http2::refuse_stream(std::int32_t stream_id, std::string_view why) {
  connection_.log(LogLevel::info, why);
  session_.reset(stream_id, Http2Error::refused_stream);
  if (const std::string_view many = guard_.on_refused_stream(); !many.empty()) give_up(Http2Error::enhance_your_calm, many);
}

Http2::Verdict Http2::on_field(void* stream, std::string_view name, bool name_is_constant, std::string_view value) {
  Http2Stream& here = as_stream(stream);
  const std::size_t before = here.field_bytes();
  const Http2Stream::FieldFault fault = here.take_field(name, name_is_constant, value);
  field_bytes_ += here.field_bytes() - before;
  switch (fault) {
    case Http2Stream::FieldFault::none:
      return Verdict::go_on;
    case Http2Stream::FieldFault::too_large_head:
      return give_up(Http2Error::enhance_your_calm, "client sent too large header");
  }
  return Verdict::go_on;
}

Http2::Verdict Http2::on_head(void* stream, std::size_t block_bytes, bool ended) {
  Http2Stream& here = as_stream(stream);
  here.request().request_bytes = block_bytes + continuation_bytes_;
  if (!here.priority_text().empty()) {
    client_prioritises_ = true;
    if (const auto priority = parse_priority(here.priority_text())) session_.set_priority(here.id(), *priority);
  }
  if (ended) on_end(stream);
  here.finish_head();
  return given_up_ ? Verdict::stop : Verdict::go_on;
}

void Http2::on_body(void* stream, std::size_t bytes) {
  Http2Stream& here = as_stream(stream);
  guard_.on_body(bytes);
  here.request_body_bytes += bytes;
  here.request().request_bytes += bytes;
  if (here.malformed) return;
  const std::int64_t announced = here.request().content_length;
  if (announced >= 0 && here.request_body_bytes > static_cast<std::uint64_t>(announced)) {
    return reset_malformed(here, "client sent a longer body than its content-length says");
  }
  if (here.state == Http2Stream::State::held && !awaits_body(here)) submit_or_hold(here);
  if (here.state != Http2Stream::State::draining) return;
  Worker& worker = connection_.worker();
  if (worker.ring().now() >= here.drain_until) return stop_draining(here);
  worker.arm(here.timer, std::chrono::milliseconds(here.request().settings<HttpCoreLocation>().lingering_timeout->count));
}

void Http2::on_end(void* stream) {
  Http2Stream& here = as_stream(stream);
  here.request_ended = true;
  if (OldStream& old = old_stream(here.id()); old.id == here.id()) old.ended_by_peer = true;
  if (here.malformed) return;
  const std::int64_t announced = here.request().content_length;
  if (announced >= 0 && here.request_body_bytes < static_cast<std::uint64_t>(announced)) {
    return reset_malformed(here, "client prematurely closed stream");
  }
  if (here.state == Http2Stream::State::held) submit_or_hold(here);
}

void Http2::reset_malformed(Http2Stream& stream, std::string_view why) {
  stream.malformed = true;
  log_request(stream.request(), LogLevel::info, why);
  session_.reset(stream.id(), Http2Error::protocol_error);
}

void Http2::count_reset() {
  const std::string_view flood = guard_.on_reset(connection_.worker().ring().now());
  if (!flood.empty()) give_up(Http2Error::enhance_your_calm, flood);
}

Http2::Verdict Http2::on_trailer(void* stream, std::string_view name, std::string_view value) {
  const std::string fault = http2_trailer_fault(name, http2_field_value(value));
  if (fault.empty()) return Verdict::go_on;
  reset_malformed(as_stream(stream), fault);
  return Verdict::drop_stream;
}

void Http2::on_trailers_end(void* stream, bool ended) {
  if (ended) return on_end(stream);
  reset_malformed(as_stream(stream), "client sent trailers that do not end its request");
}

void Http2::on_reset_by_peer(void* stream, std::uint32_t error) {
  Http2Stream& here = as_stream(stream);
  here.reset_by_peer = true;
  if (OldStream& old = old_stream(here.id()); old.id == here.id()) old.ended_by_peer = old.reset_by_peer = true;
  log_request(here.request(), LogLevel::info, reset_text(here.id(), error));
  count_reset();
}

void Http2::on_protocol_error(std::string_view what) {
  if (!given_up_) connection_.log(LogLevel::info, fmt::format("client broke the protocol of HTTP/2: {}", what));
}

void Http2::on_closed(void* stream, Http2Error error) {
  if (state_ == State::ending || state_ == State::closed) return;
  Http2Stream& here = as_stream(stream);
  if (!here.end_sent && !here.reset_by_peer && !here.reset_by_us && error != Http2Error::no_error) count_reset();
  ResponseHead& response = here.request().response;
  if (!here.end_sent && here.request().bytes_sent == 0 && !(here.reset_by_us && response.status != 0)) {
    response.status = here.reset_by_peer ? 499 : 400;
  }
  log_access(here);
  release(here);
}

// --- the end of a turn, and of the connection ---

void Http2::work_later() {
  if (!turn_timer_.armed()) connection_.worker().arm(turn_timer_, std::chrono::milliseconds(0));
}

void Http2::on_turn_end() {
  try {
    end_turn();
  } catch (const std::bad_alloc&) {
    connection_.log(LogLevel::alert, "no memory for answers");
    connection_.close();
  }
}

void Http2::end_turn() {
  if (state_ == State::closed) return destroy_released();
  if (given_up_ && state_ != State::ending) end(end_error_);
  if (!peer_gone_) send_frames();  // the fields of answers that wait to be sent went with their streams
  if (state_ == State::closed) return;
  start_disk_reads();
  watch_sending();
  destroy_released();
  const bool all_sent = peer_gone_ || (out_.drained() && !session_.wants_to_send());
  if (all_sent && (state_ == State::ending || (state_ == State::leaving && streams_.empty()))) {
    close_connection();
  } else {
    arm_timers();
  }
}

void Http2::send_frames() {
  LineBuffers& lines = connection_.worker().lines();
  held_.for_each([&](Http2Stream& stream) {
    if (!lines.written(stream.line_before)) return;
    static_cast<WaitingStream&>(stream).unlink();
    submit(stream);
  });
  if (!held_.empty() && !line_waiter_.waiting()) lines.wait(line_waiter_, last_line_);
  if (!session_.send()) {
    close_streams(499);
    return connection_.close();
  }
  out_.flush();
  if (given_up_ && state_ != State::ending) return end(end_error_), send_frames();
  if (!session_.wants_to_receive() && state_ != State::ending) {
    close_streams(400);
    state_ = State::ending;
  }
}

// One timer for what the connection waits for, one for the socket to take what was sent, and one for each answer.
void Http2::arm_timers() {
  if (state_ == State::ending) return connection_.disarm_timer();
  const ServerBlock& server = connection_.default_server();
  const bool awaits_fields = field_block_open_ && !field_block_late_;
  const bool idle = streams_.empty() && !awaits_fields;
  connection_.set_idle(idle && out_.drained());
  if (awaits_fields) {
    if (!header_timer_) connection_.arm_timer(server.settings.get<HttpCoreServer>().client_header_timeout->count);
    header_timer_ = true;
    return;
  }
  header_timer_ = false;
  if (!idle) {
    connection_.disarm_timer();
  } else if (connection_.info().requests != 0) {
    connection_.arm_timer(server.root.settings.get<HttpCoreLocation>().keepalive_timeout->timeout.count);
  }
}

void Http2::leave() {
  if (state_ != State::open) return;
  state_ = State::leaving;
  session_.go_away();
}

void Http2::end(Http2Error error) {
  if (state_ == State::ending || state_ == State::closed) return;
  close_streams(400);
  state_ = State::ending;
  end_error_ = error;
  session_.terminate(error);
  connection_.pause_receiving();
}

// Their answers are not wanted any more, or cannot be sent; `status` is what the log says where none was. 0: no line.
void Http2::close_streams(int status) {
  streams_.for_each([&](Http2Stream& stream) {
    if (status != 0) {
      if (stream.request().bytes_sent == 0) stream.request().response.status = status;
      log_access(stream);
    }
    session_.forget(stream.id());  // it is open still
    release(stream);
  });
}

void Http2::close_connection() {
  LineBuffers& lines = connection_.worker().lines();
  state_ = State::ending;
  connection_.disarm_timer();
  if (!lines.written(last_line_)) {
    if (!line_waiter_.waiting()) lines.wait(line_waiter_, last_line_);
    return;
  }
  const auto& core = connection_.default_server().root.settings.get<HttpCoreLocation>();
  if (*core.lingering_close == Lingering::off || connection_.peer_closed()) return connection_.close();
  state_ = State::closed;
  send_timer_.disarm();
  const std::int64_t time_ms = end_error_ == Http2Error::enhance_your_calm ? kCalmLingeringMs : core.lingering_time->count;
  connection_.linger(time_ms, std::min(time_ms, core.lingering_timeout->count));
}

void Http2::on_room() {
  send_timer_.disarm();
  work_later();
}

void Http2::on_failed(int error_number) {
  if (state_ != State::closed) {
    if (!streams_.empty()) connection_.log(LogLevel::info, "send() failed", error_number);
    close_streams(499);
    connection_.close();
  }
  connection_.close_when_quiet();
}

void Http2::on_send_timeout() {
  connection_.log(LogLevel::info, "client timed out", ETIMEDOUT);
  close_streams(499);
  connection_.close(*connection_.default_server().root.settings.get<HttpCoreLocation>().reset_timedout_connection);
}

}  // namespace uringx
