// Questions to an authority about a certificate and its answers (RFC 6960), without the wire between. Pure; on the thread of
// whoever asks: the one that fetches what is stapled, or a worker's.
#pragma once

#include <cstdint>
#include <expected>
#include <span>
#include <string>
#include <string_view>

#include "tls/ocsp_responder.h"

struct ssl_ctx_st;

namespace uringx {

struct OcspQuestion {
  x509_st* certificate;
  x509_st* issuer;
};

enum class CertificateStatus : std::uint8_t { good, revoked, unknown };

// An answer in DER, what it says, and until when it is good.
struct OcspAnswer {
  std::string bytes;
  std::int64_t valid_until_s = INT64_MAX;
  CertificateStatus status = CertificateStatus::good;
};

// Whose signature is taken.
struct OcspTrust {
  ssl_ctx_st* context;                    // with the certificates that an answer is verified by
  std::span<x509_st* const> known;        // others that may have signed
  unsigned long flags = 0;                // of OCSP_basic_verify()
};

// The request to the responder: a GET of HTTP/1.0 with the question in its path (ngx_ssl_ocsp_create_request). Empty when OpenSSL
// cannot make it.
std::string ocsp_request(const OcspQuestion& question, const OcspResponder& responder);

// The body of a whole HTTP response; the error is for the log (ngx_ssl_ocsp_process_status_line, _headers).
std::expected<std::string_view, std::string> ocsp_body(std::string_view response);

// What the answer says of the certificate, when it is in force and signed by who may (ngx_ssl_ocsp_verify).
std::expected<OcspAnswer, std::string> check_ocsp_answer(std::string_view body, const OcspQuestion& question,
                                                         const OcspTrust& trust);

// When to ask again: before it expires, at least once in an hour, at most once in five minutes.
std::int64_t ocsp_refresh_s(std::int64_t valid_until_s, std::int64_t now_s);

}  // namespace uringx
