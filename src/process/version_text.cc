#include "process/version_text.h"

#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/opensslv.h>

#include <algorithm>
#include <string_view>

#include "base/paths.h"
#include "base/version.h"
#include "modules/module.h"

namespace uringx {
namespace {

// A module of nginx, and the directive that it is there for.
struct NginxModule {
  std::string_view name;
  std::string_view directive;
};

// What nginx's configure builds when it is asked to (--with-http_NAME_module), in the order of its help.
constexpr NginxModule kOptionalModules[] = {
    {"ssl", "ssl_certificate"},
    {"v2", "http2"},
    {"realip", "set_real_ip_from"},
    {"addition", "add_after_body"},
    {"sub", "sub_filter"},
    {"dav", "dav_methods"},
    {"flv", "flv"},
    {"mp4", "mp4"},
    {"gunzip", "gunzip"},
    {"gzip_static", "gzip_static"},
    {"auth_request", "auth_request"},
    {"random_index", "random_index"},
    {"secure_link", "secure_link"},
    {"slice", "slice"},
    {"stub_status", "stub_status"},
};

// What it builds by default (auto/options, HTTP_*=YES).
constexpr NginxModule kDefaultModules[] = {
    {"charset", "charset"},
    {"gzip", "gzip"},
    {"ssi", "ssi"},
    {"userid", "userid"},
    {"access", "allow"},
    {"auth_basic", "auth_basic"},
    {"mirror", "mirror"},
    {"autoindex", "autoindex"},
    {"geo", "geo"},
    {"map", "map"},
    {"split_clients", "split_clients"},
    {"referer", "valid_referers"},
    {"rewrite", "rewrite"},
    {"proxy", "proxy_pass"},
    {"fastcgi", "fastcgi_pass"},
    {"uwsgi", "uwsgi_pass"},
    {"scgi", "scgi_pass"},
    {"grpc", "grpc_pass"},
    {"memcached", "memcached_pass"},
    {"limit_conn", "limit_conn"},
    {"limit_req", "limit_req"},
    {"empty_gif", "empty_gif"},
    {"browser", "ancient_browser"},
    {"upstream_hash", "hash"},
    {"upstream_ip_hash", "ip_hash"},
    {"upstream_least_conn", "least_conn"},
    {"upstream_random", "random"},
    {"upstream_keepalive", "keepalive"},
    {"upstream_zone", "zone"},
};

// A directive that is refused or without effect is not one that a tool may count on.
bool is_served(const NginxModule& wanted) {
  const auto serves = [&wanted](const DirectiveRow& row) {
    return row.name == wanted.directive && row.standing == Standing::served;
  };
  return std::ranges::any_of(all_modules(),
                             [&](const Module* module) { return std::ranges::any_of(module->rows, serves); });
}

std::string openssl_text() {
  const std::string_view running = OpenSSL_version(OPENSSL_VERSION);
  if (running == OPENSSL_VERSION_TEXT) return fmt::format("built with {}\n", running);
  return fmt::format("built with {} (running with {})\n", OPENSSL_VERSION_TEXT, running);
}

}  // namespace

std::string version_line() {
  return fmt::format("nginx version: nginx/{} ({} {})\n", kCompatibleNginxVersion, kProductName, kVersion);
}

std::string usage_text() {
  return fmt::format(
      "Usage: {} [-?hvVtTq] [-s signal] [-p prefix]\n"
      "             [-e filename] [-c filename] [-g directives]\n"
      "             [--lint] [--print-directives] [--print-variables] [--print-lint-rules]\n"
      "\n"
      "Options:\n"
      "  -?,-h         : this help\n"
      "  -v            : show version and exit\n"
      "  -V            : show version and configure options then exit\n"
      "  -t            : test configuration and exit\n"
      "  -T            : test configuration, dump it and exit\n"
      "  -q            : suppress non-error messages during configuration testing\n"
      "  -s signal     : send signal to a master process: stop, quit, reopen, reload\n"
      "  -p prefix     : set prefix path (default: {})\n"
      "  -e filename   : set error log file (default: {})\n"
      "  -c filename   : set configuration file (default: {})\n"
      "  -g directives : set global directives out of configuration file\n"
      "  --lint        : with -t, explain what is valid and hardly meant\n"
      "  --print-directives : show every directive and what becomes of it then exit\n"
      "  --print-variables  : show every variable then exit\n"
      "  --print-lint-rules : show what --lint looks for then exit\n"
      "\n",
      kProductName, kPrefix, kErrorLogFile, kConfFile);
}

std::string configure_text() {
  std::string text = openssl_text() + "TLS SNI support enabled\n";
  text += fmt::format(
      "configure arguments: --prefix={} --conf-path={} --error-log-path={} --http-log-path={} --pid-path={}"
      " --lock-path={} --modules-path={}",
      kPrefix.substr(0, kPrefix.size() - 1), kConfFile, kErrorLogFile, kAccessLogFile, kPidFile, kLockFile,
      kModulesFolder);
  for (const NginxModule& module : kOptionalModules) {
    if (is_served(module)) text += fmt::format(" --with-http_{}_module", module.name);
  }
  for (const NginxModule& module : kDefaultModules) {
    if (!is_served(module)) text += fmt::format(" --without-http_{}_module", module.name);
  }
  return text + '\n';
}

}  // namespace uringx
