#include "modules/handler.h"
#include "modules/http_core.h"

namespace uringx {
namespace {

std::string_view terminated(Arena& arena, std::initializer_list<std::string_view> parts) {
  std::size_t size = 0;
  for (const std::string_view part : parts) size += part.size();
  char* const text = arena.take_bytes(size + 1);
  char* to = text;
  for (const std::string_view part : parts) to += part.copy(to, part.size());
  *to = '\0';
  return {text, size};
}

// The root or alias as an absolute path (ngx_get_full_name for one that began with a variable).
std::string_view evaluate_root(Request& request, const RootPath& root) {
  if (root.path.constant()) return root.full_constant;
  const std::string_view path = root.path.evaluate(request);
  if (path.starts_with('/')) return path;
  return request.arena.join({root.prefix, path});
}

}  // namespace

std::string_view document_root(Request& request) {
  return evaluate_root(request, *request.settings<HttpCoreLocation>().root);
}

std::string_view map_uri_to_path(Request& request, std::string_view uri) {
  const RootPath& root = *request.settings<HttpCoreLocation>().root;
  const std::string_view folder = evaluate_root(request, root);
  if (!root.alias) return terminated(request.arena, {folder, uri});
  // The URI that the location was chosen by is gone: its beginning is no longer what the alias stands for. (A shorter one
  // must not make the subtraction wrap round, whatever happened to it.)
  if (!request.valid_location || (!root.alias_of_regex && root.alias_bytes > uri.size())) {
    log_request(request, LogLevel::alert,
                request.arena.join({"\"alias\" cannot be used in location \"", request.location_name,
                                    "\" where URI was rewritten"}));
    return {};
  }
  if (root.alias_of_regex) {  // the whole name, unless try_files put a name behind it
    return terminated(request.arena, {folder, request.add_uri_to_alias ? uri : std::string_view()});
  }
  return terminated(request.arena, {folder, uri.substr(root.alias_bytes)});
}

}  // namespace uringx
