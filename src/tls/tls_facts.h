// What is known of a TLS session and of the client's certificate, as the variables $ssl_... say it (ngx_ssl_get_protocol and
// those that follow it). Functions on the session, on its worker's thread; texts are appended to a string, and an empty text is
// "not found".
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/error_log.h"
#include "tls/context_builder.h"

struct ssl_st;

namespace uringx {

struct TlsFactSource {
  ssl_st* session;
  std::int64_t now_s;  // wall clock
};

struct TlsFact {
  std::string_view name;  // without "ssl_"
  std::string (*text)(const TlsFactSource& source);
  bool changes = false;    // may be another one later in the session
  bool always = false;     // found even when it is empty
};

// One for each variable, in the order of ngx_http_ssl_vars.
std::span<const TlsFact> tls_facts();

// What is wrong with the client's certificate where one is wanted (ngx_http_process_request): 0 nothing, else the status to
// answer with, and the line for the error log at info.
struct ClientCertificateFault {
  int status = 0;  // 495 SSL Certificate Error, 496 No Required SSL Certificate
  std::string log_text{};
};
ClientCertificateFault check_client_certificate(ssl_st* session, ClientVerification verification);

}  // namespace uringx
