#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/random.h>
#include <sys/socket.h>

#include <algorithm>
#include <charconv>
#include <cstring>

#include "base/version.h"
#include "http/ascii.h"
#include "http/proxy_protocol.h"
#include "modules/basic_credentials.h"
#include "modules/handler.h"
#include "modules/http_core.h"
#include "modules/variables.h"

namespace uringx {
namespace {

using Text = std::optional<std::string_view>;

// --- texts written in place: log_format writes them straight into the line ---------------------------------------

char* write_number(char* out, std::int64_t number) { return std::to_chars(out, out + kLogFieldBytesMax, number).ptr; }

// "%T.%03M": seconds with three digits of milliseconds.
char* write_seconds(char* out, std::int64_t msec) {
  out = write_number(out, msec / 1000);
  const auto rest = static_cast<int>(msec % 1000);
  *out++ = '.';
  *out++ = static_cast<char>('0' + rest / 100);
  *out++ = static_cast<char>('0' + rest / 10 % 10);
  *out++ = static_cast<char>('0' + rest % 10);
  return out;
}

char* write_text(char* out, std::string_view text) {
  text = text.substr(0, kLogFieldBytesMax);
  if (!text.empty()) std::memcpy(out, text.data(), text.size());
  return out + text.size();
}

char* write_pipe(char* out, const Request& request) {
  *out = request.pipelined ? 'p' : '.';
  return out + 1;
}

char* write_time_local(char* out, const Request& request) { return write_text(out, request.clock.log_local); }
char* write_time_iso8601(char* out, const Request& request) { return write_text(out, request.clock.iso8601); }
char* write_msec(char* out, const Request& request) { return write_seconds(out, request.clock.msec); }

char* write_request_time(char* out, const Request& request) {
  return write_seconds(out, std::max<std::int64_t>(request.clock.msec - request.start_msec, 0));
}

char* write_status(char* out, const Request& request) {
  int status = request.error_status != 0 ? request.error_status : request.response.status;
  if (status == 0 && request.head.version == HttpVersion::http_0_9) status = 9;
  if (status > 999) return write_number(out, status);
  *out++ = static_cast<char>('0' + status / 100);
  *out++ = static_cast<char>('0' + status / 10 % 10);
  *out++ = static_cast<char>('0' + status % 10);
  return out;
}

char* write_bytes_sent(char* out, const Request& request) {
  return write_number(out, static_cast<std::int64_t>(request.bytes_sent));
}

char* write_body_bytes_sent(char* out, const Request& request) {
  const auto body = static_cast<std::int64_t>(request.bytes_sent) - static_cast<std::int64_t>(request.head_bytes_sent);
  return write_number(out, std::max<std::int64_t>(body, 0));
}

char* write_request_length(char* out, const Request& request) {
  return write_number(out, static_cast<std::int64_t>(request.request_bytes));
}

char* write_connection(char* out, const Request& request) {
  return write_number(out, static_cast<std::int64_t>(request.connection.number));
}

char* write_connection_requests(char* out, const Request& request) {
  return write_number(out, static_cast<std::int64_t>(request.connection.requests));
}

char* write_connection_time(char* out, const Request& request) {
  return write_seconds(out, std::max<std::int64_t>(request.clock.msec - request.connection.start_msec, 0));
}

char* write_pid(char* out, const Request& request) { return write_number(out, request.host_info.pid); }

// The variable whose text such a function writes.
template <LogFieldWriter write>
Text written(Request& request, std::string_view) {
  char text[kLogFieldBytesMax];
  return request.arena.copy({text, static_cast<std::size_t>(write(text, request) - text)});
}

// --- the request line -------------------------------------------------------------------------------------------

// A text that nothing set yet (no data, unlike an empty one) is not found, as with nginx's null strings.
Text found_if_set(std::string_view text) {
  if (text.data() == nullptr) return std::nullopt;
  return text;
}

Text get_request(Request& request, std::string_view) { return found_if_set(request.head.request_line); }
Text get_request_uri(Request& request, std::string_view) { return found_if_set(request.unparsed_uri); }
Text get_uri(Request& request, std::string_view) { return found_if_set(request.uri); }
Text get_args(Request& request, std::string_view) { return found_if_set(request.args); }
Text get_is_args(Request& request, std::string_view) { return request.args.empty() ? "" : "?"; }

Text get_server_protocol(Request& request, std::string_view) {
  if (request.head.protocol_text.empty()) return std::nullopt;
  return request.head.protocol_text;
}

Text get_request_method(Request& request, std::string_view) {
  // An error_page's redirect turns every method but HEAD into GET.
  if (request.method == Method::get && request.head.method != Method::get) return "GET";
  return found_if_set(request.head.method_text);
}

Text get_content_length(Request& request, std::string_view) {
  if (const HeaderField* field = request.head.find(KnownField::content_length)) return field->value;
  if (request.content_length < 0) return std::nullopt;
  char text[kLogFieldBytesMax];
  return request.arena.copy({text, static_cast<std::size_t>(write_number(text, request.content_length) - text)});
}

// --- who, where -------------------------------------------------------------------------------------------------

Text get_host(Request& request, std::string_view) { return request.host.empty() ? request.server_name : request.host; }
Text get_server_name(Request& request, std::string_view) { return request.server_name; }
Text get_remote_addr(Request& request, std::string_view) { return request.client->text; }

Text get_binary_remote_addr(Request& request, std::string_view) {
  const std::span<const std::uint8_t> bytes = request.client->bytes;
  if (bytes.empty()) return request.client->text;  // a unix socket
  return std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

Text port_text(Request& request, std::uint16_t port) {
  if (port == 0) return "";
  char text[kLogFieldBytesMax];
  return request.arena.copy({text, static_cast<std::size_t>(write_number(text, port) - text)});
}

Text get_remote_port(Request& request, std::string_view) { return port_text(request, request.client->port); }
Text get_server_port(Request& request, std::string_view) { return port_text(request, request.connection.server_port); }
Text get_server_addr(Request& request, std::string_view) { return request.connection.server_addr; }
Text get_scheme(Request& request, std::string_view) { return request.connection.tls ? "https" : "http"; }
Text get_https(Request& request, std::string_view) { return request.connection.tls ? "on" : ""; }
Text get_hostname(Request& request, std::string_view) { return request.host_info.hostname; }
Text get_nginx_version(Request&, std::string_view) { return kCompatibleNginxVersion; }

template <std::string ProxyProtocolHeader::*address>
Text get_proxy_protocol_addr(Request& request, std::string_view) {
  const ProxyProtocolHeader* header = request.connection.proxy_protocol;
  if (header == nullptr) return std::nullopt;
  return header->*address;
}

template <std::uint16_t ProxyProtocolHeader::*port>
Text get_proxy_protocol_port(Request& request, std::string_view) {
  const ProxyProtocolHeader* header = request.connection.proxy_protocol;
  if (header == nullptr) return std::nullopt;
  return port_text(request, header->*port);
}

Text get_proxy_protocol_tlv(Request& request, std::string_view name) {
  const ProxyProtocolHeader* header = request.connection.proxy_protocol;
  if (header == nullptr) return std::nullopt;
  const auto value = find_tlv(*header, name);
  if (!value && !value.error().empty()) log_request(request, LogLevel::error, value.error());
  if (!value || !value->has_value()) return std::nullopt;
  return request.arena.copy(**value);
}

Text get_remote_user(Request& request, std::string_view) {
  const std::optional<BasicCredentials> credentials = basic_credentials(request);
  if (!credentials) return std::nullopt;
  return credentials->user;
}

// --- files ------------------------------------------------------------------------------------------------------

Text get_document_root(Request& request, std::string_view) { return document_root(request); }

Text get_request_filename(Request& request, std::string_view) {
  const std::string_view path = map_uri_to_path(request, request.uri);
  if (path.empty()) return std::nullopt;
  return path;
}

// Resolved before: handle_realpath_root() asked for it, when the request came to the phase. One that ended before its head was
// whole came to none, and its log lines have no value.
Text get_realpath_root(Request& request, std::string_view) {
  const std::string_view root = document_root(request);
  if (root == request.resolved_root && request.resolved_root_error == 0) return request.real_root;
  if (root == request.resolved_root) {
    log_request(request, LogLevel::crit, request.arena.join({"realpath() \"", root, "\" failed"}), request.resolved_root_error);
  } else if (request.resolved_root.data() != nullptr) {
    log_request(request, LogLevel::error, request.arena.join({"\"", root, "\" became the document root too late for $realpath_root"}));
  }
  return std::nullopt;
}

// --- the rest ---------------------------------------------------------------------------------------------------

Text get_request_completion(Request& request, std::string_view) { return request.complete ? "OK" : ""; }

Text get_request_id(Request& request, std::string_view) {
  constexpr std::size_t kIdBytes = 16;
  unsigned char bytes[kIdBytes] = {};
  // Cannot fail or be cut short for so few bytes once the system has seeded its generator, which is long before this.
  if (getrandom(bytes, sizeof(bytes), 0) != static_cast<ssize_t>(sizeof(bytes))) return std::nullopt;
  char* const id = request.arena.take_bytes(2 * kIdBytes);
  char* out = id;
  for (const unsigned char byte : bytes) {
    *out++ = "0123456789abcdef"[byte >> 4];
    *out++ = "0123456789abcdef"[byte & 0xf];
  }
  return std::string_view(id, 2 * kIdBytes);
}

Text get_limit_rate(Request& request, std::string_view) {
  return request.arena.copy(fmt::format_int(request.limit_rate.value_or(0)).c_str());
}

Text not_found(Request&, std::string_view) { return std::nullopt; }

template <std::uint32_t tcp_info::*field>
Text get_tcpinfo(Request& request, std::string_view) {
  tcp_info info{};
  socklen_t length = sizeof(info);
  if (getsockopt(request.connection.socket_fd, IPPROTO_TCP, TCP_INFO, &info, &length) != 0) return std::nullopt;
  char text[kLogFieldBytesMax];
  return request.arena.copy({text, static_cast<std::size_t>(write_number(text, info.*field) - text)});
}

constexpr LogFieldRow kLogFields[] = {
    {"pipe", write_pipe},
    {"time_local", write_time_local},
    {"time_iso8601", write_time_iso8601},
    {"msec", write_msec},
    {"request_time", write_request_time},
    {"status", write_status},
    {"bytes_sent", write_bytes_sent},
    {"body_bytes_sent", write_body_bytes_sent},
    {"request_length", write_request_length},
};

constexpr bool kVolatile = true;

// ngx_http_core_variables, those of header fields aside.
constexpr VariableRow kRows[] = {
    {"content_length", get_content_length},
    {"host", get_host},
    {"binary_remote_addr", get_binary_remote_addr},
    {"remote_addr", get_remote_addr},
    {"remote_port", get_remote_port},
    {"proxy_protocol_addr", get_proxy_protocol_addr<&ProxyProtocolHeader::source_addr>},
    {"proxy_protocol_port", get_proxy_protocol_port<&ProxyProtocolHeader::source_port>},
    {"proxy_protocol_server_addr", get_proxy_protocol_addr<&ProxyProtocolHeader::destination_addr>},
    {"proxy_protocol_server_port", get_proxy_protocol_port<&ProxyProtocolHeader::destination_port>},
    {"proxy_protocol_tlv_", get_proxy_protocol_tlv, false, true},
    {"server_addr", get_server_addr},
    {"server_port", get_server_port},
    {"server_protocol", get_server_protocol},
    {"scheme", get_scheme},
    {"https", get_https},
    {"request_uri", get_request_uri},
    {"uri", get_uri, kVolatile},
    {"document_uri", get_uri, kVolatile},
    {"request", get_request},
    {"document_root", get_document_root, kVolatile},
    {"realpath_root", get_realpath_root, kVolatile},
    {"query_string", get_args, kVolatile},
    {"args", get_args, kVolatile},
    {"is_args", get_is_args, kVolatile},
    {"request_filename", get_request_filename, kVolatile},
    {"server_name", get_server_name},
    {"request_method", get_request_method, kVolatile},
    {"remote_user", get_remote_user},
    {"bytes_sent", written<write_bytes_sent>},
    {"body_bytes_sent", written<write_body_bytes_sent>},
    {"pipe", written<write_pipe>},
    {"request_completion", get_request_completion},
    {"request_body", not_found},
    {"request_body_file", not_found},
    {"request_length", written<write_request_length>, kVolatile},
    {"request_time", written<write_request_time>, kVolatile},
    {"request_id", get_request_id},
    {"status", written<write_status>, kVolatile},
    {"limit_rate", get_limit_rate, kVolatile},
    {"connection", written<write_connection>},
    {"connection_requests", written<write_connection_requests>},
    {"connection_time", written<write_connection_time>, kVolatile},
    {"nginx_version", get_nginx_version},
    {"hostname", get_hostname},
    {"pid", written<write_pid>},
    {"msec", written<write_msec>, kVolatile},
    {"time_iso8601", written<write_time_iso8601>, kVolatile},
    {"time_local", written<write_time_local>, kVolatile},
    {"tcpinfo_rtt", get_tcpinfo<&tcp_info::tcpi_rtt>, kVolatile},
    {"tcpinfo_rttvar", get_tcpinfo<&tcp_info::tcpi_rttvar>, kVolatile},
    {"tcpinfo_snd_cwnd", get_tcpinfo<&tcp_info::tcpi_snd_cwnd>, kVolatile},
    {"tcpinfo_rcv_space", get_tcpinfo<&tcp_info::tcpi_rcv_space>, kVolatile},
};

}  // namespace

std::span<const VariableRow> core_variables() { return kRows; }

std::span<const LogFieldRow> log_fields() { return kLogFields; }

}  // namespace uringx
