// Http2 speaks HTTP/2 on one connection: many requests at once, each an Http2Stream; answers leave together, as much as one
// send takes. Part of a Connection, on its worker's thread.
//
// What a loop turn brings (frames, files that were opened, room in what is sent) is only noted where it happens; at the end
// of the turn everything that can leave does, in one go.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/intrusive_list.h"
#include "ring/timers.h"
#include "server/byte_stream.h"
#include "server/http2_guard.h"
#include "server/http2_session.h"
#include "server/http2_stream.h"
#include "server/line_buffers.h"
#include "server/protocol.h"

namespace uringx {

class Connection;

class Http2 final : public Protocol, private Http2Session::Client {
 public:
  // What a connection's requests may hold of memory in fields, together; further ones are refused (REFUSED_STREAM: the client
  // asks again).
  static constexpr std::size_t kFieldBytesMax = 256 * 1024;
  // The rest of a body is awaited before the answer when it is short and comes at once: a request that turns out to be
  // malformed gets no answer (RFC 9113 section 8.1.1), and the client is not reset for what it was about to send.
  static constexpr std::uint64_t kAwaitedBodyBytesMax = 64 * 1024;
  static constexpr std::int64_t kBodyAwaitedMs = 500;
  // A stream whose window stays (nearly) closed: fewer bytes than these within send_timeout are none.
  static constexpr std::uint64_t kProgressBytesMin = 1024;
  // What a client that was told to calm down sends is read for so long, that it may see why; then it is cut off.
  static constexpr std::int64_t kCalmLingeringMs = 500;
  // Streams of one connection that read from the disk at the same time: each has a buffer meanwhile.
  static constexpr unsigned kDiskReadsMax = 4;

  // `out` is the connection's, and stays with Http2 from now on. Throws std::bad_alloc.
  Http2(Connection& connection, ByteStream& out);
  ~Http2() override;

  // --- from the connection ---
  void on_bytes(std::span<const char> bytes) override;
  void on_peer_closed(int error_number) override;
  void on_timeout() override;
  void stop_gracefully() override;
  void cancel() override;
  bool awaits_bytes() const override { return field_block_open_; }
  bool quiet() const override;

  // --- from its streams ---
  void on_answer_ready(Http2Stream& stream);
  void on_close_wanted(Http2Stream& stream);
  void on_stream_quiet(Http2Stream& stream);
  void on_stream_timeout(Http2Stream& stream);
  void on_disk_read(Http2Stream& stream);
  void on_body_ready(Http2Stream& stream);
  void on_pause_over(Http2Stream& stream);

 private:
  using Verdict = Http2Session::Verdict;
  using BodyPiece = Http2Session::BodyPiece;

  // open: requests come. leaving: GOAWAY was said, what there is goes on. ending: nothing goes on, the last bytes leave.
  // closed: the connection was told to close.
  enum class State : std::uint8_t { open, leaving, ending, closed };

  // --- frames in (Http2Session::Client) ---
  Verdict on_frame(const Http2FrameHead& frame) override;
  void* on_request(std::int32_t stream_id, bool depends_on_itself) override;
  Verdict on_field(void* stream, std::string_view name, bool name_is_constant, std::string_view value) override;
  Verdict on_head(void* stream, std::size_t block_bytes, bool ended) override;
  void on_body(void* stream, std::size_t bytes) override;
  void on_end(void* stream) override;
  Verdict on_trailer(void* stream, std::string_view name, std::string_view value) override;
  void on_trailers_end(void* stream, bool ended) override;
  void on_reset_by_peer(void* stream, std::uint32_t error) override;
  void on_protocol_error(std::string_view what) override;
  // --- frames out ---
  std::span<char> room() override { return out_.room(); }
  void commit(std::size_t bytes) override { out_.commit(bytes); }
  BodyPiece read_body(void* stream, std::span<char> into) override;
  void on_sent(void* stream, const Http2FrameHead& frame) override;
  void on_unsendable(void* stream) override;
  void on_closed(void* stream, Http2Error error) override;

