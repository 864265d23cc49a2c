// Http1 where requests come in a row: small answers are collected while the next request is at hand, and leave in one send.
// An answer that has to be waited for, or that is large, holds nobody up: what was collected leaves before it.
#include <new>

#include "server/connection.h"
#include "server/http1.h"
#include "server/worker.h"

namespace uringx {

// True: it is in the batch, and finish_held_answer() follows from process_input(). The end of a head behind the request is taken
// for that of the next one; where it is not, send_batch() comes all the same.
bool Http1::hold_answer() {
  constexpr std::string_view kHeadEnd = "\r\n\r\n";
  const bool may_hold = processing_ && keep_alive_ && !answer_waits_ && current_->body_complete && connection_.stream() == nullptr;
  if (!may_hold || input_.text().find(kHeadEnd, current_->body_start) == std::string_view::npos) return false;
  held_ = take_into_batch();
  return held_;
}

// False: it is not one for a batch, or the batch is full or on its way.
bool Http1::take_into_batch() {
  const AnswerSender::Answer answer = this->answer();
  if (!AnswerBatch::suits(answer) || (batch_ != nullptr && batch_->pending())) return false;
  if (batch_ == nullptr) {
    const AnswerBatch::Client client{this, batch_progressed, batch_done};
    batch_.reset(new (std::nothrow) AnswerBatch(connection_.worker(), connection_.fd(), client));
    if (batch_ == nullptr) return false;
  }
  current_->batched_bytes = batch_->take(answer);
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
void Http1::send_batch() {
  if (batch_ == nullptr || batch_->pending() || answer_waits_ || state_ == State::closing || await_lines()) return;
  batch_->send();
}

void Http1::on_batch_progress() {
  if (state_ == State::sending || state_ == State::closing) arm_send_timer();
}

void Http1::on_batch_done(int error_number) {
  batch_.reset();
  connection_.guard([&] { go_on_after_batch(error_number); });
}

void Http1::go_on_after_batch(int error_number) {
  const bool was_waited_for = current_ != nullptr && (answer_waits_ || current_->batched_bytes != 0);
  if (state_ == State::closing) {
    if (error_number != 0) lingering_ = nullptr;
    if (connection_.is_open()) return end_connection();
    connection_.close_when_quiet();
  } else if (was_waited_for && error_number != 0) {
    finish_answer(0, error_number);
  } else if (error_number != 0) {  // answers are missing: nothing may follow
    if (current_ == nullptr) return terminate();
    log_failed_send(error_number);
    abandon(499);
  } else if (answer_waits_) {
    send_answer();
  } else if (was_waited_for) {
    finish_answer(current_->batched_bytes, {});
  }
}

}  // namespace uringx
