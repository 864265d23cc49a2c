// What Accept-Encoding says of one content coding (RFC 9110 section 12.5.3), read with nginx's leniencies and refusals. Pure,
// any thread.
#pragma once

#include <string_view>

namespace uringx {

// The quality of `coding` (lower case), in thousandths: 0 when it is not named (also not by "*", as with nginx), named with
// q=0, or followed by something that is no quality (ngx_http_gzip_accept_encoding, ngx_http_gzip_quantity).
int coding_quality(std::string_view accept_encoding, std::string_view coding);

}  // namespace uringx