  Verdict look_at_old_stream(const Http2FrameHead& frame);
  // Logs, and ends the connection with GOAWAY once receive() is back.
  Verdict give_up(Http2Error error, std::string_view why);
  void give_up_field_block();
  void refuse_stream(std::int32_t stream_id, std::string_view why);
  // What comes behind its head makes the request malformed (RFC 9113 section 8.1.1).
  void reset_malformed(Http2Stream& stream, std::string_view why);
  // By the client, or for its fault.
  void count_reset();
  Http2Stream* make_stream(std::int32_t stream_id);

  // --- answers ---
  bool awaits_body(Http2Stream& stream) const;
  void submit_or_hold(Http2Stream& stream);
  void submit(Http2Stream& stream);
  void suggest_urgency(Http2Stream& stream);
  void drain(Http2Stream& stream);
  void stop_draining(Http2Stream& stream);
  void start_disk_reads();
  void log_access(Http2Stream& stream);
  void release(Http2Stream& stream);
  void destroy_released();

  // --- the turn's end ---
  void work_later();
  void on_turn_end();
  void end_turn();
  void send_frames();
  void watch_sending();
  void arm_timers();
  void leave();
  void end(Http2Error error);
  void close_streams(int status);
  void close_connection();
  static void room_came(void* owner) { static_cast<Http2*>(owner)->on_room(); }
  static void sending_failed(void* owner, int error_number) { static_cast<Http2*>(owner)->on_failed(error_number); }
  static void lines_written(void* owner) { static_cast<Http2*>(owner)->work_later(); }
  void on_room();
  void on_failed(int error_number);
  void on_send_timeout();

  static Http2Stream& as_stream(void* stream) { return *static_cast<Http2Stream*>(stream); }

  // How a stream ended, for frames that come afterwards. The last ones opened, by number.
  struct OldStream {
    std::int32_t id = 0;
    bool ended_by_peer = false;  // with END_STREAM or RST_STREAM: nothing more may come
    bool reset_by_peer = false;
  };
  static constexpr std::size_t kOldStreams = 256;
  OldStream& old_stream(std::int32_t id) { return old_streams_[static_cast<std::size_t>(id >> 1) % kOldStreams]; }

  Connection& connection_;
  ByteStream& out_;
  Http2Session session_;
  Http2Guard guard_;
  State state_ = State::open;
  Http2Error end_error_ = Http2Error::no_error;
  bool peer_gone_ = false;           // nothing more is sent
  bool given_up_ = false;            // receive() is to end, and the connection
  bool receiving_ = false;
  bool field_block_ends_ = false;    // with the frame that is coming
  bool field_block_open_ = false;    // between HEADERS and END_HEADERS
  bool field_block_late_ = false;    // its time is over
  std::int32_t field_block_stream_ = 0;
  std::size_t continuation_bytes_ = 0;
  bool header_timer_ = false;        // the connection's timer is for that
  bool client_prioritises_ = false;
  unsigned disk_reads_ = 0;
  std::int32_t last_stream_id_ = 0;
  std::uint64_t last_line_ = 0;
  std::size_t field_bytes_ = 0;      // of all streams
  std::int64_t open_streams_ = 0;
  IntrusiveList<Http2Stream, StreamOfConnection> streams_;
  IntrusiveList<Http2Stream, StreamOfConnection> leaving_streams_;  // closed, with something pending
  IntrusiveList<Http2Stream, WaitingStream> held_;                  // for log lines
  IntrusiveList<Http2Stream, WaitingStream> waiting_for_disk_;
  IntrusiveList<Http2Stream, WaitingStream> released_;              // to be destroyed when nothing is on the stack
  std::vector<std::int32_t> unwatched_;  // streams whose answers began to leave in this turn: their timers are not armed yet
  std::array<OldStream, kOldStreams> old_streams_{};
  LineWaiter line_waiter_;
  Timer turn_timer_{this, Timer::calls<&Http2::on_turn_end>};
  Timer send_timer_{this, Timer::calls<&Http2::on_send_timeout>};
};

}  // namespace uringx
