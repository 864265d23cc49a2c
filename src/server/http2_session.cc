#include "server/http2_session.h"

#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <array>
#include <climits>
#include <cstring>
#include <new>
#include <tuple>
#include <utility>
#include <vector>

namespace uringx {
namespace {

// Abuse that nghttp2 bounds by itself (each ends the connection).
constexpr std::size_t kOutboundAcksMax = 4096;      // SETTINGS and PING acknowledgements that wait to be sent
// Of one answer; large_client_header_buffers and add_header may make it more than nghttp2's 64 KiB.
constexpr std::size_t kSentFieldBytesMax = 1024 * 1024;
constexpr std::size_t kSettingsEntriesMax = 32;    // of one SETTINGS frame
constexpr std::size_t kContinuationsMax = 8;       // frames of one field block
// Resets are counted by Http2Guard, with those that a client provokes.
constexpr std::uint64_t kResetsUncounted = 1u << 30;

// RFC 9113 section 6.3.
constexpr std::size_t kPriorityBytes = 5;

// Nginx's window of a connection (NGX_HTTP_V2_MAX_WINDOW), for the bodies of all its streams: each stream's own bounds them.
constexpr std::int32_t kConnectionWindowBytes = INT32_MAX;

// Of nghttp2's own limit nothing is left: beyond it the connection would end, where RFC 9113 section 5.1.2 has the stream
// refused. The client is told ours, and Http2 holds it to that.
constexpr std::uint32_t kStreamsUnbounded = INT32_MAX;
// Where that limit stands in the first SETTINGS frame, whose first entry it is.
constexpr std::size_t kStreamLimitOffset = kHttp2FrameHeadBytes + sizeof(std::uint16_t);

// What nghttp2 insists on behind the preface.
constexpr char kEmptySettings[kHttp2FrameHeadBytes] = {0, 0, 0, NGHTTP2_SETTINGS, 0, 0, 0, 0, 0};

// An answer's fields are few: more than these go through the heap.
constexpr std::size_t kFieldsOnStack = 32;

nghttp2_nv wire_field(const HeaderField& field) {
  const auto bytes = [](std::string_view text) { return reinterpret_cast<std::uint8_t*>(const_cast<char*>(text.data())); };
  return {bytes(field.name), bytes(field.value), field.name.size(), field.value.size(),
          NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE};
}

std::string_view text_of(nghttp2_rcbuf* buffer) {
  const nghttp2_vec bytes = nghttp2_rcbuf_get_buf(buffer);
  return {reinterpret_cast<const char*>(bytes.base), bytes.len};
}

Http2FrameHead frame_head(const nghttp2_frame_hd& head) {
  return {.type = static_cast<Http2FrameType>(head.type), .flags = head.flags, .stream_id = head.stream_id, .payload_bytes = head.length};
}

// Of the field block in a HEADERS frame.
std::size_t block_bytes(const nghttp2_frame& frame) {
  return frame.hd.length - frame.headers.padlen - ((frame.hd.flags & NGHTTP2_FLAG_PRIORITY) != 0 ? kPriorityBytes : 0);
}

// Only memory can run out in the calls that submit something.
void check_submitted(int result) {
  if (result == NGHTTP2_ERR_NOMEM) throw std::bad_alloc();
}

template <typename Submit>
void with_wire_fields(std::span<const HeaderField> fields, Submit submit) {
  std::array<nghttp2_nv, kFieldsOnStack> few;
  std::vector<nghttp2_nv> many;
  nghttp2_nv* wire = few.data();
  if (fields.size() > few.size()) {
    many.resize(fields.size());
    wire = many.data();
  }
  std::transform(fields.begin(), fields.end(), wire, wire_field);
  submit(wire);
}

}  // namespace

// PRIORITY is of interest for its payload too.
std::size_t Http2Session::Scanner::head_bytes_wanted() const {
  if (head_bytes < kHttp2FrameHeadBytes) return kHttp2FrameHeadBytes;
  return kHttp2FrameHeadBytes + (is_whole_priority() ? kPriorityBytes : 0);
}

bool Http2Session::Scanner::is_whole_priority() const {
  return head[3] == NGHTTP2_PRIORITY && head[0] == 0 && head[1] == 0 && head[2] == kPriorityBytes;
}

bool Http2Session::Scanner::is_settings() const { return head[3] == NGHTTP2_SETTINGS && (head[4] & NGHTTP2_FLAG_ACK) == 0; }

Http2FrameHead Http2Session::Scanner::take() {
  const auto number = [this](std::size_t at) {
    return static_cast<std::int32_t>((head[at] & 0x7fu) << 24 | static_cast<unsigned>(head[at + 1]) << 16 |
                                     static_cast<unsigned>(head[at + 2]) << 8 | head[at + 3]);
  };
  const std::size_t payload_bytes =
      static_cast<std::size_t>(head[0]) << 16 | static_cast<std::size_t>(head[1]) << 8 | static_cast<std::size_t>(head[2]);
  Http2FrameHead frame{static_cast<Http2FrameType>(head[3]), head[4], number(5), payload_bytes};
  if (is_whole_priority()) frame.depends_on = number(kHttp2FrameHeadBytes);
  skip_bytes = payload_bytes - (head_bytes - kHttp2FrameHeadBytes);
  head_bytes = 0;
  return frame;
}

// What nghttp2 calls. `user_data`, always the last argument, is the session.
struct Http2SessionCallbacks {
  using Verdict = Http2Session::Verdict;

