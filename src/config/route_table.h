// RouteTable is a whole configuration, ready to serve: listen sockets -> servers by name -> locations -> settings.
// Built once by load_config() on the main thread, then const, shared by all workers, replaced whole on reload.
#pragma once

#include <algorithm>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/log_file.h"
#include "base/shared_zone.h"
#include "config/handler_lists.h"
#include "config/listen.h"
#include "modules/module.h"
#include "modules/regex.h"
#include "modules/request.h"
#include "modules/variables.h"
#include "parser/config_tree.h"

namespace uringx {

// A location block, the outermost level of a server (kind `server`), or the block of an if (`unnamed`), which no search
// finds. Owns those nested in it.
struct Location {
  enum class Kind : std::uint8_t { server, prefix, exact, no_regex, regex, named, unnamed } kind = Kind::server;  // no_regex: ^~
  std::string name;              // as written: "/images/", the regex's text, "@fallback"
  std::optional<Regex> regex;
  SettingsSet settings;
  // limit_except: methods not listed use `limit_except_settings` for access checks.
  std::unique_ptr<SettingsSet> limit_except_settings;
  std::uint64_t limit_except_allowed = 0;  // bit per Method value that is not limited

  std::vector<std::unique_ptr<Location>> nested;   // in order of writing (ownership)

  // What the search reads (config/locations.h).
  struct PrefixEntry {
    std::string_view name;
    const Location* exact = nullptr;
    const Location* prefix = nullptr;  // prefix or no_regex
    int shorter = -1;                  // the entry with the longest name that this one's name begins with
  };
  std::vector<PrefixEntry> prefixes;       // sorted by name
  std::vector<const Location*> regexes;    // in order of writing
  std::vector<const Location*> named;      // only at the level of a server

  std::string file;                        // where it was written
  unsigned line = 0;
};

// A server block.
class ServerBlock {
 public:
  SettingsSet settings;            // server level
  Location root;                   // its outermost location settings and its locations
  struct Name {
    std::string text;  // in lower case; of a regex with its "~"
    std::optional<Regex> regex;
  };
  std::vector<Name> names;         // "" when there is no server_name
  std::string server_name;         // $server_name: the first name, without the "." of ".example.com"
  bool has_listen = false;         // else the default address is its
  std::string file;
  unsigned line = 0;

  bool has_regex_name() const {
    return std::any_of(names.begin(), names.end(), [](const Name& name) { return name.regex.has_value(); });
  }
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
  // The same without a request: a regex name sets no captures.
  const ServerBlock* find_by_name(std::string_view host) const;

  ListenOptions options;
  bool tcp_nodelay = true;  // of the default server

 private:
  friend class ListenBuilder;
  const ServerBlock* default_ = nullptr;
  std::unique_ptr<ServerNames> names_;  // nullptr: every host is the default server's
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

  const AddressServers& servers_for(const SocketAddress& local) const;
};

class RouteTable {
 public:
  SettingsSet main;                          // main{} and events{} settings, and those of http{} that have one place
  ErrorLog error_log;                        // of main{}: what belongs to no server
  SettingsSet http_location;                 // location settings of http{} itself (main error_log among them)
  std::vector<std::unique_ptr<ServerBlock>> servers;
  std::vector<ListenSocket> listens;
  std::vector<std::unique_ptr<LogFile>> log_files;  // by index; opened by the master
  SharedZones shared_zones;
  VariableTable variables;
  UsedModules used_modules;
  HandlerLists handlers;
  std::vector<std::string> notices;          // to be logged at [notice] when serving starts
  std::vector<ConfigFile> files;             // for -T

  // Chooses the location for request.uri as ngx_http_core_find_location: sets request.location and what goes with it.
  void find_location(Request& request) const;
  // The named location "@name" of the request's server, or nullptr.
  const Location* find_named(const Request& request, std::string_view name) const;
  // Makes `location` the request's (settings, error_log, flags); a method that limit_except limits gets that block's
  // settings.
  static void enter(Request& request, const Location& location);
  // Chooses the virtual server of request.host among `servers`, and its outermost location settings.
  void enter_server(Request& request, const ServerBlock& server) const;
};

}  // namespace uringx
