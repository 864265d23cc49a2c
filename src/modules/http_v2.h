// Settings of HTTP/2 (nginx: ngx_http_v2_module). Whether an address speaks it is for the server to ask; the limits hold for
// connections (those of their default server) and, http2_chunk_size, for answers.
// Built with the configuration, const afterwards.
#pragma once

#include "modules/module.h"

namespace uringx {

// RFC 9113 section 4.2: the least and the most that a frame's payload may be allowed to have.
inline constexpr std::uint32_t kHttp2FrameBytesDefault = 16 * 1024;
inline constexpr std::uint32_t kHttp2FrameBytesMax = (1u << 24) - 1;
// RFC 9113 section 6.9.1.
inline constexpr std::uint32_t kHttp2WindowBytesMax = (1u << 31) - 1;

struct Http2Server : Settings {
  static constexpr ModuleId kModule = ModuleId::http_v2;

  Setting<bool> enabled{false};  // http2 on; `listen ... http2` is an option of the address
  Setting<Number> max_concurrent_streams{Number{128}};
  Setting<Bytes> body_preread_size{Bytes{65536}};  // what a stream may send of a body before it is asked for more
  Setting<Bytes> pool_size{Bytes{4096}};           // no meaning here; checked
  Setting<Number> streams_index_size{Number{32}};  // the same
};

struct Http2Location : Settings {
  static constexpr ModuleId kModule = ModuleId::http_v2;

  Setting<Bytes> chunk_size{Bytes{8 * 1024}};  // of a DATA frame's payload
};

extern const Module kHttp2Module;

}  // namespace uringx
