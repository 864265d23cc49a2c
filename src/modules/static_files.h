// static_files: the file that root or alias maps the URI to (ngx_http_static_module.c).
// No directives of its own: root, alias, sendfile and the like belong to the http core.
#pragma once

#include "modules/handler.h"

namespace uringx {

// What the error log says is being done from the moment a file is about to be sent.
inline constexpr std::string_view kSendingResponse = "sending response to client";

extern const Module kStaticFilesModule;

HandlerResult handle_static_file(Request& request, HandlerState& state, const HandlerInput& input);

// Begins the answer that the file just opened is: status, length, validators and type.
void set_file_head(Request& request, const FileAnswer& answer);

// An open that failed, in the error log; a file that is not there is worth no line.
void log_failed_probe(const Request& request, std::string_view path, const FileAnswer& answer);
// What is neither file nor directory.
HandlerResult refuse_irregular(const Request& request, std::string_view path);

}  // namespace uringx
