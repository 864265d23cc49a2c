// Stapling is the answers of certificate authorities about a server's own certificates, sent along with them
// (ngx_event_openssl_stapling.c). Part of a TlsContext; an answer from a file is read on the main thread while the configuration
// is read, one from a responder is put in its place by a thread that fetches it; sessions read it on any worker's thread.
#pragma once

#include <atomic>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tls/ocsp.h"
#include "tls/owned.h"

namespace uringx {

class Stapling {
 public:
  // Where the answer about one certificate comes from.
  struct Staple {
    TlsOwned<x509_st> certificate;
    TlsOwned<x509_st> issuer;  // with a responder
    std::optional<OcspResponder> responder;  // nullopt: the answer came from a file
    std::string name;                // of the certificate, for the log
    ssl_ctx_st* context = nullptr;   // with the certificates that an answer is verified by
    bool verify = false;             // ssl_stapling_verify
    std::atomic<std::shared_ptr<const OcspAnswer>> answer;
  };

  // An answer of the responder, if it says that the certificate is good. The error is a line for the log
  // (ngx_ssl_stapling_ocsp_handler).
  static std::expected<OcspAnswer, std::string> check(std::string_view body, const Staple& staple);

  // An answer in a file. The error is a line for the log: `BIO_new_file("PATH") failed (SSL: ...)`.
  static std::expected<OcspAnswer, std::string> read(const std::string& path);

  void add(std::unique_ptr<Staple> staple) { staples_.push_back(std::move(staple)); }
  const std::vector<std::unique_ptr<Staple>>& staples() const { return staples_; }

  // Sessions of a TlsContext's handle are given its stapling's answers.
  static void install(ssl_ctx_st* context);

 private:
  std::vector<std::unique_ptr<Staple>> staples_;
};

}  // namespace uringx