  // Keeps exceptions (memory runs out) from unwinding through nghttp2, which is C and would be left half changed: the call of
  // receive() or send() under way ends, and throws them.
  template <auto kCallback>
  struct Contained;
  template <typename Result, typename... Arguments, Result (*kCallback)(Arguments...)>
  struct Contained<kCallback> {
    static Result call(Arguments... arguments) noexcept {
      try {
        return kCallback(arguments...);
      } catch (...) {
        self(std::get<sizeof...(Arguments) - 1>(std::tie(arguments...))).failure_ = std::current_exception();
        return NGHTTP2_ERR_CALLBACK_FAILURE;
      }
    }
  };
  template <auto kCallback>
  static constexpr auto contained = &Contained<kCallback>::call;

  static Http2Session& self(void* user_data) { return *static_cast<Http2Session*>(user_data); }
  static void* stream_of(nghttp2_session* session, std::int32_t id) { return nghttp2_session_get_stream_user_data(session, id); }

  static int result_of(Http2Session& session, Verdict verdict) {
    switch (verdict) {
      case Verdict::go_on:
        return 0;
      case Verdict::drop_stream:
        return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
      case Verdict::stop:
        session.stopped_ = true;
        return NGHTTP2_ERR_CALLBACK_FAILURE;
    }
    return 0;
  }

  static int on_begin_headers(nghttp2_session* session, const nghttp2_frame* frame, void* user_data) {
    Http2Session& here = self(user_data);
    here.current_id_ = frame->hd.stream_id;
    here.trailers_ = frame->headers.cat != NGHTTP2_HCAT_REQUEST;
    if (here.trailers_) {
      here.current_ = stream_of(session, here.current_id_);
      return 0;
    }
    const bool depends_on_itself =
        (frame->hd.flags & NGHTTP2_FLAG_PRIORITY) != 0 && frame->headers.pri_spec.stream_id == here.current_id_;
    here.current_ = here.client_.on_request(here.current_id_, depends_on_itself);
    if (here.current_ == nullptr) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    nghttp2_session_set_stream_user_data(session, here.current_id_, here.current_);
    return 0;
  }

  static int on_header(nghttp2_session*, const nghttp2_frame*, nghttp2_rcbuf* name, nghttp2_rcbuf* value, std::uint8_t,
                       void* user_data) {
    Http2Session& here = self(user_data);
    if (here.current_ == nullptr) return 0;
    if (here.trailers_) return result_of(here, here.client_.on_trailer(here.current_, text_of(name), text_of(value)));
    return result_of(here, here.client_.on_field(here.current_, text_of(name), nghttp2_rcbuf_is_static(name) != 0, text_of(value)));
  }

