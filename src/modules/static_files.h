// static_files: the file that root or alias maps the URI to (ngx_http_static_module.c).
// No directives of its own: root, alias, sendfile and the like belong to the http core.
#pragma once

#include "modules/handler.h"

namespace uringx {

extern const Module kStaticFilesModule;

HandlerResult handle_static_file(Request& request, HandlerState& state, const HandlerInput& input);

// "HEX(mtime)-HEX(size)" in quotes, as ngx_http_set_etag makes it.
std::string_view make_etag(Arena& arena, std::time_t modified, std::uint64_t bytes);

}  // namespace uringx
