#include "config/handler_lists.h"

#include <ranges>

namespace uringx {

// Modules register first to last, and the last one's come first (ngx_http_init_phase_handlers, ngx_http_top_header_filter).
HandlerLists::HandlerLists(const UsedModules& used) {
  for (const Module* module : all_modules() | std::views::reverse) {
    const bool is_used = contains(used, module->id);
    if (module->handlers != nullptr) {
      for (const HandlerRow& row : module->handlers()) {
        if (is_used || row.always) handlers_[static_cast<std::size_t>(row.phase)].push_back(row.handler);
      }
    }
    if (module->header_filter != nullptr && is_used) header_filters_.push_back(module->header_filter);
  }
}

}  // namespace uringx
