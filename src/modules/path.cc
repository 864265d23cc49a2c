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

// Whether one of the names between the slashes of `path` is "..".
bool climbs(std::string_view path) {
  for (std::size_t at = path.find(".."); at != std::string_view::npos; at = path.find("..", at + 1)) {
    const bool begins = at == 0 || path[at - 1] == '/';
    const bool ends = at + 2 == path.size() || path[at + 2] == '/';
    if (begins && ends) return true;
  }
  return false;
}

// The name that an alias and the rest of the URI make where they meet: ".." of "/y/" and "../z", or of "/y/." and "./z".
bool meet_in_parent(std::string_view folder, std::string_view rest) {
  const std::size_t slash = folder.rfind('/');
  const std::string_view before = folder.substr(slash == std::string_view::npos ? 0 : slash + 1);
  const std::string_view after = rest.substr(0, rest.find('/'));
  return !after.empty() && before.size() + after.size() == 2 && before.find_first_not_of('.') == std::string_view::npos &&
         after.find_first_not_of('.') == std::string_view::npos;
}

// A URI has no ".." left, but "location /x { alias /y/; }" makes "/y/../z" of "/x../z", and a capture that begins within a name
// may bring one into an alias as well. What index, try_files and other variables bring is the configuration's own affair.
bool leads_out(const RootPath& root, std::string_view folder, std::string_view uri, std::string_view rest) {
  if (root.alias_of_regex) return !root.path.constant() && !climbs(root.path.source()) && climbs(folder);
  return root.alias_bytes != 0 && uri[root.alias_bytes - 1] != '/' && meet_in_parent(folder, rest);
}

// An alias and what follows it as one path, or nothing.
std::string_view aliased(Request& request, const RootPath& root, std::string_view uri, std::string_view rest) {
  const std::string_view folder = evaluate_root(request, root);
  if (!leads_out(root, folder, uri, rest)) [[likely]] return terminated(request.arena, {folder, rest});
  log_request(request, LogLevel::error,
              request.arena.join({"\"", folder, rest, "\" leads out of the alias of location \"", request.location_name, "\""}));
  return {};
}

}  // namespace

std::string_view document_root(Request& request) {
  return evaluate_root(request, *request.settings<HttpCoreLocation>().root);
}

std::string_view map_uri_to_path(Request& request, std::string_view uri) {
  const RootPath& root = *request.settings<HttpCoreLocation>().root;
  if (!root.alias) return terminated(request.arena, {evaluate_root(request, root), uri});
  // The URI that the location was chosen by is gone: its beginning is no longer what the alias stands for. (A shorter one
  // must not make the subtraction wrap round, whatever happened to it.)
  if (!request.valid_location || (!root.alias_of_regex && root.alias_bytes > uri.size())) {
    log_request(request, LogLevel::alert,
                request.arena.join({"\"alias\" cannot be used in location \"", request.location_name,
                                    "\" where URI was rewritten"}));
    return {};
  }
  if (root.alias_of_regex) {  // the whole name, unless try_files put a name behind it
    return aliased(request, root, uri, request.add_uri_to_alias ? uri : std::string_view());
  }
  return aliased(request, root, uri, uri.substr(root.alias_bytes));
}

Finish refuse_unmapped(const Request& request) {
  const RootPath& root = *request.settings<HttpCoreLocation>().root;
  const bool rewritten = !request.valid_location || (!root.alias_of_regex && root.alias_bytes > request.uri.size());
  return Finish{rewritten ? 500 : 404};
}

}  // namespace uringx
