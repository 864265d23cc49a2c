// gunzip: answers that are compressed already, unpacked for clients that do not take gzip (ngx_http_gunzip_filter_module).
// Settings are const after the build.
#pragma once

#include "modules/module.h"

namespace uringx {

struct GunzipSettings : Settings {
  static constexpr ModuleId kModule = ModuleId::gunzip;
  Setting<bool> enabled{false};
};

extern const Module kGunzipModule;

}  // namespace uringx
