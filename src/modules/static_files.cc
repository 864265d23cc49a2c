#include "modules/static_files.h"

#include <fmt/format.h>

#include <cerrno>

#include "http/uri.h"
#include "modules/http_core.h"
#include "modules/types.h"

namespace uringx {
namespace {

// An open that failed, as a status and a log line.
HandlerResult refuse_open(Request& request, std::string_view path, const FileAnswer& answer) {
  int status = 500;
  LogLevel level = LogLevel::crit;
  switch (answer.error_number) {
    case ENOENT:
    case ENOTDIR:
    case ENAMETOOLONG:
      level = LogLevel::error;
      status = 404;
      break;
    case EACCES:
    case ELOOP:
    case EMLINK:
      level = LogLevel::error;
      status = 403;
      break;
    default:
      break;
  }
  if (status != 404 || *request.settings<HttpCoreLocation>().log_not_found) {
    log_request(request, level, request.arena.join({answer.failed_call, " \"", path, "\" failed"}), answer.error_number);
  }
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

std::string_view make_etag(Arena& arena, std::time_t modified, std::uint64_t bytes) {
  char text[48];
  const auto end = fmt::format_to(text, "\"{:x}-{:x}\"", static_cast<std::uint64_t>(modified), bytes);
  return arena.copy({text, static_cast<std::size_t>(end - text)});
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
  if (!answer.is_file()) {
    log_request(request, LogLevel::crit, request.arena.join({"\"", state.path, "\" is not a regular file"}));
    return Finish{404};
  }
  if (request.method == Method::post) return Finish{405};

  const auto& core = request.settings<HttpCoreLocation>();
  ResponseHead& response = request.response;
  request.file_info = answer.info;
  request.has_file_info = true;
  response.status = 200;
  response.content_length = answer.info.st_size;
  response.last_modified = answer.info.st_mtime;
  if (*core.etag) {
    response.fields_before_etag = response.fields.size();
    response.etag = make_etag(request.arena, answer.info.st_mtime, static_cast<std::uint64_t>(answer.info.st_size));
  }
  set_content_type(request);
  response.accept_ranges = true;
  return SendFile{};
}

}  // namespace uringx
