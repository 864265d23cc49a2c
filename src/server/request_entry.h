// What HTTP/1 and HTTP/2 do alike before the phases: the virtual server of a request, and what TLS demands of it.
// On the connection's worker's thread.
#pragma once

#include <string_view>

#include "modules/request.h"

namespace uringx {

class Connection;

// The status of a request that is refused and why, for the error log at [info]; 0: it may go on.
struct EntryRefusal {
  int status = 0;
  std::string_view why;  // constant, or in the request's arena

  explicit operator bool() const { return status != 0; }
};

// Makes `host` (validated, lower case) the request's, and the server of that name its server
// (ngx_http_set_virtual_server). Refuses with 421 a server that asks for client certificates under another name than the
// one that the handshake was for.
EntryRefusal choose_server(Connection& connection, Request& request, std::string_view host);

// What TLS says against a request whose head is whole: 497 without TLS where it is spoken, 495 and 496 about the client's
// certificate (ngx_http_process_request).
EntryRefusal check_tls(const Connection& connection, Request& request);

}  // namespace uringx
