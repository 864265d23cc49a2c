#include "modules/http_v2.h"

#include <fmt/format.h>

#include <algorithm>

#include "modules/build_context.h"
#include "modules/variables.h"

namespace uringx {
namespace {

constexpr std::uint32_t kHttpServer = kHttp | kServer;

// nginx's own, of no meaning here but for what it refuses.
constexpr std::uint64_t kPoolBytesMin = 112;
constexpr std::uint64_t kPoolBytesStep = 16;
constexpr std::uint64_t kStateBufferBytes = 2 * 16;

Applied refuse(std::string message) { return std::unexpected(Refusal{std::move(message)}); }

struct Http2Main : Settings {
  static constexpr ModuleId kModule = ModuleId::http_v2;
  Setting<Bytes> receive_buffer_size{Bytes{256 * 1024}};  // a connection's bytes are read into the worker's buffers here
};

Applied apply_receive_buffer_size(BuildContext& context, const Directive& directive, Settings& settings) {
  if (auto applied = detail::apply_value<&Http2Main::receive_buffer_size>(context, directive, settings); !applied) return applied;
  if (static_cast<Http2Main&>(settings).receive_buffer_size->count > kStateBufferBytes) return {};
  return std::unexpected(Refusal::directive("value is too small"));
}

Applied apply_pool_size(BuildContext& context, const Directive& directive, Settings& settings) {
  if (auto applied = detail::apply_value<&Http2Server::pool_size>(context, directive, settings); !applied) return applied;
  const std::uint64_t bytes = static_cast<Http2Server&>(settings).pool_size->count;
  if (bytes < kPoolBytesMin) return refuse(fmt::format("the pool size must be no less than {}", kPoolBytesMin));
  if (bytes % kPoolBytesStep != 0) return refuse(fmt::format("the pool size must be a multiple of {}", kPoolBytesStep));
  return {};
}

Applied apply_streams_index_size(BuildContext& context, const Directive& directive, Settings& settings) {
  if (auto applied = detail::apply_value<&Http2Server::streams_index_size>(context, directive, settings); !applied) return applied;
  const std::int64_t count = static_cast<Http2Server&>(settings).streams_index_size->count;
  if (count != 0 && (count & (count - 1)) == 0) return {};
  return std::unexpected(Refusal::directive("must be a power of two"));
}

Applied apply_body_preread_size(BuildContext& context, const Directive& directive, Settings& settings) {
  if (auto applied = detail::apply_value<&Http2Server::body_preread_size>(context, directive, settings); !applied) return applied;
  if (static_cast<Http2Server&>(settings).body_preread_size->count <= kHttp2WindowBytesMax) return {};
  return refuse(fmt::format("the maximum body preread buffer size is {}", kHttp2WindowBytesMax));
}

Applied apply_chunk_size(BuildContext& context, const Directive& directive, Settings& settings) {
  if (auto applied = detail::apply_value<&Http2Location::chunk_size>(context, directive, settings); !applied) return applied;
  Bytes& bytes = static_cast<Http2Location&>(settings).chunk_size.edit();
  if (bytes.count == 0) return refuse("the http2 chunk size cannot be zero");
  bytes.count = std::min<std::uint64_t>(bytes.count, kHttp2FrameBytesMax);
  return {};
}

struct Obsolete {
  std::string_view name;
  std::string_view instead;  // empty: nothing
};
constexpr Obsolete kObsolete[] = {
    {"http2_recv_timeout", "client_header_timeout"},
    {"http2_idle_timeout", "keepalive_timeout"},
    {"http2_max_requests", "keepalive_requests"},
    {"http2_max_field_size", "large_client_header_buffers"},
    {"http2_max_header_size", "large_client_header_buffers"},
    {"http2_max_concurrent_pushes", ""},
    {"http2_push_preload", ""},
    {"http2_push", ""},
};

// ngx_http_v2_obsolete; server push went with nginx 1.25.1.
Applied apply_obsolete(BuildContext& context, const Directive& directive, Settings&) {
  for (const Obsolete& row : kObsolete) {
    if (row.name != directive.name()) continue;
    context.warn(row.instead.empty()
                     ? fmt::format("the \"{}\" directive is obsolete, ignored", row.name)
                     : fmt::format("the \"{}\" directive is obsolete, use the \"{}\" directive instead", row.name, row.instead));
  }
  return {};
}

constexpr DirectiveRow obsolete_row(std::string_view name, std::uint32_t contexts = kHttpServer, std::uint32_t arity = kTake1) {
  const Level level = contexts == kHttpServer ? Level::server : Level::location;
  return {name, contexts, arity, level, apply_obsolete, nullptr, Standing::no_meaning};
}

constexpr DirectiveRow without_meaning(DirectiveRow row) {
  row.standing = Standing::no_meaning;
  return row;
}

constexpr DirectiveRow kRows[] = {
    value_row<&Http2Server::enabled>("http2", kHttpServer, Level::server),
    {"http2_recv_buffer_size", kHttp, kTake1, Level::main, apply_receive_buffer_size, nullptr, Standing::no_meaning},
    without_meaning(custom_row<&Http2Server::pool_size>("http2_pool_size", kHttpServer, kTake1, apply_pool_size, Level::server)),
    value_row<&Http2Server::max_concurrent_streams>("http2_max_concurrent_streams", kHttpServer, Level::server),
    obsolete_row("http2_max_concurrent_pushes"),
    obsolete_row("http2_max_requests"),
    obsolete_row("http2_max_field_size"),
    obsolete_row("http2_max_header_size"),
    custom_row<&Http2Server::body_preread_size>("http2_body_preread_size", kHttpServer, kTake1, apply_body_preread_size, Level::server),
    without_meaning(custom_row<&Http2Server::streams_index_size>("http2_streams_index_size", kHttpServer, kTake1,
                                                                 apply_streams_index_size, Level::server)),
    obsolete_row("http2_recv_timeout"),
    obsolete_row("http2_idle_timeout"),
    custom_row<&Http2Location::chunk_size>("http2_chunk_size", kHttpServerLocation, kTake1, apply_chunk_size),
    obsolete_row("http2_push_preload", kHttpServerLocation, kFlag),
    obsolete_row("http2_push", kHttpServerLocation),
};

// "h2" over TLS, "h2c" without, empty for HTTP/1 (ngx_http_v2_variable).
std::optional<std::string_view> get_http2(Request& request, std::string_view) {
  if (request.head.version != HttpVersion::http_2_0) return "";
  return request.connection.tls ? "h2" : "h2c";
}

constexpr VariableRow kVariables[] = {{"http2", get_http2}};

std::span<const VariableRow> http2_variables() { return kVariables; }

}  // namespace

const Module kHttp2Module = {.id = ModuleId::http_v2,
                             .name = "v2",
                             .rows = kRows,
                             .make_main = make_settings<Http2Main>,
                             .make_server = make_settings<Http2Server>,
                             .make_location = make_settings<Http2Location>,
                             .variables = http2_variables};

}  // namespace uringx
