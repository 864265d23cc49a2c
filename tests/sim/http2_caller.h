// Http2Caller is a client of HTTP/2 over a simulated connection, in memory (nghttp2). Made by a test, driven by it.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "simulated_socket.h"

struct nghttp2_session;

namespace uringx {

struct Http2Answer {
  int status = 0;
  std::string body;
  bool complete = false;
  std::uint32_t error = 0;  // of the RST_STREAM that ended it
  bool closed = false;
};

class Http2Caller {
 public:
  // `window_bytes` of each stream; the connection's is as large as it can be.
  explicit Http2Caller(SimulatedClient client, std::uint32_t window_bytes = 1u << 30);
  ~Http2Caller();
  Http2Caller(const Http2Caller&) = delete;
  Http2Caller& operator=(const Http2Caller&) = delete;

  // Gives the stream. The body, where there is one, is sent as flow control allows.
  std::int32_t ask(std::string_view path, std::string_view method = "GET", std::string_view body = {});
  void give_up(std::int32_t stream);

  // Sends what there is to send, in pieces of at most `piece_bytes`, and takes what has come, at most `take_bytes`. False: the
  // server broke the protocol.
  bool exchange(std::size_t piece_bytes = SIZE_MAX, std::size_t take_bytes = SIZE_MAX);

  Http2Answer& answer(std::int32_t stream) { return answers_[stream]; }
  SimulatedClient& client() { return client_; }
  bool told_to_go() const { return told_to_go_; }

 private:
  friend struct CallerCallbacks;

  SimulatedClient client_;
  nghttp2_session* session_ = nullptr;
  std::map<std::int32_t, Http2Answer> answers_;
  std::map<std::int32_t, std::string> bodies_;
  std::string outgoing_;
  bool told_to_go_ = false;
};

}  // namespace uringx
