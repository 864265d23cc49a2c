// Directives that nginx knows and uringx does not serve yet: names, contexts and arity of nginx 1.22 and later, so that
// nginx's own checks come first and the refusal says what is missing, and which module of nginx's it belongs to. Constants; a
// directive that is served leaves here.
#pragma once

#include "modules/module.h"

namespace uringx {

struct UnservedRow {
  std::string_view name;
  std::uint32_t contexts;
  std::uint32_t arity;
};

struct UnservedModule {
  std::string_view name;  // as nginx's documentation has it: ngx_http_mp4_module
  std::span<const UnservedRow> rows;
};

std::span<const UnservedModule> unserved_modules();
std::span<const UnservedModule> unserved_upstream_modules();

}  // namespace uringx
