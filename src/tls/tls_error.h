// What OpenSSL's queue of errors says, in the words and levels of nginx's error log (ngx_ssl_error,
// ngx_ssl_connection_error). The queue is the calling thread's.
#pragma once

#include <string>

#include "base/error_log.h"

namespace uringx {

// `message` followed by " (SSL: error:0A000076:SSL routines::no suitable signature algorithm ...)", or alone when the
// queue is empty. Empties it.
std::string take_tls_errors(std::string message);

// The level of the newest error of a connection: info for what a client does to itself, else crit. Leaves the queue.
LogLevel tls_error_level();

}  // namespace uringx
