// Directives that nginx knows and uringx does not serve yet: names, contexts and arity of nginx 1.22 and later, so that
// nginx's own checks come first and the refusal says what is missing. Constants; a directive that is served leaves here.
#pragma once

#include "modules/module.h"

namespace uringx {

struct UnservedRow {
  std::string_view name;
  std::uint32_t contexts;
  std::uint32_t arity;
};

std::span<const UnservedRow> unserved_rows();
std::span<const UnservedRow> unserved_upstream_rows();

}  // namespace uringx
