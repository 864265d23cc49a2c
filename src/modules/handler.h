// Handlers are the functions of modules that the phase engine calls in nginx's order, and what they may answer.
// Pure: a handler that needs a file asks for it by its result and is called again with the answer.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "modules/action.h"
#include "modules/request.h"

namespace uringx {

// Not mine: the next handler of the phase, or the next phase (NGX_DECLINED).
struct Declined {};

// In the access phase: this handler lets the request in (NGX_OK there).
struct Allowed {};

// Answer with this status and its error page (or error_page); 204 and the like end here too.
struct Finish {
  int status;
};

// ngx_http_internal_redirect: start over at the location choice with this uri.
struct InternalRedirect {
  std::string_view uri;
  std::string_view args;
};

// ngx_http_named_location: go on in location @name.
struct NamedRedirect {
  std::string_view name;
};

// The redirect to "uri?args" (ngx_http_split_args).
InternalRedirect redirect_to(std::string_view target);

using HandlerResult = std::variant<Declined, Allowed, Finish, InternalRedirect, NamedRedirect, ProbeFile, ReadDirectory,
                                   CheckPassword, ResolvePath, Wait, SendText, SendFile, CloseConnection>;

// What one handler remembers between being asked and being asked again; fresh for every handler of every pass.
struct HandlerState {
  unsigned step = 0;
  std::string_view path;
  void* memory = nullptr;  // the handler's own, in the request's arena
};

// One entry of a directory, names in memory of whoever read it.
struct DirectoryEntry {
  std::string_view name;
  bool is_directory = false;
  bool is_file = false;
  std::int64_t size = 0;
  std::time_t modified = 0;
};

// What is made of a directory's entries, on the thread that reads it: sorting and printing a hundred thousand of them would
// hold a worker for a third of a second. A module derives its own from it; `make` gets that back.
struct DirectoryWork {
  // Only whether it can be opened; the kinds of the entries, links being neither files nor directories; or all their
  // attributes, links followed.
  enum class Read : std::uint8_t { nothing, kinds, attributes } read = Read::nothing;
  // nullptr with Read::nothing. Names that begin with a dot are left out. May change the order of `entries`, and throw
  // std::bad_alloc only.
  std::string (*make)(const DirectoryWork& work, std::span<DirectoryEntry> entries) = nullptr;
};

// An entry whose attributes could not be read.
struct DirectoryFailure {
  std::string name;
  int error_number = 0;
};

// What the driver brings back: set is what was asked for last.
struct HandlerInput {
  const FileAnswer* file = nullptr;
  bool directory_read = false;           // the answer to ReadDirectory is here
  int directory_error = 0;               // errno of opendir()
  std::string_view directory_text = {};  // what DirectoryWork::make gave; lives until the answer was sent
  std::span<const DirectoryFailure> directory_failures = {};
  const PasswordAnswer* password = nullptr;
  const PathAnswer* path = nullptr;
};

using Handler = HandlerResult (*)(Request& request, HandlerState& state, const HandlerInput& input);

// nginx's order (ngx_http_phases). An internal redirect begins again at server_rewrite, one to a named location at
// rewrite.
enum class Phase : std::uint8_t {
  post_read, server_rewrite, find_location, rewrite, post_rewrite, preaccess, access, precontent, content
};
inline constexpr std::size_t kPhases = 9;

// A handler and the phase that calls it, in configurations where a directive of its module is written. Within a phase the
// module that registry.cc names last comes first, as with nginx.
struct HandlerRow {
  Phase phase;
  Handler handler;
  bool always = false;  // it has something to do without any directive
};

// Logs at `level` to the request's error log with nginx's context after it:
// ", client: ..., server: ..., request: "...", host: "..."". With an errno, its text precedes the context.
void log_request(const Request& request, LogLevel level, std::string_view message, int error_number = 0);

// Throws away what has come of the body, and what comes of it later (ngx_http_discard_request_body): before the answer's head is
// made, because of what $content_length shows. False: it is malformed, which was logged; the answer is 400, where it can be.
bool discard_body(Request& request);

// The file name that request.uri maps to in this location by root or alias (ngx_http_map_uri_to_path), NUL-terminated in
// the arena behind the view's end.
std::string_view map_uri_to_path(Request& request, std::string_view uri);
// The answer to a URI that maps to no path: why was logged by then. 404 where it led out of an alias.
Finish refuse_unmapped(const Request& request);
std::string_view document_root(Request& request);  // $document_root

}  // namespace uringx