  static int on_frame_received(nghttp2_session* session, const nghttp2_frame* frame, void* user_data) {
    Http2Session& here = self(user_data);
    const bool ended = (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
    switch (frame->hd.type) {
      case NGHTTP2_HEADERS:
        if (here.current_ == nullptr) return 0;
        if (!here.trailers_) return result_of(here, here.client_.on_head(here.current_, block_bytes(*frame), ended));
        here.client_.on_trailers_end(here.current_, ended);
        return 0;
      case NGHTTP2_DATA:
        if (!ended) return 0;
        if (void* const stream = stream_of(session, frame->hd.stream_id)) here.client_.on_end(stream);
        return 0;
      case NGHTTP2_RST_STREAM:
        if (void* const stream = stream_of(session, frame->hd.stream_id)) {
          here.client_.on_reset_by_peer(stream, frame->rst_stream.error_code);
        }
        return 0;
      case NGHTTP2_PRIORITY_UPDATE:
        here.note_priority_update(static_cast<const nghttp2_ext_priority_update*>(frame->ext.payload)->stream_id);
        return 0;
      default:
        return 0;
    }
  }

  static int on_data(nghttp2_session* session, std::uint8_t, std::int32_t id, const std::uint8_t*, std::size_t bytes,
                     void* user_data) {
    if (void* const stream = stream_of(session, id)) self(user_data).client_.on_body(stream, bytes);
    return 0;
  }

  static int on_stream_close(nghttp2_session* session, std::int32_t id, std::uint32_t error, void* user_data) {
    Http2Session& here = self(user_data);
    void* const stream = stream_of(session, id);
    if (stream == nullptr) return 0;
    if (stream == here.current_) here.current_ = nullptr;
    nghttp2_session_set_stream_user_data(session, id, nullptr);
    here.client_.on_closed(stream, static_cast<Http2Error>(error));
    return 0;
  }

  static int on_error(nghttp2_session*, int, const char* text, std::size_t bytes, void* user_data) {
    self(user_data).client_.on_protocol_error({text, bytes});
    return 0;
  }

  // --- out ---

  static ssize_t send_bytes(nghttp2_session*, const std::uint8_t* data, std::size_t bytes, int, void* user_data) {
    Http2Session& here = self(user_data);
    if (!here.settings_sent_) return send_first_settings(here, data, bytes);
    std::size_t done = 0;
    while (done < bytes) {
      const std::span<char> room = here.client_.room();
      if (room.empty()) break;
      const std::size_t piece = std::min(room.size(), bytes - done);
      std::memcpy(room.data(), data + done, piece);
      here.client_.commit(piece);
      done += piece;
    }
    return done == 0 ? static_cast<ssize_t>(NGHTTP2_ERR_WOULDBLOCK) : static_cast<ssize_t>(done);
  }

  static ssize_t send_first_settings(Http2Session& here, const std::uint8_t* data, std::size_t bytes) {
    const std::span<char> room = here.client_.room();
    if (room.size() < bytes) return NGHTTP2_ERR_WOULDBLOCK;
    std::memcpy(room.data(), data, bytes);
    for (unsigned at = 0; at < sizeof(std::uint32_t); ++at) {
      room[kStreamLimitOffset + at] = static_cast<char>(here.max_concurrent_streams_ >> (24 - 8 * at));
    }
    here.client_.commit(bytes);
    here.settings_sent_ = true;
    return static_cast<ssize_t>(bytes);
  }

  // The client is not told that it sent SETTINGS when it did not.
  static int before_frame_sent(nghttp2_session*, const nghttp2_frame* frame, void* user_data) {
    Http2Session& here = self(user_data);
    if (!here.settings_supplied_ || frame->hd.type != NGHTTP2_SETTINGS || (frame->hd.flags & NGHTTP2_FLAG_ACK) == 0) return 0;
    here.settings_supplied_ = false;
    return NGHTTP2_ERR_CANCEL;
  }

  // The payload is put where it will be sent from, behind the place of its head: send_data follows at once.
  static ssize_t read_body(nghttp2_session*, std::int32_t, std::uint8_t*, std::size_t bytes_max, std::uint32_t* flags,
                           nghttp2_data_source* source, void* user_data) {
    using State = Http2Session::BodyPiece::State;
    Http2Session& here = self(user_data);
    here.room_ = here.client_.room();
    if (here.room_.size() <= kHttp2FrameHeadBytes) return NGHTTP2_ERR_PAUSE;
    const std::size_t bytes = std::min(bytes_max, here.room_.size() - kHttp2FrameHeadBytes);
    const Http2Session::BodyPiece piece = here.client_.read_body(source->ptr, here.room_.subspan(kHttp2FrameHeadBytes, bytes));
    switch (piece.state) {
      case State::last:
        *flags |= NGHTTP2_DATA_FLAG_EOF;
        [[fallthrough]];
      case State::more:
        *flags |= NGHTTP2_DATA_FLAG_NO_COPY;
        if (here.trailers_submitted_) *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
        here.trailers_submitted_ = false;
        return static_cast<ssize_t>(piece.bytes);
      case State::later:
        return NGHTTP2_ERR_DEFERRED;
      case State::no_room:
        return NGHTTP2_ERR_PAUSE;
      case State::failed:
        return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    }
    return NGHTTP2_ERR_CALLBACK_FAILURE;
  }

  static int send_data(nghttp2_session*, nghttp2_frame*, const std::uint8_t* head, std::size_t bytes, nghttp2_data_source*,
                       void* user_data) {
    Http2Session& here = self(user_data);
    std::memcpy(here.room_.data(), head, kHttp2FrameHeadBytes);
    here.client_.commit(kHttp2FrameHeadBytes + bytes);
    return 0;
  }

  static int on_frame_sent(nghttp2_session* session, const nghttp2_frame* frame, void* user_data) {
    if (frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA) return 0;
    if (void* const stream = stream_of(session, frame->hd.stream_id)) {
      self(user_data).client_.on_sent(stream, frame_head(frame->hd));
    }
    return 0;
  }

  // nghttp2 leaves a stream open whose answer it could not send.
  static int on_frame_not_sent(nghttp2_session* session, const nghttp2_frame* frame, int why, void* user_data) {
    const bool is_over = why == NGHTTP2_ERR_STREAM_CLOSED || why == NGHTTP2_ERR_STREAM_CLOSING || why == NGHTTP2_ERR_SESSION_CLOSING;
    if (frame->hd.type != NGHTTP2_HEADERS || is_over) return 0;
    Http2Session& here = self(user_data);
    if (void* const stream = stream_of(session, frame->hd.stream_id)) here.client_.on_unsendable(stream);
    here.reset(frame->hd.stream_id, Http2Error::internal_error);
    return 0;
  }

  static nghttp2_session_callbacks* make() {
    nghttp2_session_callbacks* callbacks = nullptr;
    if (nghttp2_session_callbacks_new(&callbacks) != 0) throw std::bad_alloc();
    nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, contained<on_begin_headers>);
    nghttp2_session_callbacks_set_on_header_callback2(callbacks, contained<on_header>);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, contained<on_frame_received>);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, contained<on_data>);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, contained<on_stream_close>);
    nghttp2_session_callbacks_set_error_callback2(callbacks, contained<on_error>);
    nghttp2_session_callbacks_set_before_frame_send_callback(callbacks, contained<before_frame_sent>);
    nghttp2_session_callbacks_set_send_callback(callbacks, contained<send_bytes>);
    nghttp2_session_callbacks_set_send_data_callback(callbacks, contained<send_data>);
    nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, contained<on_frame_sent>);
    nghttp2_session_callbacks_set_on_frame_not_send_callback(callbacks, contained<on_frame_not_sent>);
    return callbacks;
  }

  static nghttp2_option* make_options() {
    nghttp2_option* options = nullptr;
    if (nghttp2_option_new(&options) != 0) throw std::bad_alloc();
    nghttp2_option_set_builtin_recv_extension_type(options, NGHTTP2_PRIORITY_UPDATE);
    nghttp2_option_set_no_http_messaging(options, 1);  // http/http2_rules: malformed requests get their 400
    nghttp2_option_set_max_outbound_ack(options, kOutboundAcksMax);
    nghttp2_option_set_max_send_header_block_length(options, kSentFieldBytesMax);
    nghttp2_option_set_max_settings(options, kSettingsEntriesMax);
    nghttp2_option_set_max_continuations(options, kContinuationsMax);
    nghttp2_option_set_stream_reset_rate_limit(options, kResetsUncounted, kResetsUncounted);
    return options;
  }
};

