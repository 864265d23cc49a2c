// Http2Session is the framing and the header compression of HTTP/2 on one connection (RFC 9113, RFC 7541), done by nghttp2:
// http2_session.cc is the only file that knows it. Owned by an Http2, on its worker's thread.
//
// Frames come in through receive() and leave through send(); both tell the client what happens. Bodies of requests are
// given to the client and asked for again at once: it reads them to throw them away.
#pragma once

#include <array>
#include <cstdint>
#include <exception>
#include <memory>
#include <span>
#include <string_view>

#include "http/message.h"
#include "http/priority.h"

struct nghttp2_session;

namespace uringx {

// RFC 9113 section 7.
enum class Http2Error : std::uint32_t {
  no_error = 0,
  protocol_error = 1,
  internal_error = 2,
  flow_control_error = 3,
  settings_timeout = 4,
  stream_closed = 5,
  frame_size_error = 6,
  refused_stream = 7,
  cancel = 8,
  compression_error = 9,
  connect_error = 10,
  enhance_your_calm = 11,
};

// RFC 9113 section 6, RFC 9218 section 7.1; others are ignored, but counted.
enum class Http2FrameType : std::uint8_t {
  data = 0,
  headers = 1,
  priority = 2,
  rst_stream = 3,
  settings = 4,
  push_promise = 5,
  ping = 6,
  goaway = 7,
  window_update = 8,
  continuation = 9,
  priority_update = 16,
};

struct Http2FrameHead {
  Http2FrameType type = Http2FrameType::data;
  std::uint8_t flags = 0;
  std::int32_t stream_id = 0;
  std::size_t payload_bytes = 0;
  std::int32_t depends_on = -1;  // of PRIORITY: the stream that its payload names
};
inline constexpr std::uint8_t kHttp2EndStream = 0x1;
inline constexpr std::uint8_t kHttp2EndHeaders = 0x4;
inline constexpr std::size_t kHttp2FrameHeadBytes = 9;

struct Http2SessionOptions {
  std::uint32_t max_concurrent_streams = 128;    // told the client; who opens streams for it holds it to that
  std::uint32_t stream_window_bytes = 65536;     // what a stream may send of a body before it is asked for more
  std::uint32_t header_list_bytes_max = 32768;   // told the client; who reads the fields holds it to that
};

class Http2Session {
 public:
  // What a call of the client's says about going on.
  enum class Verdict : std::uint8_t {
    go_on,
    drop_stream,  // after reset()
    stop,         // receive() or send() ends, false: the connection is beyond help
  };

  // What a stream gave of its body.
  struct BodyPiece {
    enum class State : std::uint8_t {
      more,      // there may be more at once
      last,      // the body ends with these bytes
      later,     // nothing now: resume() when there is
      no_room,   // nothing now, for lack of room in what is sent
      failed,    // the stream is to be reset
    } state = State::more;
    std::size_t bytes = 0;
  };

  class Client {
   public:
    // --- from receive(). `stream` is what on_request gave. ---
    // The head of every frame, before anything else is done with it.
    virtual Verdict on_frame(const Http2FrameHead& frame) = 0;
    // A stream is opened. nullptr: reset() was called.
    virtual void* on_request(std::int32_t stream_id, bool depends_on_itself) = 0;
    // `name_is_constant`: its memory stays. Pseudo fields too; whatever the client sent.
    virtual Verdict on_field(void* stream, std::string_view name, bool name_is_constant, std::string_view value) = 0;
    // The fields are complete; `ended`: so is the request. `block_bytes`: what they took in the HEADERS frame, compressed.
    virtual Verdict on_head(void* stream, std::size_t block_bytes, bool ended) = 0;
    virtual void on_body(void* stream, std::size_t bytes) = 0;
    virtual void on_end(void* stream) = 0;
    // Fields behind the body, and their end; `ended`: the request's too, as it should be.
    virtual Verdict on_trailer(void* stream, std::string_view name, std::string_view value) = 0;
    virtual void on_trailers_end(void* stream, bool ended) = 0;
    virtual void on_reset_by_peer(void* stream, std::uint32_t error) = 0;
    // What made nghttp2 end the connection or reset a stream.
    virtual void on_protocol_error(std::string_view what) = 0;
    // --- from send() ---
    // Where the next bytes of the connection may be put; empty when there is no room.
    virtual std::span<char> room() = 0;
    virtual void commit(std::size_t bytes) = 0;
    virtual BodyPiece read_body(void* stream, std::span<char> into) = 0;
    // A frame of an answer was put there.
    virtual void on_sent(void* stream, const Http2FrameHead& frame) = 0;
    // The fields of an answer are more than can be sent: the stream is reset.
    virtual void on_unsendable(void* stream) = 0;
    // --- from both: the stream is gone, `stream` is not named again ---
    virtual void on_closed(void* stream, Http2Error error) = 0;

