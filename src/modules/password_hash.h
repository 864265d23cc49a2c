// Whether a password is the one that a line of a password file stands for (ngx_crypt).
// Pure but slow on purpose (bcrypt, yescrypt: up to seconds): never on a worker's thread.
#pragma once

#include <expected>
#include <string>
#include <string_view>

namespace uringx {

// `stored` is $apr1$..., {PLAIN}..., {SHA}..., {SSHA}..., or anything crypt(3) knows. Both end at their first NUL, as in
// nginx, where they are C strings. An errno when the hash cannot be made at all.
std::expected<bool, int> password_matches(std::string_view password, std::string_view stored);

// Apache's variant of the MD5 crypt of FreeBSD: 1000 rounds, the salt up to the first '$' and no longer than 8.
// Empty when there is no MD5 to be had.
std::string apr1_hash(std::string_view password, std::string_view salt);

}  // namespace uringx
