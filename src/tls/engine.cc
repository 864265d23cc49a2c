// Engines are deprecated in OpenSSL 3.0, which still has them; nginx.conf files name them.
#define OPENSSL_SUPPRESS_DEPRECATED
#include "tls/engine.h"

#include <fmt/format.h>
#include <openssl/engine.h>

#include "tls/tls_error.h"

namespace uringx {
namespace {

using OwnedEngine = std::unique_ptr<ENGINE, int (*)(ENGINE*)>;

OwnedEngine find_engine(const std::string& name) { return {ENGINE_by_id(name.c_str()), ENGINE_free}; }

}  // namespace

std::expected<TlsOwned<evp_pkey_st>, std::string> load_engine_key(std::string_view name_and_id) {
  const std::size_t colon = name_and_id.find(':');
  if (colon == std::string_view::npos) return std::unexpected("invalid syntax");
  const OwnedEngine engine = find_engine(std::string(name_and_id.substr(0, colon)));
  if (engine == nullptr) return std::unexpected(std::string(kNoSuchEngine));
  const std::string id(name_and_id.substr(colon + 1));
  TlsOwned<EVP_PKEY> key(ENGINE_load_private_key(engine.get(), id.c_str(), nullptr, nullptr));
  if (key == nullptr) return std::unexpected("ENGINE_load_private_key() failed");
  return key;
}

std::expected<void, std::string> use_engine(const std::string& name) {
  const OwnedEngine engine = find_engine(name);
  if (engine == nullptr) return std::unexpected(take_tls_errors(fmt::format("ENGINE_by_id(\"{}\") failed", name)));
  if (ENGINE_set_default(engine.get(), ENGINE_METHOD_ALL) == 0) {
    return std::unexpected(
        take_tls_errors(fmt::format("ENGINE_set_default(\"{}\", ENGINE_METHOD_ALL) failed", name)));
  }
  return {};
}

}  // namespace uringx