   protected:
    ~Client() = default;
  };

  // Throws std::bad_alloc.
  Http2Session(Client& client, const Http2SessionOptions& options);
  ~Http2Session();
  Http2Session(const Http2Session&) = delete;
  Http2Session& operator=(const Http2Session&) = delete;

  // False: the connection cannot go on: terminate(), or close it. Both throw what a call of the client's threw: then it is
  // beyond help.
  bool receive(std::span<const char> bytes);
  // Puts what there is to send into the client's room, as far as that goes. False: as above.
  bool send();
  bool wants_to_send() const;
  // False once the last GOAWAY was sent, or after go_away() when the last stream has ended.
  bool wants_to_receive() const;

  // --- answers: field texts live until the stream is closed ---
  void submit_interim(std::int32_t stream_id, std::span<const HeaderField> fields);
  // `has_body`: read_body() is asked for it.
  void submit_answer(std::int32_t stream_id, std::span<const HeaderField> fields, bool has_body);
  // Within read_body(), before its last bytes are given.
  void submit_trailers(std::int32_t stream_id, std::span<const HeaderField> fields);
  void resume(std::int32_t stream_id);
  // Until the client says something else: 0 is served first, 7 last (RFC 9218 section 4.1).
  void set_urgency(std::int32_t stream_id, unsigned urgency);
  // What the request's `priority` field says; a PRIORITY_UPDATE that came before it holds instead.
  void set_priority(std::int32_t stream_id, const Priority& priority);
  void reset(std::int32_t stream_id, Http2Error error);

  // GOAWAY: later streams are ignored, those there are go on.
  void go_away();
  // GOAWAY with an error: nothing else goes on; it is the last thing that send() puts.
  void terminate(Http2Error error);
  // The client is told nothing more of that stream: what belonged to it may be destroyed.
  void forget(std::int32_t stream_id);

  // A frame has begun, and its rest is still to come.
  bool within_frame() const { return scanner_.skip_bytes != 0; }

  // What the client lets a stream send at the moment.
  std::int64_t window_bytes(std::int32_t stream_id) const;
  std::int32_t last_stream_id() const;
  // What on_request gave for it; nullptr when there is no such stream (any more).
  void* stream(std::int32_t stream_id) const;

 private:
  friend struct Http2SessionCallbacks;

  // Where the heads of frames are in what comes.
  struct Scanner {
    std::size_t skip_bytes = 24;    // up to the next head: first the preface (RFC 9113 section 3.4)
    std::size_t head_bytes = 0;     // of the head being read
    std::uint8_t head[16] = {};

    std::size_t head_bytes_wanted() const;
    bool is_whole_priority() const;
    bool is_settings() const;
    Http2FrameHead take();
  };

  bool begin();
  void note_priority_update(std::int32_t stream_id);
  bool pass(std::span<const char> bytes);
  // What a call of the client's threw.
  void rethrow();

  Scanner scanner_;
  nghttp2_session* session_ = nullptr;
  Client& client_;
  void* current_ = nullptr;            // the stream whose fields come
  std::int32_t current_id_ = 0;
  bool trailers_ = false;              // they are those behind its body
  bool trailers_submitted_ = false;    // by the read_body() under way
  std::span<char> room_;               // where the DATA frame being made goes
  bool stopped_ = false;
  std::uint32_t max_concurrent_streams_;
  bool begun_ = false;                 // the head of the first frame came
  bool settings_sent_ = false;
  bool settings_supplied_ = false;     // nghttp2 was given some that the client did not send, and has not acknowledged them yet
  std::array<std::int32_t, 32> early_updates_{};  // the last streams that PRIORITY_UPDATE named before they were opened
  std::size_t early_update_next_ = 0;
  std::exception_ptr failure_;         // of the callback that ended the call under way
};

}  // namespace uringx
