// OpenSSL's objects with an owner: TlsOwned frees what OpenSSL counts references of. Usable without OpenSSL's headers; from
// any thread.
#pragma once

#include <memory>

struct bio_st;
struct evp_pkey_st;
struct ocsp_response_st;
struct ssl_ctx_st;
struct ssl_session_st;
struct stack_st_X509;
struct x509_st;

namespace uringx {

struct TlsDelete {
  void operator()(bio_st* bio) const;
  void operator()(evp_pkey_st* key) const;
  void operator()(ocsp_response_st* response) const;
  void operator()(ssl_ctx_st* context) const;
  void operator()(ssl_session_st* session) const;
  void operator()(stack_st_X509* certificates) const;  // and what it holds
  void operator()(x509_st* certificate) const;
};

template <typename T>
using TlsOwned = std::unique_ptr<T, TlsDelete>;

}  // namespace uringx
