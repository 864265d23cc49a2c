// ServerNames finds the server of one address by host name: exact names, wildcards, regexes
// (ngx_hash_find_combined, ngx_http_find_virtual_server). Owned by AddressServers; built on the main thread,
// const afterwards.
#pragma once

#include <expected>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "config/route_table.h"

namespace uringx {

class ServerNames {
 public:
  enum class Added { yes, conflicting, invalid };

  // `name` in lower case: "a.com", "*.a.com", ".a.com", "www.a.*", "". The first server of a name keeps it.
  Added add(std::string_view name, const ServerBlock& server);
  void add_regex(const Regex& regex, const ServerBlock& server) { regexes_.push_back({regex, &server}); }

  // The exact name, else the longest wildcard with the asterisk in front, else the longest with it behind,
  // else the first regex, whose captures become the request's. Allocates nothing but captures in the
  // request's arena.
  const ServerBlock* find(Request& request, std::string_view host) const;
  const ServerBlock* find_without_regex(std::string_view host) const;

 private:
  struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };
  using Map = std::unordered_map<std::string, const ServerBlock*, TextHash, std::equal_to<>>;
  struct RegexName {
    Regex regex;
    const ServerBlock* server;
  };

  Map exact_;
  Map leading_;   // "*.a.com" as ".a.com"
  Map trailing_;  // "www.a.*" as "www.a."
  std::vector<RegexName> regexes_;
};

}  // namespace uringx
