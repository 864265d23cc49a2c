// RouteTable is a whole configuration, ready to serve: listen sockets -> servers by name -> locations -> settings.
// Built once by load_config() on the main thread, then const, shared by all workers, replaced whole on reload.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/log_file.h"
#include "config/listen.h"
#include "modules/module.h"
#include "modules/regex.h"
#include "modules/request.h"
#include "modules/variables.h"

namespace uringx {

// A location block (or the outermost level of a server: kind `server`). Owns those nested in it.
struct Location {
  enum class Kind : std::uint8_t { server, prefix, exact, no_regex, regex, named } kind = Kind::server;  // no_regex: ^~
  std::string name;              // as written: "/images/", the regex's text, "@fallback"
  std::optional<Regex> regex;
  bool auto_redirect = false;    // only proxy-like handlers set it; kept for later
  SettingsSet settings;
  // limit_except: methods not listed use `limit_except_settings` for access checks.
  std::unique_ptr<SettingsSet> limit_except_settings;
  std::uint64_t limit_except_allowed = 0;  // bit per Method value that is not limited

  std::vector<std::unique_ptr<Location>> nested;   // in order of writing (ownership)
  std::vector<const Location*> prefixes;           // exact and prefix ones sorted for the search
  std::vector<const Location*> regexes;            // in order of writing
  std::vector<const Location*> named;
};

// A server block.
class ServerBlock {
 public:
  SettingsSet settings;            // server level
  Location root;                   // its outermost location settings and its locations
  std::vector<std::string> names;  // as written; $server_name is the first (without its leading "." as nginx)
  std::string server_name;
  std::string file;
  unsigned line = 0;
};

// Servers of one address: exact names, wildcards (leading, trailing), regexes, default (ngx_http_find_virtual_server).
class AddressServers {
 public:
  AddressServers();
  ~AddressServers();
  AddressServers(AddressServers&&) noexcept;
  AddressServers& operator=(AddressServers&&) noexcept;

  const ServerBlock& default_server() const { return *default_; }
  // The server for `host` (validated, lower case); a regex name sets the request's captures. nullptr: the default one.
  const ServerBlock* find(Request& request, std::string_view host) const;

  ListenOptions options;

 private:
  friend class ListenBuilder;
  struct Names;
  const ServerBlock* default_ = nullptr;
  std::unique_ptr<Names> names_;
};

// One socket to bind. When a wildcard and specific addresses share a port, only the wildcard is bound and the local
// address of the connection decides (ngx_http_init_connection).
struct ListenSocket {
  SocketAddress address;
  ListenOptions options;
  struct Specific {
    SocketAddress address;
    AddressServers servers;
  };
  std::vector<Specific> specific;
  AddressServers servers;  // of `address` itself

  bool needs_local_address() const { return !specific.empty(); }
  const AddressServers& servers_for(const SocketAddress& local) const;
};

class RouteTable {
 public:
  SettingsSet main;                          // main{} and events{} settings
  SettingsSet http_location;                 // location settings of http{} itself (main error_log among them)
  std::vector<std::unique_ptr<ServerBlock>> servers;
  std::vector<ListenSocket> listens;
  std::vector<std::unique_ptr<LogFile>> log_files;  // by index; opened by the master
  VariableTable variables;
  std::vector<std::string> notices;          // to be logged at [notice] when serving starts
  std::vector<ConfigFile> files;             // for -T

  // Chooses the location for request.uri as ngx_http_core_find_location: sets request.location and what goes with it.
  // `redirect_to_slash` is set when only "uri/" exists as a location with auto_redirect.
  void find_location(Request& request) const;
  // The named location "@name" of the request's server, or nullptr.
  const Location* find_named(const Request& request, std::string_view name) const;
  // Makes `location` the request's (settings, error_log, flags).
  static void enter(Request& request, const Location& location);
  // Chooses the virtual server of request.host among `servers`, and its outermost location settings.
  void enter_server(Request& request, const ServerBlock& server) const;
};

}  // namespace uringx
