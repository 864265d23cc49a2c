// Settings of nginx's http core module (ngx_http_core_module.c), at each of its three levels.
// Rows are in http_core.cc; who acts on a setting is named beside it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "http/conditional.h"
#include "http/error_page.h"
#include "modules/core_main.h"
#include "modules/handler.h"
#include "modules/module.h"
#include "modules/regex.h"
#include "modules/variables.h"

namespace uringx {

enum class Lingering : std::uint8_t { off, on, always };
enum class Satisfy : std::uint8_t { all, any };

// A size that may have variables (ngx_http_set_complex_value_size_slot); without a text it is 0.
struct SizeText {
  Template text;
  std::uint64_t constant = 0;  // where it has none

  // For this request; a text that is no size is logged, and 0.
  std::uint64_t evaluate(Request& request) const;
};

// Per server{} (nginx: ngx_http_core_srv_conf_t).
struct HttpCoreServer : Settings {
  static constexpr ModuleId kModule = ModuleId::http_core;

  struct Name {
    std::string text;  // in lower case; of a regex with its "~"
    std::optional<Regex> regex;
  };
  std::vector<Name> names;  // of server_name, in order of writing

  Setting<Milliseconds> client_header_timeout{Milliseconds{60'000}};
  Setting<Bytes> client_header_buffer_size{Bytes{1024}};
  Setting<BufferSet> large_client_header_buffers{BufferSet{4, 8192}};
  Setting<bool> ignore_invalid_headers{true};
  Setting<bool> underscores_in_headers{false};
  Setting<bool> merge_slashes{true};
  Setting<Number> max_headers{Number{1000}};
  Setting<Number> variables_hash_max_size{Number{1024}};   // of http{}; both checked only
  Setting<Number> variables_hash_bucket_size{Number{64}};
  Setting<Bytes> connection_pool_size{Bytes{512}};   // no meaning but for a check against large_client_header_buffers
};

// keepalive_timeout TIME [HEADER]
struct KeepaliveTimeout {
  Milliseconds timeout{75'000};
  Seconds header{0};  // 0: no Keep-Alive header
};

// keepalive_disable none | msie6 | safari
struct KeepaliveDisable {
  bool msie6 = true;
  bool safari = false;
  bool none = false;  // was written: a second one is worth a warning
};

// open_file_cache off | max=N [inactive=TIME]
struct OpenFileCacheSettings {
  std::uint64_t entries_max = 0;  // 0: off
  Seconds inactive{60};
};

// root or alias: one value, because they exclude each other and the inner one hides the outer one.
struct RootPath {
  Template path;              // full path, without trailing slash for root; as written for alias
  std::string full_constant;  // the path when it has no variables
  bool alias = false;
  std::size_t alias_bytes = 0;     // of the URI, that the alias stands for: its location's name, also in nested locations
  bool alias_of_regex = false;     // the alias is the whole file name
  std::string prefix;              // what a value that is relative once evaluated is joined to; ends in '/'
};

// Per location (nginx: ngx_http_core_loc_conf_t).
struct HttpCoreLocation : Settings {
  static constexpr ModuleId kModule = ModuleId::http_core;

  Setting<RootPath> root;
  Handler content_handler = nullptr;  // answers in the place of all content handlers; not inherited (clcf->handler)
  Setting<bool> internal{false};
  Setting<std::vector<ErrorLogTarget>> error_log;  // resolved into `error_log_targets` after the build
  ErrorLog error_log_targets;

  Setting<bool> sendfile{false};
  Setting<Bytes> sendfile_max_chunk{Bytes{2u << 20}};
  Setting<bool> tcp_nopush{false};
  Setting<bool> tcp_nodelay{true};
  Setting<Milliseconds> send_timeout{Milliseconds{60'000}};
  Setting<SizeText> limit_rate;
  Setting<SizeText> limit_rate_after;
  Setting<bool> reset_timedout_connection{false};
  Setting<Lingering> lingering_close{Lingering::on};
  Setting<Milliseconds> lingering_time{Milliseconds{30'000}};
  Setting<Milliseconds> lingering_timeout{Milliseconds{5'000}};
  Setting<KeepaliveTimeout> keepalive_timeout;
  Setting<Milliseconds> keepalive_time{Milliseconds{3'600'000}};
  Setting<Number> keepalive_requests{Number{1000}};
  Setting<Milliseconds> keepalive_min_timeout{Milliseconds{0}};  // so long no stop and no lack of places ends a connection
  Setting<KeepaliveDisable> keepalive_disable;
  Setting<Milliseconds> client_body_timeout{Milliseconds{60'000}};
  Setting<Offset> client_max_body_size{Offset{1u << 20}};

  Setting<ServerTokens> server_tokens{ServerTokens::on};
  Setting<bool> etag{true};
  Setting<IfModifiedSince> if_modified_since{IfModifiedSince::exact};
  Setting<Number> max_ranges{Number{-1}};  // -1: no limit
  Setting<bool> port_in_redirect{true};
  Setting<bool> absolute_redirect{true};
  Setting<bool> server_name_in_redirect{false};
  Setting<bool> msie_padding{true};
  Setting<bool> msie_refresh{false};
  Setting<bool> chunked_transfer_encoding{true};
  Setting<bool> log_not_found{true};
  Setting<bool> log_subrequest{false};
  Setting<Bytes> subrequest_output_buffer_size{Bytes{4096}};  // of a body that is kept (ngx_pagesize)
  Setting<bool> recursive_error_pages{false};
  Setting<Satisfy> satisfy{Satisfy::all};
  Setting<Milliseconds> auth_delay{Milliseconds{0}};
  Setting<bool> resolver{false};  // one is given
  Setting<Milliseconds> resolver_timeout{Milliseconds{30000}};

  Setting<OpenFileCacheSettings> open_file_cache;
  Setting<Seconds> open_file_cache_valid{Seconds{60}};
  Setting<Number> open_file_cache_min_uses{Number{1}};
  Setting<bool> open_file_cache_errors{false};
  Setting<std::optional<Offset>> directio;  // files from this size on are read past the page cache; nullopt: off
};

// How fast this answer may go, once its location is known (ngx_http_write_filter): request.limit_rate and limit_rate_after.
void choose_rate(Request& request);

extern const Module kHttpCoreModule;

}  // namespace uringx
