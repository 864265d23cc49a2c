// Reads the words after "syslog:" of access_log and error_log (ngx_syslog_process_conf).
// Stateless; used on the main thread while a configuration is built. A host name is resolved here, once.
#pragma once

#include <expected>
#include <memory>
#include <string_view>

#include "base/syslog.h"
#include "modules/module.h"

namespace uringx {

inline constexpr std::string_view kSyslogPrefix = "syslog:";

// `target` begins with kSyslogPrefix: "syslog:server=[::1]:514,facility=local7,tag=nginx,severity=info,nohostname".
std::expected<std::shared_ptr<const SyslogPeer>, Refusal> parse_syslog_target(std::string_view target);

// "127.0.0.1", "[::1]:514", "host:514", "unix:/path", as ngx_parse_url reads them where one address to send to is
// wanted; the first address of a host. Error: nginx's word for what is wrong ("invalid port").
struct ServerAddress {
  sockaddr_storage address{};
  socklen_t bytes = 0;
};
std::expected<ServerAddress, std::string_view> parse_server_address(std::string_view text, std::uint16_t default_port);

}  // namespace uringx
