// Request targets: decoding and normalising them, escaping paths for what the server prints, host names. Pure
// functions, usable on any thread; results point into their argument, or into the arena given when a byte had
// to change.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string_view>

#include "base/arena.h"

namespace uringx {

struct ParsedUri {
  std::string_view uri = {};   // decoded, begins with "/" when it came from a request ($uri)
  std::string_view args = {};  // after "?", as sent ($args); no data when nothing follows it
  bool has_args = false;       // there was a "?", maybe with nothing after it
};

enum class UriError : std::uint8_t {
  bad_escape,  // "%" without two hexadecimal digits, or "%00"
  above_root,  // "/.." beyond "/"
  unsafe,      // parse_unsafe_uri only
};

// From a request's target (RequestHead::target) to $uri and $args, as ngx_http_parse_complex_uri: %XX decoded
// once,
// "/./" and "/../" resolved (after decoding), "//" merged when asked, cut at "#". An empty path before "?" is
// "/". nginx answers 400 "client sent invalid request" to errors, with an empty $uri.
std::expected<ParsedUri, UriError> parse_uri(std::string_view target, bool merge_slashes, Arena& arena);

// A URI that a configuration or a header names for an internal redirect, as ngx_http_parse_unsafe_uri:
// arguments split off, %XX decoded; empty ones, those with NUL or ".." as a path component are unsafe. nginx
// logs [error] unsafe URI "%V" was detected.
std::expected<ParsedUri, UriError> parse_unsafe_uri(std::string_view uri, Arena& arena);

// "/a?b" to "/a" and "b", nothing decoded (ngx_http_split_args).
ParsedUri split_args(std::string_view uri);

// The value of an argument, undecoded; names are compared without case (ngx_http_arg, $arg_name).
std::optional<std::string_view> find_arg(std::string_view args, std::string_view name);

// What follows the last dot of the last path component, unless the dot begins it (ngx_http_set_exten); else
// empty.
std::string_view uri_extension(std::string_view uri);

// nginx's NGX_ESCAPE_* sets.
enum class EscapeKind : std::uint8_t {
  uri,            // a path in Location: also " # % ? and blank
  args,           // an argument inside a query
  uri_component,  // everything but unreserved characters: autoindex links
  html,           // an attribute of a page: also quotes
  refresh,        // a URL in a meta refresh
};

// How many bytes would become %XX: the escaped text is 2 bytes longer for each.
std::size_t escape_count(std::string_view text, EscapeKind kind);

// Writes the escaped text and returns its end; `out` holds text.size() + 2 * escape_count().
char* escape_to(char* out, std::string_view text, EscapeKind kind);

// The text itself when nothing is to be escaped.
std::string_view escape(std::string_view text, EscapeKind kind, Arena& arena);

// & < > " as entities (ngx_escape_html); the text itself when there are none.
std::string_view escape_html(std::string_view text, Arena& arena);

// %XX decoded, malformed ones dropped as ngx_unescape_uri does; the text itself when there is no "%".
std::string_view unescape(std::string_view text, Arena& arena);

// The part before "?" with %XX decoded where that gives a visible character behind '%' (NGX_UNESCAPE_REDIRECT), so that
// what was escaped once too often in a redirect reads as it did; malformed ones are dropped as in unescape().
std::string_view unescape_redirect(std::string_view text, Arena& arena);

// Whether a target's path holds "%" or "+" (r->quoted_uri, r->plus_in_uri).
bool is_quoted_path(std::string_view target);

// The host name of a Host field or an absolute target as nginx compares it (ngx_http_validate_host): lower
// case, without port and trailing dot, an IPv6 literal in its brackets. Nothing for what is answered 400: an
// empty host, "..", "/", controls and blanks. What follows a colon is not looked at.
std::optional<std::string_view> validate_host(std::string_view host, Arena& arena);

}  // namespace uringx
