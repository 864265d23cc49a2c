#include "tls/ticket_keys.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>

#include "base/error_log.h"
#include "base/owned_fd.h"
#include "tls/openssl_callback.h"
#include "tls/tls_context.h"

namespace uringx {
namespace {

constexpr std::size_t kNameBytes = 16;
constexpr std::size_t kSmallFileBytes = 48;  // name, AES-128 key, HMAC key
constexpr std::size_t kLargeFileBytes = 80;  // name, HMAC key, AES-256 key

using FileBytes = std::array<unsigned char, kLargeFileBytes>;

TicketKey key_of_file(std::span<const unsigned char> bytes) {
  TicketKey key;
  key.key_bytes = bytes.size() == kSmallFileBytes ? 16 : 32;
  key.expires_s = 1;  // always of use
  const auto first = bytes.subspan(kNameBytes, key.key_bytes);
  const auto second = bytes.subspan(kNameBytes + key.key_bytes, key.key_bytes);
  const bool aes_first = bytes.size() == kSmallFileBytes;
  std::ranges::copy(bytes.first(kNameBytes), key.name.begin());
  std::ranges::copy(aes_first ? first : second, key.aes_key.begin());
  std::ranges::copy(aes_first ? second : first, key.hmac_key.begin());
  return key;
}

bool make_random(TicketKey& key) {
  key = {};
  return RAND_bytes(key.name.data(), static_cast<int>(key.name.size())) == 1 &&
         RAND_bytes(key.hmac_key.data(), static_cast<int>(key.hmac_key.size())) == 1 &&
         RAND_bytes(key.aes_key.data(), static_cast<int>(key.aes_key.size())) == 1;
}

bool has_name(const TicketKey& key, std::string_view name) {
  return std::memcmp(key.name.data(), name.data(), kNameBytes) == 0;
}

bool init_mac(EVP_MAC_CTX* mac, const TicketKey& key) {
  char digest[] = "SHA256";
  OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, const_cast<unsigned char*>(key.hmac_key.data()),
                                        key.key_bytes),
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
      OSSL_PARAM_construct_end(),
  };
  return EVP_MAC_CTX_set_params(mac, parameters) == 1;
}

const EVP_CIPHER* cipher_of(const TicketKey& key) {
  return key.key_bytes == 16 ? EVP_aes_128_cbc() : EVP_aes_256_cbc();
}

// What SSL_CTX_set_tlsext_ticket_key_evp_cb's function answers.
constexpr int kFailed = -1;
constexpr int kNoTicket = 0;
constexpr int kGood = 1;
constexpr int kGoodRenew = 2;

int seal(const TicketKey& key, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac) {
  if (RAND_bytes(iv, EVP_CIPHER_get_iv_length(cipher_of(key))) != 1) return kFailed;
  if (EVP_EncryptInit_ex(cipher, cipher_of(key), nullptr, key.aes_key.data(), iv) != 1) return kFailed;
  if (!init_mac(mac, key)) return kFailed;
  std::memcpy(name, key.name.data(), kNameBytes);
  return kGood;
}

// ngx_ssl_ticket_key_callback.
int use_ticket_key(SSL* session, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac,
                   int sealing) {
  const TlsContext* const context = TlsContext::began_with(session);
  if (context == nullptr || context->ticket_keys == nullptr) return kNoTicket;
  const std::int64_t now_s = std::time(nullptr);
  const std::string_view wanted =
      sealing ? std::string_view() : std::string_view(reinterpret_cast<const char*>(name), kNameBytes);
  const auto keys = context->ticket_keys->keys(now_s, wanted);
  if (keys == nullptr || keys->empty()) return kNoTicket;
  if (sealing) return seal(keys->front(), name, iv, cipher, mac);
  const auto found = std::ranges::find_if(*keys, [&](const TicketKey& key) { return has_name(key, wanted); });
  if (found == keys->end()) return kNoTicket;
  if (!init_mac(mac, *found)) return kFailed;
  if (EVP_DecryptInit_ex(cipher, cipher_of(*found), nullptr, found->aes_key.data(), iv) != 1) return kFailed;
  // Tickets of TLS 1.3 are used once; one of an old key gives way to one of the new.
  if (SSL_version(session) == TLS1_3_VERSION || (found != keys->begin() && found->expires_s != 0)) return kGoodRenew;
  return kGood;
}

}  // namespace

