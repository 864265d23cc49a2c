// Request is one request as modules see it (nginx: ngx_http_request_t): what came in, where it was routed, the answer
// under construction. Owned by an Exchange, on its worker's thread; modules read and write it and never see a socket.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/arena.h"
#include "base/error_log.h"
#include "http/message.h"
#include "modules/body_filter.h"
#include "modules/file_info.h"
#include "modules/module.h"

namespace uringx {

class RouteTable;        // config/
class ServerBlock;       // config/
class VariableTable;     // modules/variables.h
struct SsiContext;       // modules/ssi_context.h
struct UserId;           // modules/userid.h
struct HeldConnections;  // modules/limit_conn.h
class TlsSession;        // tls/tls_session.h
struct ProxyProtocolHeader;  // http/proxy_protocol.h

// Where a client is, as rules, variables and logs see it.
struct ClientAddress {
  std::string_view text;                // "unix:" for unix sockets
  std::uint16_t port = 0;
  std::span<const std::uint8_t> bytes;  // 4 or 16, network order ($binary_remote_addr); 0 for unix
};

// What modules may know of the connection: plain data, filled by the server once.
struct ConnectionInfo {
  std::uint64_t number = 0;           // $connection
  ClientAddress peer;                 // who connected; who asks is Request::client
  const ProxyProtocolHeader* proxy_protocol = nullptr;  // with addresses, sent ahead of the first request
  std::string_view server_addr;       // the local address, text
  std::uint64_t requests = 0;         // $connection_requests, this one included
  std::int64_t start_msec = 0;        // wall clock milliseconds at accept ($connection_time)
  const TlsSession* tls_session = nullptr;  // with `tls`
  int socket_fd = -1;                 // only for $tcpinfo_*; modules do no I/O on it
  std::uint16_t server_port = 0;
  bool tls = false;
  bool debug = false;                 // debug_connection names it: the error log takes all its lines
};

// Wall clock of this loop turn, with texts formatted once a second by the worker.
struct WallClock {
  std::int64_t msec = 0;              // since the epoch
  std::int64_t steady_msec = 0;       // of a clock that nobody sets; the same for all processes (ngx_current_msec)
  std::string_view http_date;         // "Sun, 22 Nov 2026 12:01:00 GMT"
  std::string_view log_local;         // "22/Nov/2026:12:01:00 +0000"
  std::string_view iso8601;           // "2026-11-22T12:01:00+00:00"
};

// What stub_status shows, over all workers.
struct ConnectionStatistics {
  std::uint64_t accepted = 0;
  std::uint64_t handled = 0;
  std::uint64_t requests = 0;
  std::uint64_t active = 0;
  std::uint64_t reading = 0;
  std::uint64_t writing = 0;
  std::uint64_t waiting = 0;
};

// Process-wide facts variables ask for ($hostname, $pid, $nginx_version).
struct HostInfo {
  std::string_view hostname;
  int pid = 0;
  ConnectionStatistics (*connection_statistics)() = nullptr;
  const ErrorLog* error_log = nullptr;  // for what is no request's matter (nginx: that of the cycle)
};

// What became of a request at limit_req and limit_conn ($limit_req_status, $limit_conn_status); none: no key was counted.
enum class LimitStatus : std::uint8_t { none, passed, delayed, rejected, delayed_dry_run, rejected_dry_run };

// Who has the bytes that follow a head.
struct BodyBytes {
  void* owner = nullptr;
  bool (*discard)(void* owner) = nullptr;  // nullptr: there are none
};

// The cached value of a variable in this request.
struct VariableValue {
  enum class State : std::uint8_t { unknown, found, not_found } state = State::unknown;
  bool stored = false;  // by the configuration (set, a named capture): holds even for a volatile variable
  std::string_view text;
};

struct Request {
  Request(Arena& memory, const ConnectionInfo& connection_info, const WallClock& wall_clock, const HostInfo& host_facts)
      : arena(memory), connection(connection_info), clock(wall_clock), host_info(host_facts), client(&connection_info.peer), head(&memory), response(&memory) {}

  Arena& arena;
  const ConnectionInfo& connection;
  const WallClock& clock;
  const HostInfo& host_info;
  const ClientAddress* client;    // the connection's peer, or what realip found in its place for this request

  // --- what came in ---
  RequestHead head;
  std::string_view uri;           // decoded and normalised; changed by internal redirects ($uri)
  std::string_view args;          // $args
  std::string_view unparsed_uri;  // $request_uri; empty when the request line was refused
  std::string_view host;          // Host or authority, validated, lower case, without port; empty when none
  bool valid_unparsed_uri = true; // uri equals the target's path: may be used unescaped in redirects
  Method method = Method::unknown;  // may change to GET in an error_page redirect
  std::int64_t content_length = kUnknownLength;
  bool chunked_body = false;
  BodyBytes body;                 // for discard_body()
  std::int64_t start_msec = 0;    // wall clock at the first byte ($request_time counts from here)
  std::uint64_t request_bytes = 0;  // $request_length so far
  bool pipelined = false;         // its head was read together with the one before it ($pipe)
  std::string_view action;        // what the error log says was being done (" while ..."), e.g. kReadingRequestLine

