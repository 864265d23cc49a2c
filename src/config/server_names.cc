#include "config/server_names.h"

#include <algorithm>

namespace uringx {

// ngx_hash_add_key: ".a.com" is "a.com" and "*.a.com" at once.
ServerNames::Added ServerNames::add(std::string_view name, const ServerBlock& server) {
  if (std::count(name.begin(), name.end(), '*') > 1 || name.find("..") != std::string_view::npos ||
      name.find('\0') != std::string_view::npos) {
    return Added::invalid;
  }
  const auto put = [&server](Map& map, std::string_view key) {
    return map.try_emplace(std::string(key), &server).second ? Added::yes : Added::conflicting;
  };
  if (name.size() > 1 && name.front() == '.') {
    if (put(exact_, name.substr(1)) == Added::conflicting) return Added::conflicting;
    return put(leading_, name);
  }
  if (name.size() > 2 && name.starts_with("*.")) return put(leading_, name.substr(1));
  if (name.size() > 2 && name.ends_with(".*")) return put(trailing_, name.substr(0, name.size() - 1));
  if (name.find('*') != std::string_view::npos) return Added::invalid;
  return put(exact_, name);
}

const ServerBlock* ServerNames::find_without_regex(std::string_view host) const {
  if (const auto found = exact_.find(host); found != exact_.end()) return found->second;
  if (!leading_.empty()) {
    for (std::size_t dot = host.find('.'); dot != std::string_view::npos; dot = host.find('.', dot + 1)) {
      if (const auto found = leading_.find(host.substr(dot)); found != leading_.end()) return found->second;
    }
  }
  if (!trailing_.empty()) {
    for (std::size_t dot = host.rfind('.'); dot != std::string_view::npos; dot = host.rfind('.', dot - 1)) {
      if (const auto found = trailing_.find(host.substr(0, dot + 1)); found != trailing_.end())
        return found->second;
      if (dot == 0) break;
    }
  }
  return nullptr;
}

const ServerBlock* ServerNames::find(Request& request, std::string_view host) const {
  if (const ServerBlock* found = find_without_regex(host)) return found;
  if (host.empty()) return nullptr;
  for (const RegexName& name : regexes_) {
    if (name.regex.match(request, host)) return name.server;
  }
  return nullptr;
}

}  // namespace uringx
