// modern_browser and ancient_browser: $modern_browser, $ancient_browser and $msie say what a User-Agent is
// (ngx_http_browser_module). Settings are const after the build.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "modules/module.h"

namespace uringx {

struct BrowserSettings : Settings {
  static constexpr ModuleId kModule = ModuleId::browser;

  // A browser that is modern from a version on: its index in the module's list, the version as one number.
  struct ModernBrowser {
    std::size_t browser = 0;
    std::uint64_t version = 0;
  };
  struct Modern {
    std::vector<ModernBrowser> listed;
    bool unlisted = false;  // browsers that are in no list are modern
  };
  struct Ancient {
    std::vector<std::string> words;  // one of these in the User-Agent
    bool netscape4 = false;
  };

  Setting<Modern> modern;
  Setting<Ancient> ancient;
  Setting<std::string> modern_value{"1"};
  Setting<std::string> ancient_value{"1"};
};

extern const Module kBrowserModule;

}  // namespace uringx
