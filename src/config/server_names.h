// ServerNames finds the server of one address by host name: exact names, wildcards, regexes
// (ngx_hash_find_combined, ngx_http_find_virtual_server). Owned by AddressServers; built on the main thread,
// const afterwards.
#pragma once

#include <string_view>
#include <vector>

#include "config/route_table.h"
#include "modules/hostnames.h"

namespace uringx {

class ServerNames {
 public:
  using Added = Hostnames<const ServerBlock*>::Added;

  // `name` in lower case: "a.com", "*.a.com", ".a.com", "www.a.*", "". The first server of a name keeps it.
  Added add(std::string_view name, const ServerBlock& server) { return names_.add(name, &server); }
  void add_regex(const Regex& regex, const ServerBlock& server) { regexes_.push_back({regex, &server}); }

  // The exact name, else the longest wildcard with the asterisk in front, else the longest with it behind,
  // else the first regex, whose captures become the request's. Allocates nothing but captures in the
  // request's arena.
  const ServerBlock* find(Request& request, std::string_view host) const;
  // The same without captures.
  const ServerBlock* find_by_name(std::string_view host) const;
  const ServerBlock* find_without_regex(std::string_view host) const;

 private:
  struct RegexName {
    Regex regex;
    const ServerBlock* server;
  };

  Hostnames<const ServerBlock*> names_;
  std::vector<RegexName> regexes_;
};

}  // namespace uringx
