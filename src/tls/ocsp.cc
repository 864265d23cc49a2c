#include "tls/ocsp.h"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/ocsp.h>
#include <openssl/ssl.h>
#include <strings.h>

#include <algorithm>
#include <ctime>

#include "tls/owned.h"
#include "tls/tls_error.h"

namespace uringx {
namespace {

using OwnedRequest = std::unique_ptr<OCSP_REQUEST, void (*)(OCSP_REQUEST*)>;
using OwnedBasic = std::unique_ptr<OCSP_BASICRESP, void (*)(OCSP_BASICRESP*)>;
using OwnedId = std::unique_ptr<OCSP_CERTID, void (*)(OCSP_CERTID*)>;

OwnedId id_of(const OcspQuestion& question) {
  return {OCSP_cert_to_id(nullptr, question.certificate, question.issuer), OCSP_CERTID_free};
}

// Base64, with what has a meaning in a path quoted (NGX_ESCAPE_URI_COMPONENT).
std::string path_text(const unsigned char* bytes, int size) {
  std::string encoded(static_cast<std::size_t>((size + 2) / 3 * 4 + 1), '\0');
  const int count = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(encoded.data()), bytes, size);
  encoded.resize(static_cast<std::size_t>(count));
  std::string text;
  for (const char c : encoded) {
    if (c == '+' || c == '/' || c == '=') text += fmt::format("%{:02X}", c);
    else text += c;
  }
  return text;
}

std::unexpected<std::string> failed(std::string_view call) {
  return std::unexpected(take_tls_errors(fmt::format("{}() failed", call)));
}

// Who signed the answer: the issuer, or somebody whom it named.
bool verify(OCSP_BASICRESP* basic, const OcspTrust& trust) {
  STACK_OF(X509)* const known = sk_X509_new_null();
  if (known == nullptr) return false;
  bool sound = std::ranges::all_of(trust.known, [known](X509* one) { return sk_X509_push(known, one) != 0; });
  sound = sound && OCSP_basic_verify(basic, known, SSL_CTX_get_cert_store(trust.context), trust.flags) == 1;
  sk_X509_free(known);
  return sound;
}

CertificateStatus status_of(int number) {
  if (number == V_OCSP_CERTSTATUS_GOOD) return CertificateStatus::good;
  return number == V_OCSP_CERTSTATUS_REVOKED ? CertificateStatus::revoked : CertificateStatus::unknown;
}

}  // namespace

std::string ocsp_request(const OcspQuestion& question, const OcspResponder& responder) {
  const OwnedRequest request(OCSP_REQUEST_new(), OCSP_REQUEST_free);
  OwnedId id = id_of(question);
  if (request == nullptr || id == nullptr || OCSP_request_add0_id(request.get(), id.get()) == nullptr) return {};
  (void)id.release();  // the request's
  unsigned char* bytes = nullptr;
  const int size = i2d_OCSP_REQUEST(request.get(), &bytes);
  if (size <= 0) return {};
  const std::string text = path_text(bytes, size);
  OPENSSL_free(bytes);
  const std::string_view between = responder.path.ends_with('/') ? "" : "/";
  return fmt::format("GET {}{}{} HTTP/1.0\r\nHost: {}\r\n\r\n", responder.path, between, text, responder.host);
}

std::expected<std::string_view, std::string> ocsp_body(std::string_view response) {
  bool complete = true;
  const auto next_line = [&response, &complete] {
    const std::size_t end = response.find('\n');
    std::string_view line = response.substr(0, end);
    complete = end != std::string_view::npos;
    response.remove_prefix(complete ? end + 1 : response.size());
    if (line.ends_with('\r')) line.remove_suffix(1);
    return line;
  };
  const std::string_view status = next_line();
  const std::size_t space = status.find(' ');
  if (complete && (!status.starts_with("HTTP/1.") || space == std::string_view::npos))
    return std::unexpected("OCSP responder sent invalid response");
  if (complete && status.substr(space + 1, 3) != "200")
    return std::unexpected(fmt::format("OCSP responder answered \"{}\"", status.substr(0, 100)));
  constexpr std::string_view kType = "content-type:";
  constexpr std::string_view kAnswer = "application/ocsp-response";
  for (std::string_view line = next_line(); complete && !line.empty(); line = next_line()) {
    if (line.size() < kType.size() || strncasecmp(line.data(), kType.data(), kType.size()) != 0) continue;
    std::string_view type = line.substr(kType.size());
    type.remove_prefix(std::min(type.find_first_not_of(' '), type.size()));
    if (type.size() != kAnswer.size() || strncasecmp(type.data(), kAnswer.data(), kAnswer.size()) != 0)
      return std::unexpected(fmt::format("OCSP responder sent invalid \"Content-Type\" header: \"{}\"", type));
  }
  if (!complete) return std::unexpected("OCSP responder prematurely closed connection");
  return response;
}

std::expected<OcspAnswer, std::string> check_ocsp_answer(std::string_view body, const OcspQuestion& question,
                                                         const OcspTrust& trust) {
  ERR_clear_error();
  const auto* at = reinterpret_cast<const unsigned char*>(body.data());
  const TlsOwned<OCSP_RESPONSE> response(d2i_OCSP_RESPONSE(nullptr, &at, static_cast<long>(body.size())));
  if (response == nullptr) return failed("d2i_OCSP_RESPONSE");
  const int status = OCSP_response_status(response.get());
  if (status != OCSP_RESPONSE_STATUS_SUCCESSFUL) {
    return std::unexpected(
        fmt::format("OCSP response not successful ({}: {})", status, OCSP_response_status_str(status)));
  }
  const OwnedBasic basic(OCSP_response_get1_basic(response.get()), OCSP_BASICRESP_free);
  if (basic == nullptr) return failed("OCSP_response_get1_basic");
  if (!verify(basic.get(), trust)) return failed("OCSP_basic_verify");
  const OwnedId id = id_of(question);
  if (id == nullptr) return failed("OCSP_cert_to_id");
  int certificate_status = 0;
  ASN1_GENERALIZEDTIME* this_update = nullptr;
  ASN1_GENERALIZEDTIME* next_update = nullptr;
  if (OCSP_resp_find_status(basic.get(), id.get(), &certificate_status, nullptr, nullptr, &this_update, &next_update) != 1)
    return std::unexpected("certificate status not found in the OCSP response");
  constexpr long kClockSkewSeconds = 300;
  if (OCSP_check_validity(this_update, next_update, kClockSkewSeconds, -1) != 1) return failed("OCSP_check_validity");
  OcspAnswer answer{.bytes = std::string(body), .status = status_of(certificate_status)};
  std::tm fields{};
  if (next_update == nullptr) return answer;
  if (ASN1_TIME_to_tm(next_update, &fields) != 1)
    return std::unexpected("invalid nextUpdate time in certificate status");
  answer.valid_until_s = timegm(&fields);
  return answer;
}

std::int64_t ocsp_refresh_s(std::int64_t valid_until_s, std::int64_t now_s) {
  constexpr std::int64_t kLeastSeconds = 300;
  constexpr std::int64_t kMostSeconds = 3600;
  return std::max(std::min(valid_until_s - kLeastSeconds, now_s + kMostSeconds), now_s + kLeastSeconds);
}

}  // namespace uringx
