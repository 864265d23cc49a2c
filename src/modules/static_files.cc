#include "modules/static_files.h"

#include <cerrno>

#include "http/file_texts.h"
#include "http/uri.h"
#include "modules/http_core.h"
#include "modules/types.h"

namespace uringx {
namespace {

// How a failed open is told of, and answered.
struct Failure {
  int status;
  LogLevel level;
};

Failure failure_of(int error_number) {
  switch (error_number) {
    case ENOENT:
    case ENOTDIR:
    case ENAMETOOLONG:
      return {404, LogLevel::error};
    case EACCES:
    case ELOOP:
    case EMLINK:
      return {403, LogLevel::error};
    default:
      return {500, LogLevel::crit};
  }
}

void log_failed_open(const Request& request, std::string_view path, const FileAnswer& answer) {
  log_request(request, failure_of(answer.error_number).level,
              request.arena.join({answer.failed_call, " \"", path, "\" failed"}), answer.error_number);
}

HandlerResult refuse_open(Request& request, std::string_view path, const FileAnswer& answer) {
  const int status = failure_of(answer.error_number).status;
  if (status != 404 || *request.settings<HttpCoreLocation>().log_not_found) log_failed_open(request, path, answer);
  return Finish{status};
}

// A directory without the slash at its end: the client is told to add it.
HandlerResult redirect_to_directory(Request& request) {
  const std::string_view escaped = escape(request.uri, EscapeKind::uri, request.arena);
  request.response.location = request.args.empty()
                                  ? request.arena.join({escaped, "/"})
                                  : request.arena.join({escaped, "/?", request.args});
  return Finish{301};
}

constexpr HandlerRow kHandlers[] = {{.phase = Phase::content, .handler = handle_static_file, .always = true}};

std::span<const HandlerRow> handlers() { return kHandlers; }

}  // namespace

const Module kStaticFilesModule = {.id = ModuleId::static_files, .name = "static", .rows = {}, .handlers = handlers};

void set_file_head(Request& request, const FileAnswer& answer) {
  ResponseHead& response = request.response;
  request.action = kSendingResponse;
  request.file_info = answer.info;
  request.has_file_info = true;
  response.status = 200;
  response.content_length = answer.info.bytes;
  response.last_modified = answer.info.modified.tv_sec;
  // Of the request's own: its file may be closed, as that of an error page is opened, before the head is written.
  response.file_texts = answer.texts != nullptr
                            ? request.arena.make<FileTexts>(*answer.texts)
                            : request.arena.make<FileTexts>(answer.info.modified.tv_sec, static_cast<std::uint64_t>(answer.info.bytes));
  if (*request.settings<HttpCoreLocation>().etag) {
    response.fields_before_etag = response.fields.size();
    response.etag = response.file_texts->etag();
  }
  set_content_type(request);
}

void log_failed_probe(const Request& request, std::string_view path, const FileAnswer& answer) {
  if (failure_of(answer.error_number).status != 404) log_failed_open(request, path, answer);
}

HandlerResult refuse_irregular(const Request& request, std::string_view path) {
  log_request(request, LogLevel::crit, request.arena.join({"\"", path, "\" is not a regular file"}));
  return Finish{404};
}

HandlerResult handle_static_file(Request& request, HandlerState& state, const HandlerInput& input) {
  if (request.method != Method::get && request.method != Method::head && request.method != Method::post) {
    return Finish{405};
  }
  if (request.uri.ends_with('/')) return Declined{};
  if (input.file == nullptr) {
    state.path = map_uri_to_path(request, request.uri);
    if (state.path.empty()) return refuse_unmapped(request);
    return ProbeFile{state.path, false};
  }

  const FileAnswer& answer = *input.file;
  if (answer.error_number != 0) return refuse_open(request, state.path, answer);
  if (answer.is_directory()) return redirect_to_directory(request);
  if (!answer.is_file()) return refuse_irregular(request, state.path);
  if (request.method == Method::post) return Finish{405};
  if (!discard_body(request)) return Finish{400};

  set_file_head(request, answer);
  request.response.accept_ranges = true;
  return SendFile{};
}

}  // namespace uringx
