// The secrets of sessions go to a file, for a program that looks at what was captured on the wire (ssl_key_log). It is one of the
// configuration's log files: a worker's lines are written through its ring, whole and in order.
#pragma once

struct ssl_ctx_st;

namespace uringx {

// Sessions of a TlsContext's handle write to its key_log.
void install_key_log(ssl_ctx_st* context);

}  // namespace uringx
