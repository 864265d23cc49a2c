#include "tls/ocsp_cache.h"

#include <openssl/evp.h>
#include <openssl/x509.h>

#include <array>

namespace uringx {
namespace {

using Key = std::array<unsigned char, TlsSessionCache::kIdBytesMax>;

// Of what tells certificates apart for their authority: its name and key, and their number (ngx_ssl_ocsp_create_key).
std::optional<Key> key_of(const OcspQuestion& question) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
  unsigned bytes = 0;
  const std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> all(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  if (all == nullptr || EVP_DigestInit_ex(all.get(), EVP_sha256(), nullptr) != 1) return std::nullopt;
  if (X509_NAME_digest(X509_get_subject_name(question.issuer), EVP_sha256(), digest.data(), &bytes) != 1 ||
      EVP_DigestUpdate(all.get(), digest.data(), bytes) != 1 ||
      X509_pubkey_digest(question.issuer, EVP_sha256(), digest.data(), &bytes) != 1 ||
      EVP_DigestUpdate(all.get(), digest.data(), bytes) != 1) {
    return std::nullopt;
  }
  const ASN1_INTEGER* const serial = X509_get0_serialNumber(question.certificate);
  Key key;
  static_assert(sizeof(key) == 32);  // of SHA-256
  if (EVP_DigestUpdate(all.get(), ASN1_STRING_get0_data(serial), static_cast<std::size_t>(ASN1_STRING_length(serial))) != 1 ||
      EVP_DigestFinal_ex(all.get(), key.data(), &bytes) != 1) {
    return std::nullopt;
  }
  return key;
}

}  // namespace

const SharedZoneUse OcspCache::kUse{[](std::span<std::byte> memory) { TlsSessionCache::kUse.format(memory); }};

std::optional<CertificateStatus> OcspCache::find(const OcspQuestion& question, std::int64_t now_s) {
  const auto key = key_of(question);
  TlsSessionCache::SessionBuffer buffer;
  if (!key) return std::nullopt;
  const auto found = statuses_.find(*key, now_s, buffer);
  if (found.size() != 1) return std::nullopt;
  return static_cast<CertificateStatus>(found.front());
}

void OcspCache::store(const OcspQuestion& question, const OcspAnswer& answer, std::int64_t now_s) {
  constexpr std::int64_t kEndlessSeconds = 3600;
  const std::int64_t until_s = answer.valid_until_s == INT64_MAX ? now_s + kEndlessSeconds : answer.valid_until_s;
  const auto key = key_of(question);
  const unsigned char status[] = {static_cast<unsigned char>(answer.status)};
  if (key && until_s >= now_s) statuses_.store(*key, status, until_s, now_s);
}

}  // namespace uringx
