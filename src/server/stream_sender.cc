#include "server/stream_sender.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "server/filtered_body.h"
#include "server/worker.h"

namespace uringx {

StreamSender::StreamSender(Worker& worker, ByteStream& stream, Client client)
    : AnswerSender(client), worker_(worker), stream_(stream), reader_(worker.turn_reads()) {}

void StreamSender::start(const Answer& answer) {
  reader_.start(answer.head, answer.parts, answer.file, answer.filtered);
  committed_before_ = stream_.bytes_committed();
  pace_ = answer.pace;
  error_number_ = 0;
  active_ = true;
  ended_ = false;
  stream_.set_client({this, room, failed});
  if (answer.filtered != nullptr) answer.filtered->set_client({this, Timer::calls<&StreamSender::on_filtered>});
  advance();
  look_for_failed_filters();
  // Nothing will tell: the stream had failed before.
  if (!stream_.pending() && !read_.pending() && !filters_go_on() && !paused()) end_later();
}

// What waits for the kernel was not sent; encryption makes it a little more than it was.
std::uint64_t StreamSender::bytes_sent() const {
  const std::uint64_t committed = stream_.bytes_committed() - committed_before_;
  return committed - std::min<std::uint64_t>(stream_.bytes_waiting(), committed);
}

// Fills the stream until it is full, the answer is all in it, or a disk has to be waited for.
void StreamSender::advance() {
  while (!stream_.failed() && !read_.pending()) {  // what the ring reads comes next, and only once
    std::span<char> room = stream_.room();
    if (room.empty() || (pace_.limited() && !keeps_pace(room))) break;
    if (put_disk_bytes(room)) continue;
    const std::size_t bytes = reader_.read(room);
    if (bytes != 0) stream_.commit(bytes);
    if (reader_.finished()) break;
    if (bytes < room.size()) {
      if (reader_.filtered() == nullptr) read_from_disk();
      break;
    }
  }
  stream_.flush();
}

bool StreamSender::filters_go_on() const {
  const FilteredBody* const filtered = reader_.filtered();
  return filtered != nullptr && !filtered->finished() && !filtered->failed() && !stream_.failed();
}

void StreamSender::on_filtered() {
  if (!active_ || ended_ || paused()) return;
  advance();
  look_for_failed_filters();
  if (!stream_.pending() && !filters_go_on() && !paused()) end_later();
}

// Why they failed was logged. What they made before leaves first.
void StreamSender::look_for_failed_filters() {
  const FilteredBody* const filtered = reader_.filtered();
  if (filtered == nullptr || !filtered->failed() || !stream_.drained() || ended_) return;
  ended_ = true;
  error_number_ = ECANCELED;
  end_later();
}

// False: nothing may go now, a timer goes on. Else `room` is what may be filled.
bool StreamSender::keeps_pace(std::span<char>& room) {
  if (reader_.finished() && disk_bytes_ == nullptr) return true;
  const std::uint64_t allowance = pace_.allowance(worker_.ring().now(), stream_.bytes_committed() - committed_before_);
  room = room.first(std::min<std::uint64_t>(room.size(), allowance));
  if (allowance == 0) worker_.arm_delay(pause_, pace_.wait());
  return allowance != 0;
}

void StreamSender::on_pause_over() {
  report_progress();
  if (reader_.filtered() != nullptr) return on_filtered();
  advance();
}

bool StreamSender::put_disk_bytes(std::span<char> room) {
  if (disk_bytes_ == nullptr) return false;
  const std::size_t bytes = std::min(room.size(), disk_bytes_count_ - disk_bytes_used_);
  std::memcpy(room.data(), disk_bytes_.get() + disk_bytes_used_, bytes);
  disk_bytes_used_ += bytes;
  if (disk_bytes_used_ == disk_bytes_count_) disk_bytes_.reset();
  stream_.commit(bytes);
  return true;
}

void StreamSender::read_from_disk() {
  const std::size_t bytes = std::min<std::uint64_t>(reader_.part_bytes_left(), kDiskBytesMax);
  disk_bytes_ = std::make_unique_for_overwrite<char[]>(bytes);
  worker_.ring().read(read_, reader_.file_fd(), {disk_bytes_.get(), bytes}, reader_.file_offset(), reader_.file_medium());
}

void StreamSender::on_read(Completion completion) {
  if (ended_) return end(Outcome::failed, error_number_);
  if (completion.result <= 0) {  // 0: the file is shorter than announced
    stream_.cancel();
    return on_failed(-completion.result);
  }
  disk_bytes_count_ = static_cast<std::size_t>(completion.result);
  disk_bytes_used_ = 0;
  reader_.skip(disk_bytes_count_);
  advance();
}

void StreamSender::on_room() {
  if (ended_) return;
  if (reader_.finished() && disk_bytes_ == nullptr && stream_.drained()) return end(Outcome::sent, 0);
  if (paused()) return;
  report_progress();
  advance();
  look_for_failed_filters();
}

void StreamSender::on_failed(int error_number) {
  if (!ended_) error_number_ = error_number;
  ended_ = true;
  pause_.disarm();
  if (!read_.pending() && !stream_.pending()) end(Outcome::failed, error_number_);
}

void StreamSender::cancel() {
  if (!active_ || ended_) return;
  ended_ = true;
  error_number_ = ECANCELED;
  pause_.disarm();
  worker_.ring().cancel(read_);
  stream_.cancel();
  if (!stream_.pending() && !read_.pending()) end_later();
}

// Nothing is under way whose completion would tell.
void StreamSender::end_later() {
  if (deferred_) return;
  deferred_ = true;
  worker_.defer(this, Timer::calls<&StreamSender::run_deferred>);
}

void StreamSender::run_deferred() {
  deferred_ = false;
  if (!ended_ && stream_.failed()) error_number_ = stream_.error_number();
  end(reader_.finished() && !ended_ && !stream_.failed() ? Outcome::sent : Outcome::failed, error_number_);
}

void StreamSender::end(Outcome outcome, int error_number) {
  if (!active_ || deferred_ || read_.pending() || stream_.pending()) return;
  active_ = false;
  stream_.clear_client();
  disk_bytes_.reset();
  error_number_ = error_number;
  finish(outcome);
}

}  // namespace uringx