  // --- a request inside another one (nginx: a subrequest) ---
  Request* parent = nullptr;      // whose body its own goes into; nullptr: it is a client's
  int subrequests_left = 51;      // how deep others may be inside it (NGX_HTTP_MAX_SUBREQUESTS + 1)
  bool body_is_kept = false;      // for its parent to use (r->subrequest_in_memory)
  const std::string* stub = nullptr;  // what it answers with instead of the page of a failure
  bool is_subrequest() const { return parent != nullptr; }
  Request& main() { return parent == nullptr ? *this : parent->main(); }

  // --- where it was routed ---
  const RouteTable* routes = nullptr;
  const ServerBlock* server_block = nullptr;
  const SettingsSet* server = nullptr;    // of the virtual server
  const SettingsSet* location = nullptr;  // of the location (of the server's outermost level before one is chosen)
  std::string_view location_name;         // as configured; needed by alias
  bool location_is_server = false;        // none was chosen: the server's outermost level
  bool location_is_exact = false;
  bool location_is_regex = false;
  bool location_is_named = false;
  const ErrorLog* error_log = nullptr;
  const VariableTable* variables = nullptr;
  std::string_view server_name;           // $server_name: the virtual server's first name

  // --- progress ---
  bool internal = false;          // an internal redirect happened: `internal` locations are open
  int uri_changes_left = 11;      // nginx's NGX_HTTP_MAX_URI_CHANGES + 1
  bool uri_changed = false;       // a rewrite gave it a new URI: the location is chosen anew (r->uri_changed)
  bool valid_location = true;     // false: a rewrite has changed the URI that the location was chosen by
  bool keep_alive = false;
  bool lingering_close = false;   // bytes of a body may still come: close the slow way (r->lingering_close)
  bool body_discarded = false;    // its body is being (or was) read and thrown away
  bool expect_tested = false;     // "100 Continue" was sent or is not to be sent any more
  bool error_page_active = false; // r->error_page: an error_page redirect happened (recursive_error_pages off stops more)
  bool header_only = false;       // HEAD
  UserId* user_id = nullptr;      // the client's number once asked for; an internal redirect forgets it
  bool trailers_expected = false; // fields may follow the body: it goes out in chunks (r->expect_trailers)
  bool add_uri_to_alias = false;  // set by try_files under a regex alias (r->add_uri_to_alias)
  LimitStatus limit_req_status = LimitStatus::none;   // not counted again after an internal redirect
  LimitStatus limit_conn_status = LimitStatus::none;
  const HeldConnections* held_connections = nullptr;  // what limit_conn counted; let go when the request ends
  int access_code = 0;            // r->access_code: the refusal that "satisfy any" holds back; 0: none
  int error_status = 0;           // r->err_status: the code the client gets whatever the content handler says; 0: none

  std::string_view secure_link_expires;  // null until $secure_link was asked for

  // --- captures of the last regex that matched: [n] is $n, [0] is unused; views into the arena ---
  std::span<const std::string_view> captures;
  std::span<VariableValue> variable_values;  // by variable index, made on first use
  std::string_view resolved_root;       // a document root that was resolved for $realpath_root ...
  std::string_view real_root;           // ... its path without links
  int resolved_root_error = 0;          // ... or why it has none
  int variable_depth_left = 100;  // of variables that need each other; at 0 it is a cycle (ngx_http_variable_depth)

  // --- the answer ---
  ResponseHead response;
  BodyFilters filters;            // what the body has to pass; header filters put them in
  std::optional<std::uint64_t> limit_rate;  // bytes a second, 0 for no limit; unset until `set $limit_rate` or the answer
  std::uint64_t limit_rate_after = 0;       // so many bytes go as fast as they can
  std::shared_ptr<SsiContext> ssi;  // of an answer with server side includes
  FileInfo file_info;             // of the file being served, valid when has_file_info
  bool has_file_info = false;
  bool complete = false;          // the whole answer was handed to the socket ($request_completion)
  std::uint64_t bytes_sent = 0;   // $bytes_sent: head and body put on the wire
  std::uint64_t head_bytes_sent = 0;  // $body_bytes_sent = bytes_sent - head_bytes_sent

  // Shorthand: this location's settings of module struct S.
  template <typename S>
  const S& settings() const { return location->get<S>(); }
  template <typename S>
  const S& server_settings() const { return server->get<S>(); }
};

}  // namespace uringx
