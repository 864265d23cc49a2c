// Http1 where requests come in a row: small answers are collected while the next request is at hand, and leave in one send.
// An answer that has to be waited for, or that is large, holds nobody up: what was collected leaves before it.
#include "server/connection.h"
#include "server/http1.h"
#include "server/worker.h"

namespace uringx {

// True: it is in the batch, and finish_held_answer() follows from process_input().
bool Http1::hold_answer() {
  constexpr std::string_view kHeadEnd = "\r\n\r\n";
  const bool may_hold = processing_ && keep_alive_ && !answer_waits_ && current_->body_complete && connection_.stream() == nullptr;
  if (!may_hold || input_.text().find(kHeadEnd, current_->body_start) == std::string_view::npos) return false;
  held_ = take_into_batch();
  return held_;
}

// False: it is not one for a batch, or the batch is full or on its way.
bool Http1::take_into_batch() {
  if (batch_ == nullptr) {
    batch_ = std::make_unique<AnswerBatch>(connection_.worker(), connection_.fd(), AnswerBatch::Client{this, batch_left});
  }
  if (!batch_->pending()) current_->batched_bytes = batch_->take(answer());
  if (batch_->empty()) batch_.reset();
  return current_->batched_bytes != 0;
}

// As far as the request is concerned it was sent: the kernel would have taken it by now.
void Http1::finish_held_answer() {
  held_ = false;
  finish_answer(current_->batched_bytes, {});
}

// The answer that ends a batch goes with it, or after it. False: there is none.
bool Http1::send_with_batch() {
  if (batch_ == nullptr) return false;
  if (batch_->pending()) return true;
  if (take_into_batch()) answer_waits_ = false;
  batch_->send();
  return true;
}

// No answer is going to join it soon.
void Http1::send_batch_alone() {
  if (batch_ == nullptr || batch_->pending() || answer_waits_ || state_ == State::closing || await_lines()) return;
  batch_->send();
}

void Http1::on_batch_left(int error_number) {
  batch_.reset();
  if (state_ == State::closing) {
    if (connection_.is_open()) {
      end_connection();
    } else {
      connection_.close_when_quiet();
    }
  } else if (current_ != nullptr && current_->batched_bytes != 0) {
    finish_answer(error_number == 0 ? current_->batched_bytes : 0, error_number == 0 ? std::nullopt : std::optional(error_number));
  } else if (answer_waits_ && error_number != 0) {
    answer_waits_ = false;
    finish_answer(0, error_number);
  } else if (answer_waits_) {
    send_answer();
  }
  // Else the request at hand finds out itself what became of the connection.
}

}  // namespace uringx
