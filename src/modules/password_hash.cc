#include "modules/password_hash.h"

#include <crypt.h>

#include <algorithm>
#include <cerrno>
#include <memory>

#include "http/base64.h"
#include "modules/digest.h"

namespace uringx {
namespace {

constexpr std::string_view kApr1 = "$apr1$";
constexpr std::string_view kPlain = "{PLAIN}";
constexpr std::string_view kSha = "{SHA}";
constexpr std::string_view kSalted = "{SSHA}";

std::string_view until_nul(std::string_view text) { return text.substr(0, text.find('\0')); }

std::string base64(std::string_view data) {
  std::string text(base64_bytes(data.size()), '\0');
  encode_base64(text.data(), data);
  return text;
}

// crypt's own base64, lowest bits first.
void append_crypt_digits(std::string& out, std::uint32_t value, int digits) {
  constexpr std::string_view kDigits = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  for (; digits > 0; --digits, value >>= 6) out += kDigits[value & 0x3f];
}

std::string apr1_text(std::string_view salt, const Md5& digest) {
  struct Group {
    int high, middle, low;
  };
  constexpr Group kGroups[] = {{0, 6, 12}, {1, 7, 13}, {2, 8, 14}, {3, 9, 15}, {4, 10, 5}};
  const auto byte = [&](int i) { return std::uint32_t{static_cast<unsigned char>(digest[static_cast<std::size_t>(i)])}; };
  std::string text = std::string(kApr1).append(salt) + '$';
  for (const Group& group : kGroups) {
    append_crypt_digits(text, byte(group.high) << 16 | byte(group.middle) << 8 | byte(group.low), 4);
  }
  append_crypt_digits(text, byte(11), 2);
  return text;
}

// {SSHA} holds base64(SHA1(password salt) salt): the salt is what follows the digest.
std::expected<bool, int> matches_salted(std::string_view password, std::string_view encoded) {
  std::string decoded(base64_decoded_bytes_max(encoded.size()), '\0');
  decoded.resize(decode_base64(decoded.data(), encoded).value_or(0));
  const std::string_view salt = decoded.size() > sizeof(Sha1) ? std::string_view(decoded).substr(sizeof(Sha1)) : "";
  const auto digest = sha1({password, salt});
  if (!digest) return std::unexpected(ENOMEM);
  return equal_in_constant_time(base64(std::string(as_text(*digest)).append(salt)), encoded);
}

std::expected<bool, int> matches_crypt(std::string_view password, std::string_view stored) {
  const auto data = std::make_unique<crypt_data>();  // 32 KiB, and it has to begin with zeros
  errno = 0;
  const char* const made = crypt_r(std::string(password).c_str(), std::string(stored).c_str(), data.get());
  if (made == nullptr) return std::unexpected(errno == 0 ? EINVAL : errno);
  return equal_in_constant_time(made, stored);
}

}  // namespace

std::expected<bool, int> password_matches(std::string_view password, std::string_view stored) {
  password = until_nul(password);
  stored = until_nul(stored);
  if (stored.starts_with(kApr1)) {
    const std::string made = apr1_hash(password, stored.substr(kApr1.size()));
    if (made.empty()) return std::unexpected(ENOMEM);
    return equal_in_constant_time(made, stored);
  }
  if (stored.starts_with(kPlain)) return equal_in_constant_time(password, stored.substr(kPlain.size()));
  if (stored.starts_with(kSalted)) return matches_salted(password, stored.substr(kSalted.size()));
  if (stored.starts_with(kSha)) {
    const auto digest = sha1({password});
    if (!digest) return std::unexpected(ENOMEM);
    return equal_in_constant_time(base64(as_text(*digest)), stored.substr(kSha.size()));
  }
  return matches_crypt(password, stored);
}

// The algorithm as Poul-Henning Kamp published it (FreeBSD's crypt-md5.c), with Apache's magic.
std::string apr1_hash(std::string_view password, std::string_view salt) {
  salt = salt.substr(0, std::min<std::size_t>(salt.find('$'), 8));
  std::optional<Md5> digest = md5({password, salt, password});
  if (!digest) return {};

  std::string first = std::string(password).append(kApr1).append(salt);
  for (std::size_t left = password.size(); left > 0; left -= std::min<std::size_t>(left, 16)) {
    first.append(as_text(*digest).substr(0, left));
  }
  for (std::size_t bits = password.size(); bits != 0; bits >>= 1) first += (bits & 1) != 0 ? '\0' : password[0];
  digest = md5({first});

  constexpr int kRounds = 1000;
  for (int round = 0; round < kRounds && digest; ++round) {
    const Md5 last = *digest;
    const bool odd = (round & 1) != 0;
    digest = md5({odd ? password : as_text(last), round % 3 != 0 ? salt : "", round % 7 != 0 ? password : "",
                  odd ? as_text(last) : password});
  }
  return digest ? apr1_text(salt, *digest) : std::string();
}

}  // namespace uringx
