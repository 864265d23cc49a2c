#include "server/byte_stream.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "server/body_buffers.h"
#include "server/worker.h"

namespace uringx {
namespace {

constexpr std::size_t kHalfBytes = BodyBuffers::kBufferBytes / 2;

// Less free room than this is none: a half is sent rather than filled up by crumbs.
constexpr std::size_t kRoomBytesMin = 2048;

// What a record may need beside its plain bytes, generously (RFC 8446 section 5.2 and, larger, CBC in TLS 1.2).
constexpr std::size_t kRecordOverheadBytes = 128;
constexpr std::size_t kRecordBytesMax = 16 * 1024;  // RFC 8446 section 5.1
// With a smaller ssl_buffer_size a buffer would hold hardly more than what encryption adds.
constexpr std::size_t kRecordBytesMin = 512;

// The first bytes of an answer are of use when their record is whole: while the congestion window is small, small records.
constexpr std::size_t kFirstRecordBytesMax = 4 * 1024;
constexpr std::uint64_t kFirstRecordsBytes = 64 * 1024;
constexpr std::chrono::seconds kWindowForgottenAfter{1};

}  // namespace

ByteStream::ByteStream(Worker& worker, int socket_fd) : worker_(worker), socket_fd_(socket_fd) {}

ByteStream::~ByteStream() { give_buffer_back(); }

void ByteStream::encrypt_with(TlsSession& session, std::size_t record_bytes_max) {
  tls_ = &session;
  record_bytes_max_ = record_bytes_max;
}

std::size_t ByteStream::record_bytes() const {
  const std::size_t most = std::min(kRecordBytesMax, tls_->record_bytes_max());
  if (record_bytes_max_ != 0) return std::min(std::max(record_bytes_max_, kRecordBytesMin), most);
  return committed_since_pause_ < kFirstRecordsBytes ? std::min(kFirstRecordBytesMax, most) : most;
}

// What is free of the half being filled, for plain bytes.
std::size_t ByteStream::free_plain_bytes() const {
  const std::size_t free = kHalfBytes - filled_;
  if (tls_ == nullptr) return free;
  const std::size_t wire_bytes = record_bytes() + kRecordOverheadBytes;  // of a full record
  const std::size_t rest = free % wire_bytes;
  return free / wire_bytes * record_bytes() + (rest > kRecordOverheadBytes ? rest - kRecordOverheadBytes : 0);
}

std::span<char> ByteStream::room() {
  if (failed_ || cancelled_) return {};
  if (tls_ != nullptr && drained()) note_pause();
  std::size_t free = free_plain_bytes();
  if (free < staged_ + kRoomBytesMin && !pending()) {
    encrypt_staged();
    if (failed_) return {};
    send_filled();
    free = free_plain_bytes();
  }
  if (free < staged_ + kRoomBytesMin || failed_) return {};
  if (tls_ != nullptr) return worker_.scratch().first(std::min(free, worker_.scratch().size())).subspan(staged_);
  take_buffer();
  return half().subspan(filled_);
}

// The congestion window is small again after a while of silence (RFC 5681 section 4.1).
void ByteStream::note_pause() {
  const Clock::time_point now = worker_.ring().now();
  if (now - last_sent_ > kWindowForgottenAfter) committed_since_pause_ = 0;
}

void ByteStream::commit(std::size_t bytes) {
  bytes_committed_ += bytes;
  (tls_ == nullptr ? filled_ : staged_) += bytes;
}

void ByteStream::encrypt_staged() {
  if (staged_ == 0) return;
  const std::span<const char> plain = worker_.scratch().first(staged_);
  const std::size_t record_bytes_max = record_bytes();
  staged_ = 0;
  committed_since_pause_ += plain.size();
  const TlsSession::Transfer done = tls_->write(plain, record_bytes_max);
  if (done.status != TlsSession::Status::done) fail_later(EPROTO);
}

void ByteStream::flush() {
  encrypt_staged();
  if (filled_ != 0 && !pending() && !failed_ && !cancelled_) send_filled();
}

std::size_t ByteStream::put_raw(std::span<const char> bytes) {
  if (failed_ || cancelled_) return 0;
  take_buffer();
  const std::size_t taken = std::min(bytes.size(), kHalfBytes - filled_);
  std::memcpy(half().data() + filled_, bytes.data(), taken);
  filled_ += taken;
  if (taken == 0 && !pending()) send_filled();
  return taken;
}

void ByteStream::send_last_words() {
  if (filled_ == 0 || pending() || failed_ || cancelled_) return;
  worker_.ring().backend().send_now(socket_fd_, half().first(filled_));
  filled_ = 0;
}

// There is one for every connection the worker may have.
void ByteStream::take_buffer() {
  if (!buffer_.empty()) return;
  buffer_ = worker_.body_buffers().take();
  CHECK(!buffer_.empty());
}

void ByteStream::give_buffer_back() {
  if (!buffer_.empty()) worker_.body_buffers().give_back(buffer_);
  buffer_ = {};
}

std::span<char> ByteStream::half() const { return buffer_.subspan(filling_half_ * kHalfBytes, kHalfBytes); }

void ByteStream::send_filled() {
  in_flight_ = half().first(filled_);
  filling_half_ = 1 - filling_half_;
  filled_ = 0;
  last_sent_ = worker_.ring().now();
  worker_.ring().send(send_, socket_fd_, in_flight_, 0);
}

void ByteStream::on_sent(Completion completion) {
  if (cancelled_) return fail(ECANCELED);
  if (failed_) return fail(error_number_);
  if (completion.result <= 0) return fail(completion.result == 0 ? EPIPE : -completion.result);
  bytes_left_ += static_cast<std::uint64_t>(completion.result);
  in_flight_ = in_flight_.subspan(static_cast<std::size_t>(completion.result));
  if (!in_flight_.empty()) {
    worker_.ring().send(send_, socket_fd_, in_flight_, 0);
  } else if (filled_ != 0) {
    send_filled();
  } else {
    give_buffer_back();
  }
  if (wire_client_.room != nullptr) wire_client_.room(wire_client_.owner);
  if (client_.room != nullptr) client_.room(client_.owner);
}

void ByteStream::cancel() {
  cancelled_ = true;
  staged_ = 0;
  worker_.ring().cancel(send_);
}

// Within a call of the client's: it is told from the loop, by the operation under way or by one that ends at once.
void ByteStream::fail_later(int error_number) {
  if (failed_) return;
  failed_ = true;
  error_number_ = error_number;
  if (!pending()) worker_.ring().send(send_, socket_fd_, {}, 0);
}

void ByteStream::fail(int error_number) {
  error_number_ = error_number;
  failed_ = true;
  in_flight_ = {};
  filled_ = staged_ = 0;
  give_buffer_back();
  const Client& told = client_.failed != nullptr ? client_ : wire_client_;
  if (told.failed != nullptr) told.failed(told.owner, error_number);
}

}  // namespace uringx
