// brotli: answers compressed as they are sent, with the directives of the well-known ngx_brotli module. Settings are const
// after the build.
#pragma once

#include "modules/module.h"
#include "modules/type_list.h"

namespace uringx {

struct BrotliSettings : Settings {
  static constexpr ModuleId kModule = ModuleId::brotli;

  Setting<bool> enabled{false};
  Setting<Number> level{Number{6}};
  Setting<Bytes> min_length{Bytes{20}};
  Setting<Bytes> window{Bytes{512 * 1024}};
  Setting<TypeList> types{TypeList::text_html()};
};

extern const Module kBrotliModule;

}  // namespace uringx
