#include "server/socket_sender.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "ring/recent_pages.h"
#include "server/filtered_body.h"
#include "server/worker.h"

namespace uringx {
namespace {

// From this size on sendfile is cheaper than copying through a buffer (tools/bench, 10 KiB and 100 KiB classes).
constexpr std::uint64_t kSendFileBytesMin = 32 * 1024;
// One look at the page cache, and one call of sendfile, for this much: 2 MiB, as nginx's sendfile_max_chunk is by default.
constexpr std::uint64_t kSendFileWindowBytes = 1u << RecentPages::kStretchLog2;
// What comes out of filters is gathered to so much, as long as more follows.
constexpr std::size_t kFilteredBytesMin = 16 * 1024;
// Of TCP, with segmentation offload.
constexpr std::uint64_t kSegmentBytesMax = 64 * 1024;
// nginx's postpone_output.
constexpr std::size_t kPacketBytes = 1460;

}  // namespace

SocketSender::SocketSender(Worker& worker, int socket_fd, Client client)
    : AnswerSender(client), worker_(worker), socket_fd_(socket_fd), reader_(worker.turn_reads()) {}

SocketSender::~SocketSender() {
  CHECK(!pending());
  give_buffer_back();
}

void SocketSender::start(const Answer& answer) {
  reader_.start(answer.head, answer.parts, answer.file, answer.filtered);
  file_bytes_per_call_max_ = answer.file_bytes_per_call_max;
  use_sendfile_ = answer.use_sendfile;
  push_head_ = answer.push_head;
  read_until_ = 0;
  pace_ = answer.pace;
  allowance_ = UINT64_MAX;
  bytes_sent_ = 0;
  error_number_ = 0;
  cancelled_ = failed_ = awaits_filters_ = false;
  if (answer.filtered != nullptr) answer.filtered->set_client({this, Timer::calls<&SocketSender::on_filtered>});
  collected_ = collected_sent_ = 0;
  advance();
}

// There is one for every connection the worker may have.
void SocketSender::take_buffer() {
  if (!buffer_.empty()) return;
  buffer_ = worker_.body_buffers().take();
  CHECK(!buffer_.empty());
}

void SocketSender::give_buffer_back() {
  if (!buffer_.empty()) worker_.body_buffers().give_back(buffer_);
  buffer_ = {};
}

// One step: exactly one operation is started, or the answer is finished.
void SocketSender::advance() {
  if (pace_.limited() && !keeps_pace()) return;
  collect();
  awaits_filters_ = gathers();
  if (awaits_filters_) return;
  if (failed_early()) return fail_later(ECANCELED);
  if (collected_sent_ < collected_) {
    send_collected();
  } else if (reader_.finished()) {
    end(Outcome::sent);
  } else if (reader_.filtered() != nullptr) {
    fail_later(ECANCELED);  // why it ends short was logged
  } else if (prefers_sendfile() && reader_.file_medium() == Medium::local && pages_cached()) {
    send_file();
  } else if (reader_.file_medium() == Medium::remote) {
    read_remote();
  } else {
    read_and_send();
  }
}

// False: nothing may go now, a timer goes on. What was collected has left by then.
bool SocketSender::keeps_pace() {
  if (reader_.finished() && collected_sent_ == collected_) return true;
  allowance_ = pace_.allowance(worker_.ring().now(), bytes_sent_);
  if (allowance_ != 0) return true;
  give_buffer_back();
  worker_.arm_delay(pause_, pace_.wait());
  return false;
}

void SocketSender::on_pause_over() {
  report_progress();
  advance();
}

// Fills the buffer with what follows on the wire, as far as it is in memory and better copied than sent from the file.
void SocketSender::collect() {
  if (collected_sent_ == collected_) collected_ = collected_sent_ = 0;
  while (!reader_.finished() && !prefers_sendfile()) {
    take_buffer();
    const std::size_t room = std::min<std::uint64_t>(buffer_.size() - collected_, allowance_ - (collected_ - collected_sent_));
    if (room == 0) return;
    const std::size_t bytes = reader_.read_piece(buffer_.subspan(collected_, room));
    if (bytes == 0) return;  // on a disk, or shorter than it was: the ring's way finds out which
    collected_ += bytes;
  }
}

// Filters have to be waited for, and what they made so far is not worth a send of its own.
bool SocketSender::gathers() const {
  const FilteredBody* const filtered = reader_.filtered();
  return filtered != nullptr && filtered->starved() &&
         collected_ - collected_sent_ < std::min<std::uint64_t>(kFilteredBytesMin, allowance_);
}

// Filters failed before the first packet was full: as with nginx, the answer is not begun.
bool SocketSender::failed_early() const {
  const FilteredBody* const filtered = reader_.filtered();
  return filtered != nullptr && filtered->failed() && bytes_sent_ == 0 && collected_ < kPacketBytes;
}

void SocketSender::on_filtered() {
  if (awaits_filters_) advance();
}

void SocketSender::send_collected() {
  std::span<const char> bytes = buffer_.subspan(collected_sent_, collected_ - collected_sent_);
  if (prefers_sendfile()) {  // sendfile follows on this thread: no need to go round the ring first
    const ssize_t sent = worker_.ring().backend().send_now(socket_fd_, bytes, more_at_once(!pushes_head()));
    if (sent > 0) {
      collected_sent_ += static_cast<std::size_t>(sent);
      bytes_sent_ += static_cast<std::uint64_t>(sent);
      if (collected_sent_ == collected_) return advance();
      bytes = bytes.subspan(static_cast<std::size_t>(sent));
    }
  }
  worker_.ring().send(operation_, socket_fd_, bytes, more_at_once(!reader_.finished()) ? MSG_MORE : 0);
}

void SocketSender::on_sent(Completion completion) {
  if (cancelled_) return fail(ECANCELED);
  if (completion.result <= 0) return fail(completion.result == 0 ? EPIPE : -completion.result);
  collected_sent_ += static_cast<std::size_t>(completion.result);
  bytes_sent_ += static_cast<std::uint64_t>(completion.result);
  if (collected_sent_ == collected_ && reader_.finished()) {
    end(Outcome::sent);
    return;
  }
  report_progress();
  advance();
}

bool SocketSender::prefers_sendfile() const {
  return reader_.at_file() && use_sendfile_ && reader_.part_bytes_left() >= kSendFileBytesMin;
}

// A file that fits in the head's segment goes with it all the same: a packet fewer costs less.
bool SocketSender::pushes_head() const { return push_head_ && bytes_sent_ == 0 && reader_.part_bytes_left() > kSegmentBytesMax; }

// Windows begin and end at the same places for all who send the file.
std::uint64_t SocketSender::window_bytes() const {
  return std::min(reader_.part_bytes_left(), kSendFileWindowBytes - reader_.file_offset() % kSendFileWindowBytes);
}

// What is not in memory is read to the end of its window before the next look: each look has the kernel read a little by itself.
bool SocketSender::pages_cached() {
  const std::uint64_t offset = reader_.file_offset(), bytes = std::min(window_bytes(), allowance_);
  if (offset < read_until_) return false;
  const bool cached = worker_.ring().backend().pages_cached(reader_.file_fd(), reader_.file_identity(), offset, bytes);
  if (!cached) read_until_ = offset + bytes;
  return cached;
}

void SocketSender::send_file() {
  give_buffer_back();  // ten thousand slow readers hold none
  std::uint64_t bytes = std::min(window_bytes(), allowance_);
  if (file_bytes_per_call_max_ != 0) bytes = std::min(bytes, file_bytes_per_call_max_);
  const ssize_t sent = worker_.ring().backend().send_file_now(socket_fd_, reader_.file_fd(), reader_.file_offset(),
                                                              bytes, more_at_once(reader_.more_after(bytes)));
  if (sent == -EAGAIN || sent == -EINTR) {
    worker_.ring().poll(writable_, socket_fd_, POLLOUT);
    return;
  }
  if (sent <= 0) return fail_later(sent == 0 ? 0 : static_cast<int>(-sent));
  const auto sent_bytes = static_cast<std::uint64_t>(sent);
  bytes_sent_ += sent_bytes;
  reader_.skip(sent_bytes);
  report_progress();
  if (!reader_.finished() && sent_bytes < bytes) {  // the socket's buffer is full: no need to try again to know it
    worker_.ring().poll(writable_, socket_fd_, POLLOUT);
    return;
  }
  deferred_ = true;
  worker_.defer(this, Timer::calls<&SocketSender::run_deferred>);
}

void SocketSender::on_writable(Completion completion) {
  if (cancelled_) return fail(ECANCELED);
  if (completion.result < 0) return fail(-completion.result);
  advance();
}

void SocketSender::run_deferred() {
  deferred_ = false;
  if (failed_) return end(Outcome::failed);
  if (cancelled_) return fail(ECANCELED);
  advance();
}

// For what comes next of the file, as far as it may go now.
std::span<char> SocketSender::room_for_file() {
  take_buffer();
  return buffer_.first(std::min<std::uint64_t>({reader_.part_bytes_left(), buffer_.size(), allowance_}));
}

// The read waits with a kernel thread: that must not also wait for the client.
void SocketSender::read_remote() {
  worker_.ring().read(read_, reader_.file_fd(), room_for_file(), reader_.file_offset(), Medium::remote);
}

void SocketSender::on_read(Completion completion) {
  if (cancelled_) return fail(ECANCELED);
  if (completion.result <= 0) return fail(-completion.result);  // 0: it shrank
  collected_ = static_cast<std::size_t>(completion.result);
  reader_.skip(collected_);
  report_progress();
  send_collected();
}

void SocketSender::read_and_send() {
  const std::span<char> room = room_for_file();
  worker_.ring().read_and_send(chain_, reader_.file_fd(), room, reader_.file_offset(), socket_fd_,
                               more_at_once(reader_.more_after(room.size())) ? MSG_MORE : 0);
  report_progress();
}

void SocketSender::on_read_and_sent(const Chain::Outcome& outcome) {
  if (cancelled_) return fail(ECANCELED);
  const std::int32_t result = outcome.results[std::min(outcome.stopped_at, outcome.member_count - 1)];
  if (!outcome.complete()) {
    // A read that fell short means that the file shrank; nothing of it was sent.
    if (outcome.stopped_at == 0) return fail(result < 0 ? -result : 0);
    // With MSG_WAITALL a send falls short only when the connection broke.
    if (result > 0) bytes_sent_ += static_cast<std::uint64_t>(result);
    return fail(result < 0 ? -result : ECONNRESET);
  }
  bytes_sent_ += static_cast<std::uint64_t>(result);
  reader_.skip(static_cast<std::uint64_t>(result));
  report_progress();
  advance();
}

void SocketSender::cancel() {
  cancelled_ = true;
  if (awaits_filters_) {
    awaits_filters_ = false;
    fail_later(ECANCELED);
  }
  worker_.ring().cancel(operation_);
  worker_.ring().cancel(read_);
  worker_.ring().cancel(writable_);
  worker_.ring().cancel(chain_);
  if (!paused()) return;
  pause_.disarm();
  fail_later(ECANCELED);
}

void SocketSender::end(Outcome outcome) {
  give_buffer_back();
  finish(outcome);
}

// For a call that failed at once: start() may still be on the stack, and the client is told from the loop only.
void SocketSender::fail_later(int error_number) {
  error_number_ = error_number;
  failed_ = true;
  deferred_ = true;
  worker_.defer(this, Timer::calls<&SocketSender::run_deferred>);
}

void SocketSender::fail(int error_number) {
  error_number_ = error_number;
  end(Outcome::failed);
}

}  // namespace uringx
