// Http2's second half: from an answer that stands to the end of its stream.
#include <cerrno>

#include "config/route_table.h"
#include "http/error_page.h"
#include "http/framing.h"
#include "modules/http_core.h"
#include "modules/log.h"
#include "modules/static_files.h"
#include "server/connection.h"
#include "server/http2.h"
#include "server/http2_fields.h"
#include "server/worker.h"

namespace uringx {
namespace {

constexpr std::string_view kLoggingRequest = "logging request";

constexpr HeaderField kContinueFields[] = {{":status", "100"}};

// RFC 9218 section 4.1: 0 first, 7 last; 3 is what is not named here.
constexpr unsigned kUrgencyOfStylesAndScripts = 2;
constexpr unsigned kUrgencyOfPictures = 5;

// What a page needs to be laid out comes before what is put into it.
unsigned default_urgency(std::string_view content_type) {
  if (content_type.starts_with("text/css") || content_type.find("javascript") != std::string_view::npos) {
    return kUrgencyOfStylesAndScripts;
  }
  if (content_type.starts_with("image/") || content_type.starts_with("video/") || content_type.starts_with("audio/")) {
    return kUrgencyOfPictures;
  }
  return 0;
}

}  // namespace

void Http2::on_answer_ready(Http2Stream& stream) {
  if (stream.state == Http2Stream::State::closed) return;
  stream.state = Http2Stream::State::held;
  submit_or_hold(stream);
  work_later();
}

// return 444, and what nginx gives no answer to either (ngx_http_v2_close_stream).
void Http2::on_close_wanted(Http2Stream& stream) {
  stream.reset_by_us = true;
  const bool told_to = stream.request().response.status == 444;
  session_.reset(stream.id(), told_to ? Http2Error::protocol_error : Http2Error::internal_error);
  work_later();
}

bool Http2::awaits_body(Http2Stream& stream) const {
  const Request& request = stream.request();
  return !stream.request_ended && !stream.timed_out && !stream.malformed && request.response.status != 413 &&
         stream.request_body_bytes <= kAwaitedBodyBytesMax &&
         request.content_length <= static_cast<std::int64_t>(kAwaitedBodyBytesMax);
}

void Http2::submit_or_hold(Http2Stream& stream) {
  if (static_cast<WaitingStream&>(stream).linked()) return;  // it waits for log lines already
  if (awaits_body(stream)) {
    if (!stream.continue_sent && expects_continue(stream.request().head)) {
      stream.continue_sent = true;
      session_.submit_interim(stream.id(), kContinueFields);
    }
    if (!stream.timer.armed()) connection_.worker().arm(stream.timer, std::chrono::milliseconds(kBodyAwaitedMs));
    return;
  }
  stream.timer.disarm();
  if (connection_.worker().lines().written(stream.line_before)) {
    submit(stream);
  } else {
    held_.push_back(stream);
  }
}

void Http2::submit(Http2Stream& stream) {
  Request& request = stream.request();
  const auto& core = request.settings<HttpCoreLocation>();
  request.keep_alive = false;
  request.action = kSendingResponse;
  stream.state = Http2Stream::State::sending;
  unwatched_.push_back(stream.id());
  const std::span<const HeaderField> fields = answer_fields(
      request.response, {.server_text = server_text(*core.server_tokens), .date_text = request.clock.http_date}, request.arena);
  const bool has_body = stream.has_body();
  if (has_body) {
    stream.start_answer();
    suggest_urgency(stream);
  }
  session_.submit_answer(stream.id(), fields, has_body);
}

void Http2::suggest_urgency(Http2Stream& stream) {
  if (client_prioritises_) return;
  const unsigned urgency = default_urgency(stream.request().response.content_type);
  if (urgency != 0) session_.set_urgency(stream.id(), urgency);
}

Http2::BodyPiece Http2::read_body(void* stream, std::span<char> into) {
  if (state_ == State::ending || state_ == State::closed) return {BodyPiece::State::later, 0};
  Http2Stream& here = as_stream(stream);
  const BodyPiece piece = here.read_body(into);
  guard_.on_body(piece.bytes);
  if (piece.state == BodyPiece::State::later && here.wants_disk()) waiting_for_disk_.push_back(here);
  if (piece.state == BodyPiece::State::failed) here.reset_by_us = true;
  if (piece.state == BodyPiece::State::last && !here.request().response.trailers.empty()) {
    session_.submit_trailers(here.id(), trailer_fields(here.request().response.trailers, here.request().arena));
  }
  return piece;
}

void Http2::start_disk_reads() {
  while (!waiting_for_disk_.empty() && disk_reads_ < kDiskReadsMax) {
    ++disk_reads_;
    waiting_for_disk_.pop_front().read_from_disk();
  }
}

void Http2::on_disk_read(Http2Stream& stream) {
  --disk_reads_;
  if (stream.state == Http2Stream::State::closed) return on_stream_quiet(stream);
  on_body_ready(stream);
}

void Http2::on_body_ready(Http2Stream& stream) {
  session_.resume(stream.id());
  work_later();
}

void Http2::on_pause_over(Http2Stream& stream) {
  session_.resume(stream.id());
  work_later();
}

void Http2::on_sent(void* stream, const Http2FrameHead& frame) {
  if (state_ == State::ending || state_ == State::closed) return;
  Http2Stream& here = as_stream(stream);
  Request& request = here.request();
  const std::size_t bytes = kHttp2FrameHeadBytes + frame.payload_bytes;
  request.bytes_sent += bytes;
  request.head_bytes_sent += frame.type == Http2FrameType::headers ? bytes : kHttp2FrameHeadBytes;
  if ((frame.flags & kHttp2EndStream) == 0) return;
  here.end_sent = true;
  request.complete = true;
  if (here.malformed) {  // answered, and reset too (RFC 9113 section 8.1.1)
    here.reset_by_us = true;
    session_.reset(here.id(), Http2Error::protocol_error);
    count_reset();
  } else if (!here.request_ended) {
    drain(here);
  }
}

// The rest of the request's body is thrown away for a while, as with HTTP/1: many a client reads no answer before it has sent
// everything. Then the stream is reset without an error (RFC 9113 section 8.1).
void Http2::drain(Http2Stream& stream) {
  const auto& core = stream.request().settings<HttpCoreLocation>();
  Worker& worker = connection_.worker();
  log_access(stream);
  stream.state = Http2Stream::State::draining;
  stream.drain_until = worker.ring().now() + std::chrono::milliseconds(core.lingering_time->count);
  if (*core.lingering_close == Lingering::off) return stop_draining(stream);
  worker.arm(stream.timer, std::chrono::milliseconds(core.lingering_timeout->count));
}

void Http2::stop_draining(Http2Stream& stream) {
  stream.timer.disarm();
  stream.reset_by_us = true;
  session_.reset(stream.id(), Http2Error::no_error);
  work_later();
}

void Http2::on_unsendable(void* stream) {
  if (state_ == State::ending || state_ == State::closed) return;
  Http2Stream& here = as_stream(stream);
  here.reset_by_us = true;
  log_request(here.request(), LogLevel::error, "header fields of the response are too large to be sent");
}

// --- an answer's time ---

// Called at the end of each turn: what could leave has left.
void Http2::watch_sending() {
  Worker& worker = connection_.worker();
  if (out_.drained()) {
    send_timer_.disarm();
  } else if (!send_timer_.armed()) {
    const auto& core = connection_.default_server().root.settings.get<HttpCoreLocation>();
    worker.arm(send_timer_, std::chrono::milliseconds(core.send_timeout->count));
  }
  for (const std::int32_t id : unwatched_) {  // most are gone by now
    auto* const stream = static_cast<Http2Stream*>(session_.stream(id));
    if (stream == nullptr || stream->state != Http2Stream::State::sending) continue;
    stream->progress_mark = stream->body_bytes_sent();
    worker.arm(stream->timer, std::chrono::milliseconds(stream->request().settings<HttpCoreLocation>().send_timeout->count));
  }
  unwatched_.clear();
}

void Http2::on_stream_timeout(Http2Stream& stream) {
  work_later();
  if (stream.state == Http2Stream::State::held) {
    stream.timed_out = true;
    submit_or_hold(stream);
    return;
  }
  if (stream.state == Http2Stream::State::draining) return stop_draining(stream);
  if (stream.state != Http2Stream::State::sending) return;
  const std::uint64_t progress = stream.body_bytes_sent() - stream.progress_mark;
  const bool window_closed = session_.window_bytes(stream.id()) < static_cast<std::int64_t>(kProgressBytesMin);
  if (progress >= kProgressBytesMin || !window_closed || stream.paused()) return unwatched_.push_back(stream.id());
  log_request(stream.request(), LogLevel::info, "client timed out", ETIMEDOUT);
  stream.reset_by_us = true;
  session_.reset(stream.id(), Http2Error::cancel);
}

// --- after the answer ---

void Http2::log_access(Http2Stream& stream) {
  if (stream.state == Http2Stream::State::draining) return;  // it is there already
  LineBuffers& lines = connection_.worker().lines();
  stream.request().action = kLoggingRequest;
  write_access_logs(stream.request(), lines);
  last_line_ = lines.last_line();
}

// HTTP/2 has forgotten it. It goes at the end of the turn, or when nothing of it is pending any more.
void Http2::release(Http2Stream& stream) {
  static_cast<StreamOfConnection&>(stream).unlink();
  static_cast<WaitingStream&>(stream).unlink();
  --open_streams_;
  field_bytes_ -= stream.field_bytes();
  stream.state = Http2Stream::State::closed;
  stream.cancel();
  if (stream.pending()) {
    leaving_streams_.push_back(stream);
  } else {
    released_.push_back(stream);
  }
}

void Http2::on_stream_quiet(Http2Stream& stream) {
  if (stream.pending()) return;
  static_cast<StreamOfConnection&>(stream).unlink();
  released_.push_back(stream);
  work_later();
  connection_.close_when_quiet();
}

void Http2::destroy_released() {
  while (!released_.empty()) connection_.worker().http2_streams().destroy(&released_.pop_front());
}

}  // namespace uringx