Http2Session::Http2Session(Client& client, const Http2SessionOptions& options)
    : client_(client), max_concurrent_streams_(options.max_concurrent_streams) {
  // The same for every connection; never given back.
  static nghttp2_session_callbacks* const callbacks = Http2SessionCallbacks::make();
  static nghttp2_option* const session_options = Http2SessionCallbacks::make_options();
  if (nghttp2_session_server_new2(&session_, callbacks, this, session_options) != 0) throw std::bad_alloc();
  const std::array<nghttp2_settings_entry, 4> settings{{
      {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, kStreamsUnbounded},
      {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, options.stream_window_bytes},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, options.header_list_bytes_max},
      {NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1},
  }};
  if (nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, settings.data(), settings.size()) != 0 ||
      nghttp2_session_set_local_window_size(session_, NGHTTP2_FLAG_NONE, 0, kConnectionWindowBytes) != 0) {
    nghttp2_session_del(session_);
    throw std::bad_alloc();
  }
}

Http2Session::~Http2Session() { nghttp2_session_del(session_); }

// nghttp2 gets what came before a frame before the client is told of the frame's head, and passes over some frames without
// telling anybody: so that the heads are read here. The first head is passed on whole: SETTINGS may have to come before it.
bool Http2Session::receive(std::span<const char> bytes) {
  std::size_t given = 0;
  for (std::size_t at = 0; at < bytes.size();) {
    if (scanner_.skip_bytes != 0) {
      const std::size_t skipped = std::min(scanner_.skip_bytes, bytes.size() - at);
      scanner_.skip_bytes -= skipped;
      at += skipped;
      continue;
    }
    scanner_.head[scanner_.head_bytes++] = static_cast<std::uint8_t>(bytes[at++]);
    if (scanner_.head_bytes < scanner_.head_bytes_wanted()) continue;
    const std::size_t behind_head = scanner_.head_bytes;
    if (at > behind_head && !pass(bytes.subspan(given, at - behind_head - given))) return false;
    given = std::max(given, at - std::min(at, behind_head));
    if (!begun_) {
      if (!begin()) return false;
      given = at;
    }
    if (client_.on_frame(scanner_.take()) == Verdict::stop) return false;
  }
  return pass(bytes.subspan(given, bytes.size() - given - (begun_ ? 0 : std::min(scanner_.head_bytes, bytes.size() - given))));
}