TicketKeys::TicketKeys(Keys keys) : known_(std::make_shared<const Keys>(std::move(keys))) {}

TicketKeys::TicketKeys(std::shared_ptr<TlsSessionCache> cache, std::int64_t lifetime_s)
    : cache_(std::move(cache)), lifetime_s_(lifetime_s) {}

TicketKeys::~TicketKeys() = default;

std::expected<TicketKey, std::string> TicketKeys::read(const std::string& path) {
  const auto fail = [&](std::string_view call) {
    return std::unexpected(fmt::format("{} \"{}\" failed ({}: {})", call, path, errno, error_text(errno)));
  };
  const OwnedFd file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return fail("open()");
  struct stat info;
  if (fstat(file.get(), &info) != 0) return fail("fstat()");
  if (info.st_size != kSmallFileBytes && info.st_size != kLargeFileBytes) {
    return std::unexpected(fmt::format("\"{}\" must be 48 or 80 bytes", path));
  }
  FileBytes bytes;
  const auto size = static_cast<std::size_t>(info.st_size);
  const ssize_t count = pread(file.get(), bytes.data(), size, 0);
  if (count < 0) return fail("pread()");
  if (static_cast<std::size_t>(count) != size) {
    return std::unexpected(fmt::format("pread() \"{}\" returned only {} bytes instead of {}", path, count, size));
  }
  TicketKey key = key_of_file(std::span(bytes).first(size));
  OPENSSL_cleanse(bytes.data(), bytes.size());
  return key;
}

// ngx_ssl_rotate_ticket_keys: the zone is asked only when its keys have to change or may have changed.
std::shared_ptr<const TicketKeys::Keys> TicketKeys::keys(std::int64_t now_s, std::string_view name) {
  auto known = known_.load();
  if (cache_ == nullptr) return known;
  if (known != nullptr) {
    const auto& current = known->front();
    const auto& previous = (*known)[1];
    const bool has_wanted =
        name.empty() || std::ranges::any_of(*known, [&](const TicketKey& key) { return has_name(key, name); });
    if (current.expires_s >= now_s + lifetime_s_ && previous.expires_s >= now_s && has_wanted) return known;
  }
  std::array<TicketKey, TlsSessionCache::kTicketKeys> copies;  // nothing that may fail is done while others want them
  bool rotated = false;
  cache_->with_ticket_keys([&](std::span<TicketKey, TlsSessionCache::kTicketKeys> shared) {
    rotated = rotate(shared, now_s);
    std::ranges::copy(shared, copies.begin());
  });
  if (rotated) known = std::make_shared<const Keys>(copies.begin(), copies.end());
  known_.store(known);
  return known;
}

// shared: the current key, the previous one, the next one. The next one is known before it seals, so that a worker that
// looks at the zone later than others can open what they sealed.
bool TicketKeys::rotate(std::span<TicketKey, TlsSessionCache::kTicketKeys> shared, std::int64_t now_s) {
  TicketKey& current = shared[0];
  TicketKey& previous = shared[1];
  TicketKey& next = shared[2];
  const std::int64_t expires_s = now_s + lifetime_s_;
  if (current.expires_s == 0) {
    if (!make_random(current)) return false;
    current.expires_s = expires_s;
    next = current;
  }
  if (previous.expires_s < now_s) {
    TicketKey made;
    if (!make_random(made)) return false;
    previous = current;
    current = next;
    next = made;
  }
  current.expires_s = std::max(current.expires_s, expires_s);
  return true;
}

void TicketKeys::install(ssl_ctx_st* context) {
  SSL_CTX_set_tlsext_ticket_key_evp_cb(context, openssl_callback<use_ticket_key, kFailed>);
}

}  // namespace uringx
