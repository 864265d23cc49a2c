// gzip_static, brotli_static, zstd_static: a file that was compressed beforehand and lies beside the one asked for is sent in
// its place (ngx_http_gzip_static_module). Settings are const after the build.
#pragma once

#include <array>
#include <cstdint>

#include "modules/content_coding.h"
#include "modules/module.h"

namespace uringx {

struct PrecompressedSettings : Settings {
  static constexpr ModuleId kModule = ModuleId::precompressed;

  // always: also to clients that did not say they take it.
  enum class Use : std::uint8_t { off, on, always };

  Setting<Use> gzip{Use::off};
  Setting<Use> brotli{Use::off};
  Setting<Use> zstd{Use::off};

  Use use_of(Coding coding) const;
};

extern const Module kPrecompressedModule;

}  // namespace uringx
