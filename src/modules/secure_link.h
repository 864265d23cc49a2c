// secure_link: links that carry a signature and may carry an end of their validity (ngx_http_secure_link_module).
// Built with the configuration, const afterwards.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "modules/module.h"
#include "modules/variables.h"

namespace uringx {

struct SecureLinkSettings : Settings {
  static constexpr ModuleId kModule = ModuleId::secure_link;

  Setting<Template> link;    // SIGNATURE[,EXPIRES]
  Setting<Template> md5;     // of this the signature is the MD5
  Setting<std::string> secret;
};

extern const Module kSecureLinkModule;

// What is left of "/prefix/HASH/rest?args" when HASH is the MD5, in hexadecimal, of the rest and `secret`; nullopt when
// it is not.
std::optional<std::string_view> unsealed_link(std::string_view target, std::string_view secret);

// Whether `signature` is the MD5 of `text` in base64url.
bool is_signature_of(std::string_view signature, std::string_view text);

}  // namespace uringx
