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

// What nginx's configure builds by default (auto/options, HTTP_*=YES).
constexpr std::string_view kDefaultModules[] = {
    "charset",       "gzip",     "ssi",         "userid",        "access",           "auth_basic",
    "mirror",        "autoindex", "geo",        "map",           "split_clients",    "referer",
    "rewrite",       "proxy",    "fastcgi",     "uwsgi",         "scgi",             "grpc",
    "memcached",     "limit_conn", "limit_req", "empty_gif",     "browser",          "upstream_hash",
    "upstream_ip_hash", "upstream_least_conn", "upstream_random", "upstream_keepalive", "upstream_zone"};

bool row_is_served(const DirectiveRow& row) {
  return row.standing == Standing::served || row.standing == Standing::no_meaning;
}

// A module of which a directive is refused or without effect is not one that a tool may count on.
bool module_is_served(std::string_view name) {
  return std::ranges::any_of(all_modules(), [name](const Module* module) {
    return module->name == name && std::ranges::all_of(module->rows, row_is_served);
  });
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
      "             [--print-directives]\n"
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
      "  --print-directives : show every directive and what becomes of it then exit\n"
      "\n",
      kProductName, kPrefix, kErrorLogFile, kConfFile);
}

std::string configure_text() {
  std::string text = openssl_text();
  text += "TLS SNI support enabled\n";
  text += fmt::format(
      "configure arguments: --prefix={} --conf-path={} --error-log-path={} --http-log-path={} --pid-path={}"
      " --lock-path={} --modules-path={}",
      kPrefix.substr(0, kPrefix.size() - 1), kConfFile, kErrorLogFile, kAccessLogFile, kPidFile, kLockFile,
      kModulesFolder);
  for (std::string_view name : kDefaultModules) {
    if (!module_is_served(name)) text += fmt::format(" --without-http_{}_module", name);
  }
  return text + '\n';
}

}  // namespace uringx
