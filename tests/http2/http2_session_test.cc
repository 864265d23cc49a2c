// Http2Session when its client throws, as it does when memory runs out: nothing unwinds through nghttp2, the exception comes
// out of receive() or send(), and the session can be destroyed. Each call in turn is the one that fails.
#include "server/http2_session.h"

#include <array>
#include <new>
#include <string>

#include <doctest/doctest.h>

namespace uringx {
namespace {

constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

std::string frame(Http2FrameType type, std::uint8_t flags, std::uint8_t stream, std::string_view payload = {}) {
  std::string out(kHttp2FrameHeadBytes, '\0');
  out[2] = static_cast<char>(payload.size());
  out[3] = static_cast<char>(type);
  out[4] = static_cast<char>(flags);
  out[8] = static_cast<char>(stream);
  return out.append(payload);
}

// POST http /, of the static table, :authority a, and a field.
constexpr std::string_view kRequest("\x83\x86\x84\x01\x01"
                                    "a\x00\x01"
                                    "b\x01"
                                    "c", 11);

// Two requests: one with a body and trailers, one that is reset.
std::string conversation() {
  constexpr std::uint8_t kEnd = kHttp2EndStream, kWhole = kHttp2EndHeaders;
  std::string out(kPreface);
  out += frame(Http2FrameType::settings, 0, 0);
  out += frame(Http2FrameType::headers, kWhole, 1, kRequest);
  out += frame(Http2FrameType::data, 0, 1, "body");
  out += frame(Http2FrameType::headers, kWhole | kEnd, 1, std::string_view("\x00\x01t\x01v", 5));
  out += frame(Http2FrameType::headers, kWhole, 3, kRequest);
  out += frame(Http2FrameType::rst_stream, 0, 3, std::string_view("\0\0\0\x08", 4));
  return out;
}

class FailingClient final : public Http2Session::Client {
 public:
  explicit FailingClient(int call) : calls_left_(call) {}

  bool failed() const { return failed_; }
  std::string_view sent() const { return {room_.data(), sent_}; }

  Http2Session* session = nullptr;

 private:
  using Verdict = Http2Session::Verdict;
  using BodyPiece = Http2Session::BodyPiece;

  void count() {
    REQUIRE_FALSE(failed_);  // whoever failed is not called again
    if (calls_left_-- != 0) return;
    failed_ = true;
    throw std::bad_alloc();
  }
  template <typename Result>
  Result counted(Result result) {
    count();
    return result;
  }

  Verdict on_frame(const Http2FrameHead&) override { return counted(Verdict::go_on); }
  void* on_request(std::int32_t, bool) override { return counted(static_cast<void*>(this)); }
  Verdict on_field(void*, std::string_view, bool, std::string_view) override { return counted(Verdict::go_on); }
  Verdict on_trailer(void*, std::string_view, std::string_view) override { return counted(Verdict::go_on); }
  void on_trailers_end(void* stream, bool) override { on_end(stream); }
  Verdict on_head(void*, std::size_t, bool) override { return counted(Verdict::go_on); }
  void on_body(void*, std::size_t) override { count(); }
  void on_end(void*) override {
    count();
    session->submit_answer(1, kFields, true);
  }
  void on_reset_by_peer(void*, std::uint32_t) override { count(); }
  void on_protocol_error(std::string_view) override { count(); }
  std::span<char> room() override { return counted(std::span(room_).subspan(sent_)); }
  void commit(std::size_t bytes) override {
    count();
    sent_ += bytes;
  }
  BodyPiece read_body(void*, std::span<char>) override { return counted(BodyPiece{BodyPiece::State::last, 7}); }
  void on_sent(void*, const Http2FrameHead&) override { count(); }
  void on_unsendable(void*) override { count(); }
  void on_closed(void*, Http2Error) override { count(); }

  static constexpr std::array<HeaderField, 1> kFields{{{":status", "200"}}};

  int calls_left_;
  bool failed_ = false;
  std::array<char, 4096> room_{};
  std::size_t sent_ = 0;
};

}  // namespace

TEST_CASE("what a client of the session throws comes out of it, whichever call it was") {
  const std::string bytes = conversation();
  int calls = 0;
  for (;; ++calls) {
    CAPTURE(calls);
    REQUIRE(calls < 1000);
    FailingClient client(calls);
    Http2Session session(client, {});
    client.session = &session;
    bool thrown = false;
    try {
      const bool sound = session.receive(bytes) && session.send();
      CHECK(sound);
    } catch (const std::bad_alloc&) {
      thrown = true;
    }
    REQUIRE(thrown == client.failed());
    if (!thrown) break;
  }
  CHECK(calls > 30);
}

TEST_CASE("the limit of streams stands in the first SETTINGS") {
  FailingClient client(-1);
  Http2Session session(client, {.max_concurrent_streams = 0x01020304});
  REQUIRE(session.send());
  CHECK(client.sent().substr(0, 15) == std::string_view("\0\0\x18\x04\0\0\0\0\0\0\x03\x01\x02\x03\x04", 15));
}

}  // namespace uringx
