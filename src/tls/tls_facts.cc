#include "tls/tls_facts.h"

#include <fmt/format.h>
#include <openssl/bio.h>
#include <openssl/obj_mac.h>
#include <openssl/objects.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <algorithm>
#include <ctime>
#include <vector>

#include "tls/ocsp_validation.h"
#include "tls/owned.h"
#include "tls/tls_context.h"

namespace uringx {
namespace {

using Source = TlsFactSource;
using Certificate = TlsOwned<X509>;

Certificate certificate_of(const Source& source) { return Certificate(SSL_get1_peer_certificate(source.session)); }

std::string hex(std::span<const unsigned char> bytes) {
  std::string text;
  for (const unsigned char byte : bytes) text += fmt::format("{:02x}", byte);
  return text;
}

// What `print` writes to a BIO in memory.
template <typename Print>
std::string printed(Print&& print) {
  const TlsOwned<BIO> bio(BIO_new(BIO_s_mem()));
  if (bio == nullptr) return {};
  print(bio.get());
  char* data = nullptr;
  const long bytes = BIO_get_mem_data(bio.get(), &data);
  return bytes <= 0 ? std::string() : std::string(data, static_cast<std::size_t>(bytes));
}

// A value of the client's certificate; empty without one.
template <typename Get>
std::string of_certificate(const Source& source, Get&& get) {
  const Certificate certificate = certificate_of(source);
  return certificate == nullptr ? std::string() : get(certificate.get());
}

// --- the session -------------------------------------------------------------------------------------------------

std::string protocol(const Source& source) { return SSL_get_version(source.session); }
std::string cipher(const Source& source) { return SSL_get_cipher_name(source.session); }

// All the client offered, those nobody knows in hexadecimal.
std::string ciphers(const Source& source) {
  const auto width = static_cast<std::size_t>(SSL_get0_raw_cipherlist(source.session, nullptr));
  unsigned char* raw = nullptr;
  const long bytes = static_cast<long>(SSL_get0_raw_cipherlist(source.session, &raw));
  std::string text;
  for (std::size_t at = 0; bytes > 0 && at + width <= static_cast<std::size_t>(bytes); at += width) {
    if (!text.empty()) text += ':';
    const SSL_CIPHER* const known = SSL_CIPHER_find(source.session, raw + at);
    text += known != nullptr ? SSL_CIPHER_get_name(known) : "0x" + hex({raw + at, width});
  }
  return text;
}

// ngx_ssl_get_curve.
std::string group_name(int nid) {
  if ((nid & TLSEXT_nid_unknown) != 0) return fmt::format("0x{:04x}", nid & 0xffff);
  const char* const name = OBJ_nid2sn(nid);
  return name == nullptr ? "" : name;
}

std::string curve(const Source& source) {
  const int nid = static_cast<int>(SSL_get_negotiated_group(source.session));
  return nid == NID_undef ? "" : group_name(nid);
}

std::string curves(const Source& source) {
  const auto count = SSL_get1_groups(source.session, nullptr);
  if (count <= 0) return {};
  std::vector<int> nids(static_cast<std::size_t>(count));
  SSL_get1_groups(source.session, nids.data());
  std::string text;
  for (const int nid : nids) text += (text.empty() ? "" : ":") + group_name(nid);
  return text;
}

std::string session_id(const Source& source) {
  const SSL_SESSION* const session = SSL_get0_session(source.session);
  if (session == nullptr) return {};
  unsigned bytes = 0;
  const unsigned char* const id = SSL_SESSION_get_id(session, &bytes);
  return hex({id, bytes});
}

std::string session_reused(const Source& source) { return SSL_session_reused(source.session) ? "r" : "."; }
std::string early_data(const Source& source) { return SSL_is_init_finished(source.session) ? "" : "1"; }

std::string server_name(const Source& source) {
  const char* const name = SSL_get_servername(source.session, TLSEXT_NAMETYPE_host_name);
  return name == nullptr ? "" : name;
}

std::string alpn_protocol(const Source& source) {
  const unsigned char* text = nullptr;
  unsigned bytes = 0;
  SSL_get0_alpn_selected(source.session, &text, &bytes);
  return std::string(reinterpret_cast<const char*>(text), bytes);
}

std::string signature_name(int nid) {
  if (nid == NID_undef) return {};
  const char* const name = OBJ_nid2sn(nid);
  return name == nullptr ? fmt::format("0x{:04x}", nid & 0xffff) : name;
}

std::string sigalg(const Source& source) {
  int nid = NID_undef;
  SSL_get_signature_type_nid(source.session, &nid);
  return signature_name(nid);
}

std::string client_sigalg(const Source& source) {
  int nid = NID_undef;
  SSL_get_peer_signature_type_nid(source.session, &nid);
  return signature_name(nid);
}

// Encrypted Client Hello: OpenSSL 3.0 has none.
std::string nothing(const Source&) { return {}; }

// --- the client's certificate ------------------------------------------------------------------------------------

std::string raw_certificate(const Source& source) {
  return of_certificate(source, [](X509* one) { return printed([one](BIO* bio) { PEM_write_bio_X509(bio, one); }); });
}

// Every line but the first begins with a tab, so that it may stand in a header field.
std::string folded_certificate(const Source& source) {
  std::string raw = raw_certificate(source);
  if (raw.empty()) return raw;
  raw.pop_back();
  std::string text;
  for (const char c : raw) {
    text += c;
    if (c == '\n') text += '\t';
  }
  return text;
}

// NGX_ESCAPE_URI_COMPONENT.
std::string escaped_certificate(const Source& source) {
  const auto plain = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-' || c == '.' ||
           c == '_' || c == '~';
  };
  std::string text;
  for (const char c : raw_certificate(source)) {
    if (plain(c)) text += c;
    else text += fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return text;
}

std::string rfc2253(const X509_NAME* name) {
  return printed([name](BIO* bio) { X509_NAME_print_ex(bio, name, 0, XN_FLAG_RFC2253); });
}

std::string legacy(const X509_NAME* name) {
  char* const line = X509_NAME_oneline(name, nullptr, 0);
  if (line == nullptr) return {};
  std::string text = line;
  OPENSSL_free(line);
  return text;
}

std::string subject(const Source& source) {
  return of_certificate(source, [](X509* one) { return rfc2253(X509_get_subject_name(one)); });
}
std::string issuer(const Source& source) {
  return of_certificate(source, [](X509* one) { return rfc2253(X509_get_issuer_name(one)); });
}
std::string legacy_subject(const Source& source) {
  return of_certificate(source, [](X509* one) { return legacy(X509_get_subject_name(one)); });
}
std::string legacy_issuer(const Source& source) {
  return of_certificate(source, [](X509* one) { return legacy(X509_get_issuer_name(one)); });
}

std::string serial(const Source& source) {
  return of_certificate(source, [](X509* one) {
    return printed([one](BIO* bio) { i2a_ASN1_INTEGER(bio, X509_get0_serialNumber(one)); });
  });
}

std::string fingerprint(const Source& source) {
  return of_certificate(source, [](X509* one) {
    unsigned char bytes[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    return X509_digest(one, EVP_sha1(), bytes, &size) == 0 ? std::string() : hex({bytes, size});
  });
}

std::string client_verify(const Source& source) {
  if (certificate_of(source) == nullptr) return "NONE";
  const long result = SSL_get_verify_result(source.session);
  const char* const fault = result == X509_V_OK ? ocsp_fault(source.session) : X509_verify_cert_error_string(result);
  return fault == nullptr ? "SUCCESS" : fmt::format("FAILED:{}", fault);
}

std::string time_text(const ASN1_TIME* time) {
  return printed([time](BIO* bio) { ASN1_TIME_print(bio, time); });
}

std::string valid_from(const Source& source) {
  return of_certificate(source, [](X509* one) { return time_text(X509_get0_notBefore(one)); });
}
std::string valid_until(const Source& source) {
  return of_certificate(source, [](X509* one) { return time_text(X509_get0_notAfter(one)); });
}

// Whole days.
std::string valid_days(const Source& source) {
  return of_certificate(source, [&source](X509* one) -> std::string {
    constexpr std::int64_t kDaySeconds = 86400;
    std::tm fields{};
    if (ASN1_TIME_to_tm(X509_get0_notAfter(one), &fields) != 1) return {};
    const std::int64_t end_s = timegm(&fields);
    return end_s < source.now_s + kDaySeconds ? "0" : fmt::format("{}", (end_s - source.now_s) / kDaySeconds);
  });
}

constexpr TlsFact kFacts[] = {
    {"protocol", protocol, false, true},
    {"cipher", cipher, false, true},
    {"ciphers", ciphers},
    {"curve", curve},
    {"curves", curves},
    {"sigalg", sigalg},
    {"session_id", session_id},
    {"session_reused", session_reused},
    {"early_data", early_data, true},
    {"server_name", server_name},
    {"alpn_protocol", alpn_protocol},
    {"ech_status", nothing},
    {"ech_outer_server_name", nothing},
    {"client_cert", folded_certificate},
    {"client_raw_cert", raw_certificate},
    {"client_escaped_cert", escaped_certificate},
    {"client_s_dn", subject},
    {"client_i_dn", issuer},
    {"client_s_dn_legacy", legacy_subject},
    {"client_i_dn_legacy", legacy_issuer},
    {"client_serial", serial},
    {"client_fingerprint", fingerprint},
    {"client_verify", client_verify},
    {"client_v_start", valid_from},
    {"client_v_end", valid_until},
    {"client_v_remain", valid_days},
    {"client_sigalg", client_sigalg},
};

// ngx_ssl_verify_error_optional: what only the missing authority is to blame for.
bool is_authority_missing(long result) {
  return result == X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT || result == X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN ||
         result == X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY || result == X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE;
}

// ngx_ssl_remove_cached_session: who was not let in does not come back to the same session.
void forget(SSL* session) {
  const TlsContext* const context = TlsContext::began_with(session);
  if (context != nullptr) SSL_CTX_remove_session(context->handle(), SSL_get0_session(session));
}

}  // namespace

std::span<const TlsFact> tls_facts() { return kFacts; }

ClientCertificateFault check_client_certificate(ssl_st* session, ClientVerification verification) {
  constexpr int kCertificateError = 495;
  constexpr int kNoCertificate = 496;
  if (verification == ClientVerification::off) return {};
  const long result = SSL_get_verify_result(session);
  const bool lenient = verification == ClientVerification::optional_no_ca;
  if (result != X509_V_OK && !(lenient && is_authority_missing(result))) {
    forget(session);
    return {kCertificateError, fmt::format("client SSL certificate verify error: ({}:{})", result,
                                           X509_verify_cert_error_string(result))};
  }
  if (verification == ClientVerification::on && Certificate(SSL_get1_peer_certificate(session)) == nullptr) {
    forget(session);
    return {kNoCertificate, "client sent no required SSL certificate"};
  }
  if (const char* const fault = ocsp_fault(session)) {
    forget(session);
    return {kCertificateError, fmt::format("client SSL certificate verify error: {}", fault)};
  }
  return {};
}

}  // namespace uringx
