// disable_symlinks: whether the path of a file may lead through symbolic links (of ngx_http_core_module).
// Built with the configuration, const afterwards; the path is walked by whoever opens the file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "modules/module.h"
#include "modules/variables.h"

namespace uringx {

enum class LinkPolicy : std::uint8_t { off, on, if_not_owner };

struct DisableSymlinksSettings : Settings {
  static constexpr ModuleId kModule = ModuleId::disable_symlinks;

  struct Rule {
    LinkPolicy policy = LinkPolicy::off;
    std::optional<Template> from;  // what a path begins with is not looked at
  };
  Setting<Rule> rule;
};

extern const Module kDisableSymlinksModule;

// For one path: its first bytes (up to a slash, which does not belong to them) may hold links, what follows may not.
struct LinkRule {
  LinkPolicy policy = LinkPolicy::off;
  std::size_t trusted_bytes = 0;
};

// ngx_http_set_disable_symlinks.
LinkRule link_rule(Request& request, std::string_view path);

}  // namespace uringx