// nginx takes a preface without SETTINGS (RFC 9113 section 3.4 has them there), and so do clients count on it.
bool Http2Session::begin() {
  begun_ = true;
  if (!scanner_.is_settings()) {
    settings_supplied_ = true;
    if (!pass(kEmptySettings)) return false;
  }
  return pass({reinterpret_cast<const char*>(scanner_.head), scanner_.head_bytes});
}

bool Http2Session::pass(std::span<const char> bytes) {
  if (bytes.empty()) return true;
  const ssize_t used = nghttp2_session_mem_recv(session_, reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
  rethrow();
  if (used == NGHTTP2_ERR_NOMEM) throw std::bad_alloc();
  if (used < 0 && !stopped_) client_.on_protocol_error(nghttp2_strerror(static_cast<int>(used)));
  return used >= 0;
}

bool Http2Session::send() {
  const int result = nghttp2_session_send(session_);
  rethrow();
  if (result == NGHTTP2_ERR_NOMEM) throw std::bad_alloc();
  return result == 0;
}

void Http2Session::note_priority_update(std::int32_t stream_id) {
  if (stream_id > last_stream_id()) {
    early_updates_[early_update_next_++ % early_updates_.size()] = stream_id;
  } else if (stream_id == 0) {  // RFC 9218 section 7.1; nghttp2 lets it pass
    client_.on_protocol_error("PRIORITY_UPDATE of stream 0");
    terminate(Http2Error::protocol_error);
  }
}

void Http2Session::rethrow() {
  if (failure_ != nullptr) std::rethrow_exception(std::exchange(failure_, nullptr));
}

bool Http2Session::wants_to_send() const { return nghttp2_session_want_write(session_) != 0; }
bool Http2Session::wants_to_receive() const { return nghttp2_session_want_read(session_) != 0; }

void Http2Session::submit_interim(std::int32_t stream_id, std::span<const HeaderField> fields) {
  with_wire_fields(fields, [&](const nghttp2_nv* wire) {
    check_submitted(nghttp2_submit_headers(session_, NGHTTP2_FLAG_NONE, stream_id, nullptr, wire, fields.size(), nullptr));
  });
}

void Http2Session::submit_answer(std::int32_t stream_id, std::span<const HeaderField> fields, bool has_body) {
  nghttp2_data_provider body{};
  body.source.ptr = nghttp2_session_get_stream_user_data(session_, stream_id);
  body.read_callback = Http2SessionCallbacks::contained<Http2SessionCallbacks::read_body>;
  with_wire_fields(fields, [&](const nghttp2_nv* wire) {
    check_submitted(nghttp2_submit_response(session_, stream_id, wire, fields.size(), has_body ? &body : nullptr));
  });
}

void Http2Session::submit_trailers(std::int32_t stream_id, std::span<const HeaderField> fields) {
  with_wire_fields(fields, [&](const nghttp2_nv* wire) {
    check_submitted(nghttp2_submit_trailer(session_, stream_id, wire, fields.size()));
  });
  trailers_submitted_ = true;
}

void Http2Session::resume(std::int32_t stream_id) { check_submitted(nghttp2_session_resume_data(session_, stream_id)); }

void Http2Session::set_urgency(std::int32_t stream_id, unsigned urgency) {
  const nghttp2_extpri priority{.urgency = urgency, .inc = 0};
  check_submitted(nghttp2_session_change_extpri_stream_priority(session_, stream_id, &priority, 0));
}

void Http2Session::set_priority(std::int32_t stream_id, const Priority& priority) {
  if (std::find(early_updates_.begin(), early_updates_.end(), stream_id) != early_updates_.end()) return;
  const nghttp2_extpri wanted{.urgency = priority.urgency, .inc = priority.incremental};
  check_submitted(nghttp2_session_change_extpri_stream_priority(session_, stream_id, &wanted, 0));
}

void Http2Session::reset(std::int32_t stream_id, Http2Error error) {
  check_submitted(nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, stream_id, static_cast<std::uint32_t>(error)));
}

void Http2Session::go_away() {
  check_submitted(nghttp2_submit_goaway(session_, NGHTTP2_FLAG_NONE, last_stream_id(), NGHTTP2_NO_ERROR, nullptr, 0));
}

void Http2Session::terminate(Http2Error error) {
  check_submitted(nghttp2_session_terminate_session(session_, static_cast<std::uint32_t>(error)));
}

std::int64_t Http2Session::window_bytes(std::int32_t stream_id) const {
  return std::min(nghttp2_session_get_stream_remote_window_size(session_, stream_id), nghttp2_session_get_remote_window_size(session_));
}

void Http2Session::forget(std::int32_t stream_id) { nghttp2_session_set_stream_user_data(session_, stream_id, nullptr); }

void* Http2Session::stream(std::int32_t stream_id) const { return nghttp2_session_get_stream_user_data(session_, stream_id); }

std::int32_t Http2Session::last_stream_id() const { return nghttp2_session_get_last_proc_stream_id(session_); }

}  // namespace uringx
