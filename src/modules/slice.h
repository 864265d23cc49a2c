// slice: an upstream's answer asked for in pieces (ngx_http_slice_filter_module). A file is served as without it; only
// $slice_range tells of it. Settings are const after the build.
#pragma once

#include "modules/module.h"

namespace uringx {

struct SliceSettings : Settings {
  static constexpr ModuleId kModule = ModuleId::slice;
  Setting<Bytes> slice;
};

extern const Module kSliceModule;

}  // namespace uringx
