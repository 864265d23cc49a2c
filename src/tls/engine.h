// Engines of OpenSSL (ssl_engine, keys named "engine:NAME:ID"): hardware that keeps keys. Main thread, while a configuration
// is read.
#pragma once

#include <expected>
#include <string>
#include <string_view>

#include "tls/owned.h"

namespace uringx {

inline constexpr std::string_view kNoSuchEngine = "ENGINE_by_id() failed";

// `name_and_id`: "NAME:ID". The error is what nginx writes behind `cannot load certificate key "...": `, without OpenSSL's
// queue, which still holds the reason.
std::expected<TlsOwned<evp_pkey_st>, std::string> load_engine_key(std::string_view name_and_id);

// Makes it the default for all it can do. The error is a whole line (ngx_openssl_engine).
std::expected<void, std::string> use_engine(const std::string& name);

}  // namespace uringx
