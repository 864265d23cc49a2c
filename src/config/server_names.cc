#include "config/server_names.h"

namespace uringx {

const ServerBlock* ServerNames::find_without_regex(std::string_view host) const {
  const ServerBlock* const* found = names_.find(host);
  return found == nullptr ? nullptr : *found;
}

const ServerBlock* ServerNames::find(Request& request, std::string_view host) const {
  if (const ServerBlock* found = find_without_regex(host)) return found;
  if (host.empty()) return nullptr;
  for (const RegexName& name : regexes_) {
    if (name.regex.match(request, host)) return name.server;
  }
  return nullptr;
}

const ServerBlock* ServerNames::find_by_name(std::string_view host) const {
  if (const ServerBlock* found = find_without_regex(host)) return found;
  for (const RegexName& name : regexes_) {
    if (name.regex.test(host)) return name.server;
  }
  return nullptr;
}

}  // namespace uringx
