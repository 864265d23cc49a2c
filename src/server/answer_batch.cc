#include "server/answer_batch.h"

#include <cerrno>

#include "base/check.h"
#include "server/answer_reader.h"
#include "server/worker.h"

namespace uringx {
namespace {

// What is larger gains little from company, and may leave by sendfile.
constexpr std::uint64_t kAnswerBytesMax = 16 * 1024;
// Then others have their turn; more in one send would gain next to nothing.
constexpr std::size_t kBatchBytesMax = 32 * 1024;
constexpr unsigned kAnswersMax = 64;

std::uint64_t bytes_of(const AnswerSender::Answer& answer) {
  std::uint64_t bytes = answer.head.size();
  for (const BodyPart& part : answer.parts) bytes += part.file_bytes != 0 ? part.file_bytes : part.text.size();
  return bytes;
}

}  // namespace

AnswerBatch::~AnswerBatch() {
  CHECK(!pending());
  if (!buffer_.empty()) worker_.body_buffers().give_back(buffer_);
}

bool AnswerBatch::suits(const AnswerSender::Answer& answer) {
  return answer.filtered == nullptr && !answer.pace.limited() && bytes_of(answer) <= kAnswerBytesMax;
}

std::size_t AnswerBatch::take(const AnswerSender::Answer& answer) {
  CHECK(!pending());
  const std::uint64_t bytes = bytes_of(answer);
  if (bytes > kBatchBytesMax - filled_ || answers_ == kAnswersMax) return 0;
  if (buffer_.empty()) buffer_ = worker_.body_buffers().take();
  CHECK(!buffer_.empty());  // there is one for every connection, and its sender holds none meanwhile
  AnswerReader reader(worker_.turn_reads());
  reader.start(answer.head, answer.parts, answer.file);
  if (reader.read(buffer_.subspan(filled_, bytes)) != bytes) return 0;
  filled_ += bytes;
  ++answers_;
  return bytes;
}

void AnswerBatch::send() { worker_.ring().send(send_, socket_fd_, buffer_.subspan(sent_, filled_ - sent_), 0); }

void AnswerBatch::on_sent(Completion completion) {
  if (cancelled_) return client_.done(client_.owner, ECANCELED);
  if (completion.result <= 0) return client_.done(client_.owner, completion.result == 0 ? EPIPE : -completion.result);
  sent_ += static_cast<std::size_t>(completion.result);
  if (sent_ == filled_) return client_.done(client_.owner, 0);
  client_.progress(client_.owner);
  send();
}

void AnswerBatch::cancel() {
  cancelled_ = true;
  worker_.ring().cancel(send_);
}

}  // namespace uringx
