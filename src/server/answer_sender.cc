#include "server/answer_sender.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "server/worker.h"

namespace uringx {
namespace {

// From this size on sendfile is cheaper than copying through a buffer (tools/bench, 16 KiB and 100 KiB classes).
constexpr std::uint64_t kSendFileBytesMin = 32 * 1024;
// One look at the page cache, and one call of sendfile, for this much.
constexpr std::uint64_t kSendFileWindowBytes = 512 * 1024;

}  // namespace

AnswerSender::~AnswerSender() {
  CHECK(!pending());
  give_buffer_back();
}

void AnswerSender::start(int socket_fd, const Answer& answer) {
  socket_fd_ = socket_fd;
  answer_ = answer;
  part_ = 0;
  part_done_ = 0;
  bytes_sent_ = 0;
  error_number_ = 0;
  cancelled_ = failed_ = false;
  collected_ = collected_sent_ = 0;
  head_done_ = 0;
  advance();
}

// There is one for every connection the worker may have.
void AnswerSender::take_buffer() {
  if (!buffer_.empty()) return;
  buffer_ = worker_.body_buffers().take();
  CHECK(!buffer_.empty());
}

void AnswerSender::give_buffer_back() {
  if (!buffer_.empty()) worker_.body_buffers().give_back(buffer_);
  buffer_ = {};
}

// One step: exactly one operation is started, or the answer is finished.
void AnswerSender::advance() {
  collect();
  if (collected_sent_ < collected_) {
    send_collected();
  } else if (!anything_left()) {
    finish(Outcome::sent);
  } else if (prefers_sendfile() && pages_cached()) {
    send_file();
  } else {
    read_and_send();
  }
}

// Fills the buffer with what follows on the wire, as far as it is in memory and better copied than sent from the file.
void AnswerSender::collect() {
  if (collected_sent_ == collected_) collected_ = collected_sent_ = 0;
  if (head_left() || (parts_left() && !prefers_sendfile())) take_buffer();
  if (head_left()) collect_head();
  if (head_left()) return;
  while (parts_left() && collected_ < buffer_.size()) {
    if (part().file_bytes == 0) {
      advance_part(append_text(part().text.substr(part_done_)));
    } else if (prefers_sendfile() || !append_file_bytes()) {
      return;
    }
  }
}

// Of a text longer than the buffer as much as fits; gives how much that was.
std::size_t AnswerSender::append_text(std::string_view text) {
  const std::size_t bytes = std::min(text.size(), buffer_.size() - collected_);
  std::memcpy(buffer_.data() + collected_, text.data(), bytes);
  collected_ += bytes;
  return bytes;
}

// A head may be longer than a buffer: with large header buffers a redirect repeats all of its URI.
void AnswerSender::collect_head() { head_done_ += append_text(answer_.head.substr(head_done_)); }

// False when the bytes are not in memory (or the file is shorter than it was): the ring's way finds out which.
bool AnswerSender::append_file_bytes() {
  const std::size_t wanted = std::min<std::uint64_t>(part_bytes_left(), buffer_.size() - collected_);
  const ssize_t bytes = worker_.ring().backend().read_cached(answer_.file->fd, buffer_.subspan(collected_, wanted),
                                                             part().file_offset + part_done_);
  if (bytes <= 0) return false;
  collected_ += static_cast<std::size_t>(bytes);
  advance_part(static_cast<std::uint64_t>(bytes));
  return true;
}

void AnswerSender::send_collected() {
  std::span<const char> bytes = buffer_.subspan(collected_sent_, collected_ - collected_sent_);
  if (!head_left() && prefers_sendfile()) {  // sendfile follows on this thread: no need to go round the ring first
    const ssize_t sent = worker_.ring().backend().send_now(socket_fd_, bytes, true);
    if (sent > 0) {
      collected_sent_ += static_cast<std::size_t>(sent);
      bytes_sent_ += static_cast<std::uint64_t>(sent);
      if (collected_sent_ == collected_) return advance();
      bytes = bytes.subspan(static_cast<std::size_t>(sent));
    }
  }
  worker_.ring().send(operation_, socket_fd_, bytes, anything_left() ? MSG_MORE : 0);
}

void AnswerSender::on_sent(Completion completion) {
  if (cancelled_) return fail(ECANCELED);
  if (completion.result <= 0) return fail(completion.result == 0 ? EPIPE : -completion.result);
  collected_sent_ += static_cast<std::size_t>(completion.result);
  bytes_sent_ += static_cast<std::uint64_t>(completion.result);
  if (collected_sent_ == collected_ && !anything_left()) {
    finish(Outcome::sent);
    return;
  }
  client_.progress(client_.owner);
  advance();
}

bool AnswerSender::prefers_sendfile() const {
  return parts_left() && part().file_bytes != 0 && answer_.use_sendfile && part_bytes_left() >= kSendFileBytesMin;
}

bool AnswerSender::pages_cached() const {
  const std::uint64_t bytes = std::min(part_bytes_left(), kSendFileWindowBytes);
  return worker_.ring().backend().pages_cached(answer_.file->fd, part().file_offset + part_done_, bytes);
}

void AnswerSender::send_file() {
  give_buffer_back();  // ten thousand slow readers hold none
  std::uint64_t bytes = std::min(part_bytes_left(), kSendFileWindowBytes);
  if (answer_.file_bytes_per_call_max != 0) bytes = std::min(bytes, answer_.file_bytes_per_call_max);
  const ssize_t sent = worker_.ring().backend().send_file_now(socket_fd_, answer_.file->fd, part().file_offset + part_done_,
                                                              bytes, more_after(bytes));
  if (sent == -EAGAIN || sent == -EINTR) {
    worker_.ring().poll(writable_, socket_fd_, POLLOUT);
    return;
  }
  if (sent <= 0) return fail_later(sent == 0 ? 0 : static_cast<int>(-sent));
  const auto sent_bytes = static_cast<std::uint64_t>(sent);
  bytes_sent_ += sent_bytes;
  advance_part(sent_bytes);
  client_.progress(client_.owner);
  if (parts_left() && sent_bytes < bytes) {  // the socket's buffer is full: no need to try again to know it
    worker_.ring().poll(writable_, socket_fd_, POLLOUT);
    return;
  }
  deferred_ = true;
  worker_.defer(*this);
}

void AnswerSender::on_writable(Completion completion) {
  if (cancelled_) return fail(ECANCELED);
  if (completion.result < 0) return fail(-completion.result);
  advance();
}

void AnswerSender::run_deferred() {
  deferred_ = false;
  if (failed_) return finish(Outcome::failed);
  if (cancelled_) return fail(ECANCELED);
  advance();
}

void AnswerSender::read_and_send() {
  take_buffer();
  const std::size_t bytes = std::min<std::uint64_t>(part_bytes_left(), buffer_.size());
  worker_.ring().read_and_send(chain_, answer_.file->fd, buffer_.first(bytes), part().file_offset + part_done_, socket_fd_,
                               more_after(bytes) ? MSG_MORE : 0);
}

void AnswerSender::on_read_and_sent(const Chain::Outcome& outcome) {
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
  advance_part(static_cast<std::uint64_t>(result));
  client_.progress(client_.owner);
  advance();
}

void AnswerSender::cancel() {
  cancelled_ = true;
  worker_.ring().cancel(operation_);
  worker_.ring().cancel(writable_);
  worker_.ring().cancel(chain_);
}

void AnswerSender::finish(Outcome outcome) {
  give_buffer_back();
  client_.done(client_.owner, outcome);
}

// For a call that failed at once: start() may still be on the stack, and the client is told from the loop only.
void AnswerSender::fail_later(int error_number) {
  error_number_ = error_number;
  failed_ = true;
  deferred_ = true;
  worker_.defer(*this);
}

void AnswerSender::fail(int error_number) {
  error_number_ = error_number;
  finish(Outcome::failed);
}

std::uint64_t AnswerSender::part_bytes_left() const {
  const std::uint64_t size = part().file_bytes != 0 ? part().file_bytes : part().text.size();
  return size - part_done_;
}

void AnswerSender::advance_part(std::uint64_t bytes) {
  part_done_ += bytes;
  while (parts_left() && part_bytes_left() == 0) {
    ++part_;
    part_done_ = 0;
  }
}

// Whether anything follows on the wire after `bytes` more of the current part.
bool AnswerSender::more_after(std::uint64_t bytes) const {
  return bytes < part_bytes_left() || part_ + 1 < answer_.parts.size();
}

}  // namespace uringx
