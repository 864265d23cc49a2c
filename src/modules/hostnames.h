// Hostnames finds a value by host name: exact names and names with an asterisk at one end (ngx_hash_find_combined).
// Part of a server list or a module's settings; built on the main thread, const afterwards.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

#include "base/text_map.h"

namespace uringx {

template <typename Value>
class Hostnames {
 public:
  enum class Added { yes, conflicting, invalid };

  // `name` in lower case: "a.com", "*.a.com", ".a.com" (both at once), "www.a.*", "". The first value of a name stays
  // (ngx_hash_add_key).
  Added add(std::string_view name, Value value) {
    if (std::count(name.begin(), name.end(), '*') > 1 || name.find("..") != std::string_view::npos ||
        name.find('\0') != std::string_view::npos) {
      return Added::invalid;
    }
    if (name.size() > 1 && name.front() == '.') {
      if (add_exact(name.substr(1), value) == Added::conflicting) return Added::conflicting;
      return put(leading_, name, value);
    }
    if (name.size() > 2 && name.starts_with("*.")) return put(leading_, name.substr(1), value);
    if (name.size() > 2 && name.ends_with(".*")) return put(trailing_, name.substr(0, name.size() - 1), value);
    if (name.find('*') != std::string_view::npos) return Added::invalid;
    return add_exact(name, value);
  }

  // The name as it stands, whatever bytes it has.
  Added add_exact(std::string_view name, Value value) { return put(exact_, name, value); }

  bool empty() const { return exact_.empty() && leading_.empty() && trailing_.empty(); }

  // The exact name, else the longest wildcard with the asterisk in front, else the longest with it behind; nullptr: none.
  const Value* find(std::string_view host) const {
    if (const auto found = exact_.find(host); found != exact_.end()) return &found->second;
    if (!leading_.empty()) {
      for (std::size_t dot = host.find('.'); dot != std::string_view::npos; dot = host.find('.', dot + 1)) {
        if (const auto found = leading_.find(host.substr(dot)); found != leading_.end()) return &found->second;
      }
    }
    if (!trailing_.empty()) {
      for (std::size_t dot = host.rfind('.'); dot != std::string_view::npos; dot = host.rfind('.', dot - 1)) {
        if (const auto found = trailing_.find(host.substr(0, dot + 1)); found != trailing_.end()) return &found->second;
        if (dot == 0) break;
      }
    }
    return nullptr;
  }

 private:
  static Added put(TextMap<Value>& map, std::string_view key, const Value& value) {
    return map.try_emplace(std::string(key), value).second ? Added::yes : Added::conflicting;
  }

  TextMap<Value> exact_;
  TextMap<Value> leading_;   // "*.a.com" as ".a.com"
  TextMap<Value> trailing_;  // "www.a.*" as "www.a."
};

}  // namespace uringx
