#include "modules/digest.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <memory>

namespace uringx {
namespace {

template <std::size_t N>
std::optional<std::array<char, N>> digest(const EVP_MD* algorithm, std::initializer_list<std::string_view> parts) {
  const std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  if (context == nullptr || EVP_DigestInit_ex(context.get(), algorithm, nullptr) != 1) return std::nullopt;
  for (const std::string_view part : parts) {
    if (EVP_DigestUpdate(context.get(), part.data(), part.size()) != 1) return std::nullopt;
  }
  std::array<char, N> bytes;
  unsigned length = 0;
  if (EVP_DigestFinal_ex(context.get(), reinterpret_cast<unsigned char*>(bytes.data()), &length) != 1) return std::nullopt;
  return bytes;
}

}  // namespace

std::optional<Md5> md5(std::initializer_list<std::string_view> parts) { return digest<16>(EVP_md5(), parts); }
std::optional<Sha1> sha1(std::initializer_list<std::string_view> parts) { return digest<20>(EVP_sha1(), parts); }

bool equal_in_constant_time(std::string_view one, std::string_view two) {
  return one.size() == two.size() && CRYPTO_memcmp(one.data(), two.data(), one.size()) == 0;
}

}  // namespace uringx
