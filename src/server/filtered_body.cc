#include "server/filtered_body.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <new>

#include "modules/handler.h"
#include "server/subrequest.h"
#include "server/worker.h"

namespace uringx {
namespace {

constexpr std::size_t kSourceBytes = 32 * 1024;  // read from the file at a time
constexpr std::size_t kStageBytes = 8 * 1024;    // between two filters
constexpr std::size_t kBlockBytes = 16 * 1024;   // one chunk of HTTP/1
constexpr std::string_view kLineEnd = "\r\n";
constexpr std::chrono::milliseconds kRetryPause(1);
constexpr std::size_t kChunkHeadBytes = 8;       // "XXXX\r\n" and to spare

// A turn of the loop bears the work of 64 KiB, and a few requests inside others.
constexpr std::size_t kTurnBytes = 64 * 1024;
constexpr std::size_t kSubrequestWorth = 16 * 1024;

}  // namespace

FilteredBody::FilteredBody(Worker& worker, Request& request, const AnswerBody& body, const OpenedFile* file, std::size_t* turn_bytes)
    : worker_(worker),
      request_(request),
      source_(worker.turn_reads()),
      chunked_(!body.last_chunk.empty()),
      last_chunk_(body.last_chunk),
      changes_(body.filters->changes.size()),
      turn_bytes_(turn_bytes != nullptr ? *turn_bytes : own_turn_bytes_),
      before_(body.filters->before),
      after_(body.filters->after) {
  source_.start({}, body.parts, file);
  const BodyFilters& filters = *body.filters;
  for (const auto& filter : filters.changes) stages_.push_back({.filter = filter.get(), .buffer = {}});
  if (filters.coding != nullptr) stages_.push_back({.filter = filters.coding.get(), .buffer = {}});
  const std::size_t buffers = stages_.empty() ? 0 : kSourceBytes + (stages_.size() - 1) * kStageBytes;
  const std::size_t block_bytes = kChunkHeadBytes + kBlockBytes + kLineEnd.size();
  memory_ = std::make_unique_for_overwrite<char[]>(buffers + block_bytes);
  char* next = memory_.get();
  for (Stage& stage : stages_) {
    stage.buffer = {next, next == memory_.get() ? kSourceBytes : kStageBytes};
    next += stage.buffer.size();
  }
  block_ = {next, block_bytes};
}

FilteredBody::~FilteredBody() { CHECK(!pending()); }

std::size_t FilteredBody::read(std::span<char> into) {
  std::size_t bytes = 0;
  while (bytes < into.size()) {
    if (ready_.empty()) fill();
    if (ready_.empty()) break;
    const std::size_t piece = std::min(ready_.size(), into.size() - bytes);
    std::memcpy(into.data() + bytes, ready_.data(), piece);
    ready_.remove_prefix(piece);
    bytes += piece;
  }
  return bytes;
}

// Makes the next block, if nothing has to be waited for.
void FilteredBody::fill() {
  if (state_ == State::open && !pending()) {
    try {
      const Pulled pulled = pull(block_.subspan(kChunkHeadBytes, kBlockBytes));
      if (kept_as_) keep(pulled);
      if (pulled.got_on()) frame(pulled);
    } catch (const std::bad_alloc&) {
      log_request(request_, LogLevel::alert, "no memory for the filters of the response");
      fail();
    }
  }
  if (state_ == State::last_chunk && ready_.empty()) {  // the last of the body may be nothing
    state_ = State::ended;
    ready_ = last_chunk_;
  }
  starved_ = state_ == State::open && ready_.empty();
}

void FilteredBody::keep(Pulled pulled) {
  kept_.bytes.append(block_.data() + kChunkHeadBytes, pulled.bytes);
  if (!pulled.ended) return;
  kept_.bytes_before = static_cast<std::uint64_t>(kept_as_->file.bytes);
  worker_.compressed_bodies().put(*kept_as_, std::move(kept_));
}

void FilteredBody::frame(Pulled pulled) {
  char* begin = block_.data() + kChunkHeadBytes;
  std::size_t bytes = pulled.bytes;
  if (chunked_ && bytes != 0) {
    char head[kChunkHeadBytes];
    const auto end = fmt::format_to(head, "{:x}\r\n", bytes);
    const auto head_bytes = static_cast<std::size_t>(end - head);
    std::memcpy(begin + bytes, kLineEnd.data(), kLineEnd.size());
    begin -= head_bytes;
    std::memcpy(begin, head, head_bytes);
    bytes += head_bytes + kLineEnd.size();
  }
  ready_ = {begin, bytes};
  if (pulled.ended) state_ = chunked_ ? State::last_chunk : State::ended;
}

// What the last stage makes.
FilteredBody::Pulled FilteredBody::pull(std::span<char> room) {
  return stages_.size() == changes_ ? pull_text(room) : pull_filtered(stages_.size(), room);
}

// What the changes made of the source, with all that is included.
FilteredBody::Pulled FilteredBody::pull_text(std::span<char> room) {
  for (;;) {
    if (inclusion_ != nullptr || choose_inclusion()) {
      const Pulled pulled = pull_included(room);
      if (pulled.got_on() || inclusion_ != nullptr) return pulled;
    } else if (text_ended_) {
      return {.bytes = 0, .ended = true};
    } else {
      Pulled pulled = pull_changed(changes_, room);
      if (!pulled.got_on()) return {};
      inclusion_ = std::exchange(pulled.include, nullptr);
      text_ended_ = pulled.ended;
      pulled.ended = text_ended_ && inclusion_ == nullptr && after_.empty();
      if (pulled.got_on()) return pulled;
    }
  }
}

// Whether one is due that no filter asked for.
bool FilteredBody::choose_inclusion() {
  std::span<const Inclusion>& due = text_ended_ ? after_ : before_;
  if (due.empty()) return false;
  inclusion_ = &due.front();
  due = due.subspan(1);
  return true;
}

// Of the request that is included now. Nothing, and inclusion_ is nullptr: it was all.
FilteredBody::Pulled FilteredBody::pull_included(std::span<char> room) {
  if (subrequest_ == nullptr) {
    if (turn_bytes_ >= kTurnBytes) {
      wait_for_turn();
      return {};
    }
    start_inclusion();
  }
  const std::size_t bytes = subrequest_->read(room);
  if (subrequest_->failed()) {
    fail();
  } else if (bytes == 0 && subrequest_->finished()) {
    subrequest_->conclude();
    subrequest_.reset();
    inclusion_ = nullptr;
  }
  return {.bytes = bytes};
}

void FilteredBody::start_inclusion() {
  turn_bytes_ += kSubrequestWorth;
  subrequest_ = std::make_unique<Subrequest>(worker_, request_, *inclusion_, turn_bytes_,
                                             Client{this, Timer::calls<&FilteredBody::on_inclusion_ready>});
  subrequest_->start();
}

// Called by the subrequest, which is gone once its body was read: so that is left to the next turn.
void FilteredBody::on_inclusion_ready() {
  if (!deferred_) wait_for_turn();
}

// What comes out of the first `count` changes.
FilteredBody::Pulled FilteredBody::pull_changed(std::size_t count, std::span<char> room) {
  return count == 0 ? pull_source(room) : pull_filtered(count, room);
}

// What comes out of the first `count` stages, of which there is at least one.
FilteredBody::Pulled FilteredBody::pull_filtered(std::size_t count, std::span<char> room) {
  Stage& stage = stages_[count - 1];
  for (;;) {
    if (stage.input.empty() && !stage.last) {
      const Pulled pulled = count > changes_ ? pull_text(stage.buffer) : pull_changed(count - 1, stage.buffer);
      if (!pulled.got_on()) return {};
      stage.input = stage.buffer.first(pulled.bytes);
      stage.last = pulled.ended;
    }
    const BodyFilter::Step step = run(stage, room);
    stage.input = stage.input.subspan(step.used_bytes);
    if (step.state == BodyFilter::State::failed) {
      fail();
      return {};
    }
    const bool ended = step.state == BodyFilter::State::ended;
    if (step.made_bytes != 0 || ended || step.include != nullptr) return {step.made_bytes, ended, step.include};
    if (pending()) return {};
  }
}

// A step of the filter, here or on a helper's thread; one that has not come about uses and makes nothing.
BodyFilter::Step FilteredBody::run(Stage& stage, std::span<char> room) {
  if (job_ != nullptr) {
    const std::unique_ptr<Job> done = std::move(job_);
    return done->step();
  }
  if (stage.filter->takes_long()) {
    job_ = std::make_unique<Job>(this, HelperJob::calls<&FilteredBody::on_job_done>, stage, room);
    if (worker_.helpers().codings.start(*job_, worker_.ring())) return {};
    job_.reset();
    worker_.arm(retry_, kRetryPause);  // too many are waiting
    return {};
  }
  const std::size_t bytes_max = stage.filter->bytes_per_turn();
  if (turn_bytes_ >= bytes_max) {
    wait_for_turn();
    return {};
  }
  const std::span<const char> input = stage.input.first(std::min(stage.input.size(), bytes_max - turn_bytes_));
  const BodyFilter::Step step = stage.filter->run(input, stage.last && input.size() == stage.input.size(), room);
  turn_bytes_ += std::max({step.used_bytes, step.made_bytes, step.work_bytes});
  return step;
}

void FilteredBody::Job::work() {
  try {
    step_ = stage_.filter->run(stage_.input, stage_.last, room_);
  } catch (const std::bad_alloc&) {
    step_.state = BodyFilter::State::failed;
  }
}

FilteredBody::Pulled FilteredBody::pull_source(std::span<char> room) {
  if (disk_bytes_ != 0) {  // the ring read into the buffer that is asked for
    const std::size_t bytes = std::exchange(disk_bytes_, 0);
    source_.skip(bytes);
    return {bytes, source_.finished()};
  }
  const std::size_t bytes = source_.read(room);
  if (bytes == 0 && !source_.finished()) {
    const std::size_t wanted = std::min<std::uint64_t>(source_.part_bytes_left(), room.size());
    worker_.ring().read(disk_read_, source_.file_fd(), room.first(wanted), source_.file_offset(), source_.file_medium());
    return {};
  }
  return {bytes, source_.finished()};
}

void FilteredBody::on_disk_read(Completion completion) {
  if (!cancelled_ && completion.result <= 0) {
    if (completion.result == 0) {
      log_request(request_, LogLevel::alert, "file was truncated");
    } else {
      log_request(request_, LogLevel::crit, "read() failed", -completion.result);
    }
    fail();
  } else if (!cancelled_) {
    disk_bytes_ = static_cast<std::size_t>(completion.result);
  }
  go_on();
}

void FilteredBody::on_job_done() { go_on(); }

// The rest has to wait: others come first.
void FilteredBody::wait_for_turn() {
  worker_.defer(this, Timer::calls<&FilteredBody::on_turn>);  // may throw
  deferred_ = true;
}

void FilteredBody::on_turn() {
  deferred_ = false;
  turn_bytes_ = 0;
  go_on();
}

void FilteredBody::go_on() {
  if (client_.ready != nullptr && !pending()) client_.ready(client_.owner);
}

bool FilteredBody::pending() const {
  return disk_read_.pending() || (job_ != nullptr && job_->pending()) || deferred_ || retry_.armed() || (subrequest_ != nullptr && subrequest_->pending());
}

void FilteredBody::cancel(Client quiet) {
  cancelled_ = true;
  client_ = quiet;
  retry_.disarm();
  if (state_ != State::ended) state_ = State::failed;
  worker_.ring().cancel(disk_read_);
  if (subrequest_ != nullptr) subrequest_->cancel();
}

void FilteredBody::fail() { state_ = State::failed; }

}  // namespace uringx
