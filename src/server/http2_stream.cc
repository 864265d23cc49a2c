#include "server/http2_stream.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "config/route_table.h"
#include "http/request_parser.h"
#include "modules/http_core.h"
#include "modules/http_v2.h"
#include "server/connection.h"
#include "server/filtered_body.h"
#include "server/http2.h"
#include "server/http2_fields.h"
#include "server/worker.h"

namespace uringx {

Http2Stream::Http2Stream(Http2& http2, Connection& connection, std::int32_t id)
    : timer(this, Timer::calls<&Http2Stream::on_timer>),
      http2_(http2),
      connection_(connection),
      id_(id),
      info_(connection.info()),
      exchange_(connection.worker(), info_, Exchange::Client{this, answer_ready, close_wanted, exchange_ended}),
      reader_(connection.worker().turn_reads()),
      cookies_(&exchange_.arena()) {
  Request& current = request();
  current.head.version = HttpVersion::http_2_0;
  current.head.protocol_text = "HTTP/2.0";
  current.action = kReadingRequestHeaders;
  connection.worker().routes().enter_server(current, connection.default_server());
  WorkerCounters& counters = connection.worker().counters();
  counters.requests.add(1);
  counters.reading.add(1);
}

Http2Stream::~Http2Stream() {
  WorkerCounters& counters = connection_.worker().counters();
  (head_complete_ ? counters.writing : counters.reading).add(-1);
}

void Http2Stream::answer_ready(void* owner) {
  auto& self = *static_cast<Http2Stream*>(owner);
  self.http2_.on_answer_ready(self);
}

void Http2Stream::close_wanted(void* owner) {
  auto& self = *static_cast<Http2Stream*>(owner);
  self.http2_.on_close_wanted(self);
}

void Http2Stream::exchange_ended(void* owner) {
  auto& self = *static_cast<Http2Stream*>(owner);
  self.http2_.on_stream_quiet(self);
}

void Http2Stream::on_timer() {
  connection_.guard([&] { http2_.on_stream_timeout(*this); });
}

// --- the answer's body ---

bool Http2Stream::has_body() {
  return !request().response.header_only && (!exchange_.body().empty() || !request().response.trailers.empty());
}

void Http2Stream::start_answer() {
  FilteredBody* const filtered = exchange_.filtered();
  if (filtered != nullptr) filtered->set_client({this, Timer::calls<&Http2Stream::on_filtered>});
  reader_.start({}, exchange_.body().parts, &exchange_.file(), filtered);
  choose_rate(request());
  pace_ = SendPace::of(request(), connection_.worker().ring().now());
}

void Http2Stream::on_filtered() {
  connection_.guard([&] { http2_.on_body_ready(*this); });
}

void Http2Stream::on_pause_over() {
  connection_.guard([&] { http2_.on_pause_over(*this); });
}

Http2Session::BodyPiece Http2Stream::read_body(std::span<char> into) {
  using Piece = Http2Session::BodyPiece::State;
  if (disk_failed_) return {Piece::failed, 0};
  into = into.first(std::min<std::size_t>(into.size(), request().settings<Http2Location>().chunk_size->count));
  if (paused() || (disk_ != nullptr && disk_->operation.pending())) return {Piece::later, 0};
  if (pace_.limited()) {
    const std::uint64_t allowance = pace_.allowance(connection_.worker().ring().now(), request().bytes_sent);
    if (allowance == 0) {
      connection_.worker().arm_delay(pause_, pace_.wait());
      return {Piece::later, 0};
    }
    into = into.first(std::min<std::uint64_t>(into.size(), allowance));
  }
  std::size_t bytes = 0;
  if (disk_ != nullptr) {
    bytes = std::min(into.size(), disk_->bytes - disk_->used);
    std::memcpy(into.data(), disk_->memory + disk_->used, bytes);
    disk_->used += bytes;
    if (disk_->used == disk_->bytes) disk_.reset();
  }
  if (disk_ == nullptr) bytes += reader_.read(into.subspan(bytes));
  if (reader_.finished() && disk_ == nullptr) return {Piece::last, bytes};
  if (bytes != 0) return {Piece::more, bytes};
  if (const FilteredBody* filtered = reader_.filtered()) return {filtered->failed() ? Piece::failed : Piece::later, 0};
  wants_disk_ = true;
  return {Piece::later, 0};
}

void Http2Stream::read_from_disk() {
  wants_disk_ = false;
  disk_ = std::make_unique<DiskRead>(this);
  const std::size_t bytes = std::min<std::uint64_t>(reader_.part_bytes_left(), DiskRead::kBytesMax);
  connection_.worker().ring().read(disk_->operation, reader_.file_fd(), {disk_->memory, bytes}, reader_.file_offset(),
                                  reader_.file_medium());
}

void Http2Stream::on_disk_read(Completion completion) {
  if (state == State::closed) {
    // Nobody reads on.
  } else if (completion.result <= 0) {  // 0: the file is shorter than announced
    disk_failed_ = true;
    if (completion.result == 0) {
      log_request(request(), LogLevel::alert, "file was truncated");
    } else {
      log_request(request(), LogLevel::crit, "read() failed", -completion.result);
    }
  } else {
    disk_->bytes = static_cast<std::size_t>(completion.result);
    disk_->used = 0;
    reader_.skip(disk_->bytes);
  }
  http2_.on_disk_read(*this);
}

void Http2Stream::cancel() {
  timer.disarm();
  pause_.disarm();
  exchange_.cancel();
  if (reading_from_disk()) connection_.worker().ring().cancel(disk_->operation);
}

}  // namespace uringx
