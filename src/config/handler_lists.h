// HandlerLists are the handlers and header filters that a configuration has work for, in the order of their calls: a
// feature that no block uses costs its requests nothing.
// Part of a RouteTable: made at the end of the build, const afterwards.
#pragma once

#include <array>
#include <span>
#include <vector>

#include "modules/handler.h"
#include "modules/module.h"

namespace uringx {

class HandlerLists {
 public:
  HandlerLists() = default;
  explicit HandlerLists(const UsedModules& used);

  std::span<const Handler> of(Phase phase) const { return handlers_[static_cast<std::size_t>(phase)]; }
  std::span<const HeaderFilter> header_filters() const { return header_filters_; }

 private:
  std::array<std::vector<Handler>, kPhases> handlers_;
  std::vector<HeaderFilter> header_filters_;
};

}  // namespace uringx
