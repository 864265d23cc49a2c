// OcspValidation finds out whether a client's certificate was revoked (ssl_ocsp, ngx_ssl_ocsp_validate): which questions are to
// be asked, and what the answers make of the session. It asks nobody itself. Owned by who does, on the session's worker.
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tls/ocsp_cache.h"
#include "tls/ocsp_responder.h"
#include "tls/owned.h"

struct ssl_st;

namespace uringx {

// ssl_ocsp of one server, part of its TlsContext.
struct OcspPolicy {
  bool leaf_only = false;
  std::optional<OcspResponder> responder;  // ssl_ocsp_responder; else each certificate names its own
  std::vector<OcspAddress> addresses;      // of that responder, when the configuration was read
  std::unique_ptr<OcspCache> cache;        // nullptr: every handshake asks
};

class OcspValidation {
 public:
  // Of a session whose handshake is done; nullptr: there is nothing to ask. The error is a line for the log: there can be no
  // verdict, and the session has to end.
  static std::expected<std::unique_ptr<OcspValidation>, std::string> begin(ssl_st* session);

  // Goes to the next question that has to be asked; false: there is none any more. The error is a line for the log, and the
  // verdict that nobody could be asked.
  std::expected<bool, std::string> next(std::int64_t now_s);

  // The question.
  const OcspResponder& responder() const { return responder_; }
  // Addresses of the responder that are known, perhaps none.
  std::vector<OcspAddress> addresses() const;
  std::string request() const { return ocsp_request(question(), responder_); }

  // What the responder said. False: that is the verdict. The error is as next()'s.
  std::expected<bool, std::string> take(std::string_view answer, std::int64_t now_s);
  // Nobody answered: the verdict is that.
  void fail();

 private:
  OcspValidation(ssl_st* session, const OcspPolicy& policy, TlsOwned<stack_st_X509> chain);
  OcspQuestion question() const;
  std::expected<void, std::string> choose_responder();
  std::unexpected<std::string> failed(std::string line);
  bool is_good(CertificateStatus status);

  ssl_st* session_;
  const OcspPolicy& policy_;
  const TlsOwned<stack_st_X509> chain_;  // from the client's to the one that is trusted
  int certificate_ = -1;                 // of the chain: the one asked about
  OcspResponder responder_;
};

// Why a client whose certificate OpenSSL found good is not to be trusted after all: "certificate revoked", "certificate status
// request failed"; nullptr: nothing is held against it (ngx_ssl_ocsp_get_status).
const char* ocsp_fault(const ssl_st* session);

}  // namespace uringx
