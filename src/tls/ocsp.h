// Questions to an authority about a certificate and its answers (RFC 6960), without the wire between. Pure; on the thread that
// fetches.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

#include "tls/stapling.h"

namespace uringx {

// The request to the responder: a GET of HTTP/1.0 with the question in its path (ngx_ssl_ocsp_create_request). Empty when OpenSSL
// cannot make it.
std::string ocsp_request(const Stapling::Staple& staple);

// The body of a whole HTTP response; the error is for the log (ngx_ssl_ocsp_process_status_line, _headers).
std::expected<std::string_view, std::string> ocsp_body(std::string_view response);

// What the answer says, when it is about the certificate, in force and `good` (ngx_ssl_stapling_ocsp_handler).
std::expected<OcspAnswer, std::string> check_ocsp_answer(std::string_view body, const Stapling::Staple& staple);

// When to ask again: before it expires, at least once in an hour, at most once in five minutes.
std::int64_t ocsp_refresh_s(std::int64_t valid_until_s, std::int64_t now_s);

}  // namespace uringx
