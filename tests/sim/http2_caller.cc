#include "http2_caller.h"

#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>

namespace uringx {

struct CallerCallbacks {
  static Http2Caller& self(void* user_data) { return *static_cast<Http2Caller*>(user_data); }

  static int on_header(nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t* name, std::size_t name_bytes,
                       const std::uint8_t* value, std::size_t, std::uint8_t, void* user_data) {
    if (name_bytes == 7 && std::memcmp(name, ":status", 7) == 0) {
      self(user_data).answers_[frame->hd.stream_id].status = std::atoi(reinterpret_cast<const char*>(value));
    }
    return 0;
  }

  static int on_data(nghttp2_session*, std::uint8_t, std::int32_t stream, const std::uint8_t* data, std::size_t bytes, void* user_data) {
    self(user_data).answers_[stream].body.append(reinterpret_cast<const char*>(data), bytes);
    return 0;
  }

  static int on_frame(nghttp2_session*, const nghttp2_frame* frame, void* user_data) {
    Http2Caller& here = self(user_data);
    if (frame->hd.type == NGHTTP2_GOAWAY) here.told_to_go_ = true;
    const bool of_stream = frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA;
    if (of_stream && (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0) here.answers_[frame->hd.stream_id].complete = true;
    return 0;
  }

  static int on_close(nghttp2_session*, std::int32_t stream, std::uint32_t error, void* user_data) {
    Http2Answer& answer = self(user_data).answers_[stream];
    answer.closed = true;
    answer.error = error;
    return 0;
  }

  static ssize_t read_body(nghttp2_session*, std::int32_t stream, std::uint8_t* into, std::size_t bytes_max, std::uint32_t* flags,
                           nghttp2_data_source*, void* user_data) {
    std::string& body = self(user_data).bodies_[stream];
    const std::size_t bytes = std::min(bytes_max, body.size());
    std::memcpy(into, body.data(), bytes);
    body.erase(0, bytes);
    if (body.empty()) *flags |= NGHTTP2_DATA_FLAG_EOF;
    return static_cast<ssize_t>(bytes);
  }
};

Http2Caller::Http2Caller(SimulatedClient client, std::uint32_t window_bytes) : client_(std::move(client)) {
  nghttp2_session_callbacks* callbacks = nullptr;
  nghttp2_session_callbacks_new(&callbacks);
  nghttp2_session_callbacks_set_on_header_callback(callbacks, CallerCallbacks::on_header);
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, CallerCallbacks::on_data);
  nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, CallerCallbacks::on_frame);
  nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, CallerCallbacks::on_close);
  nghttp2_session_client_new(&session_, callbacks, this);
  nghttp2_session_callbacks_del(callbacks);
  const nghttp2_settings_entry window{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, window_bytes};
  nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, &window, 1);
  nghttp2_session_set_local_window_size(session_, NGHTTP2_FLAG_NONE, 0, 1 << 30);
}

Http2Caller::~Http2Caller() { nghttp2_session_del(session_); }

std::int32_t Http2Caller::ask(std::string_view path, std::string_view method, std::string_view body) {
  const auto field = [](std::string_view name, std::string_view value) {
    const auto bytes = [](std::string_view text) { return reinterpret_cast<std::uint8_t*>(const_cast<char*>(text.data())); };
    return nghttp2_nv{bytes(name), bytes(value), name.size(), value.size(), NGHTTP2_NV_FLAG_NONE};
  };
  const nghttp2_nv fields[] = {field(":method", method), field(":scheme", "http"), field(":path", path), field(":authority", "localhost")};
  nghttp2_data_provider provider{};
  provider.read_callback = CallerCallbacks::read_body;
  const std::int32_t stream =
      nghttp2_submit_request(session_, nullptr, fields, std::size(fields), body.empty() ? nullptr : &provider, nullptr);
  bodies_[stream] = body;
  return stream;
}

void Http2Caller::give_up(std::int32_t stream) { nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, stream, NGHTTP2_CANCEL); }

bool Http2Caller::exchange(std::size_t piece_bytes, std::size_t take_bytes) {
  const std::string came = client_.receive(take_bytes);
  if (!came.empty() &&
      nghttp2_session_mem_recv(session_, reinterpret_cast<const std::uint8_t*>(came.data()), came.size()) < 0) {
    return false;
  }
  const std::uint8_t* data = nullptr;
  for (ssize_t bytes; (bytes = nghttp2_session_mem_send(session_, &data)) > 0;) {
    outgoing_.append(reinterpret_cast<const char*>(data), static_cast<std::size_t>(bytes));
  }
  if (!outgoing_.empty() && !client_.over()) client_.send(outgoing_.substr(0, piece_bytes));
  outgoing_.erase(0, std::min(piece_bytes, outgoing_.size()));
  return true;
}

}  // namespace uringx
