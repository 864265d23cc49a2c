// Where a packaged nginx looks and writes when nothing says otherwise: the same places, so that uringx takes over a
// machine as it is. Constants only. ("nginx -V" of nginx.org's packages prints them as configure arguments.)
#pragma once

#include <string_view>

namespace uringx {

inline constexpr std::string_view kPrefix = "/usr/share/nginx/";
inline constexpr std::string_view kConfFile = "/etc/nginx/nginx.conf";
// Debian's build has stderr here. A file is better: with it a refused configuration is printed as "uringx: [emerg] ..."
// and kept as well.
inline constexpr std::string_view kErrorLogFile = "/var/log/nginx/error.log";
inline constexpr std::string_view kAccessLogFile = "/var/log/nginx/access.log";
inline constexpr std::string_view kPidFile = "/run/nginx.pid";
inline constexpr std::string_view kLockFile = "/run/nginx.lock";
inline constexpr std::string_view kModulesFolder = "/usr/lib/nginx/modules";

}  // namespace uringx
