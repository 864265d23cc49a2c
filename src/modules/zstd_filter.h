// zstd: answers compressed as they are sent, with the directives of the well-known zstd-nginx-module. Settings are const after
// the build.
#pragma once

#include "modules/module.h"
#include "modules/type_list.h"

namespace uringx {

struct ZstdSettings : Settings {
  static constexpr ModuleId kModule = ModuleId::zstd;

  Setting<bool> enabled{false};
  Setting<Number> level{Number{1}};
  Setting<Bytes> min_length{Bytes{20}};
  Setting<TypeList> types{TypeList::text_html()};
};

extern const Module kZstdModule;

}  // namespace uringx
