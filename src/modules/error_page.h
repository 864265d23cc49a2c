// error_page: where an answer with an error status leads (ngx_http_send_error_page).
// Settings are const after the build; choosing is pure, the phase engine carries the choice out.
#pragma once

#include <vector>

#include "modules/handler.h"
#include "modules/variables.h"

namespace uringx {

struct ErrorPageRule {
  int status = 0;
  int overwrite = -1;  // -1: keep the status; 0 ("="): take that of the page; else this status
  Template target;     // "/uri?args", "@named" or a URL
};

struct ErrorPageSettings : Settings {
  static constexpr ModuleId kModule = ModuleId::error_page;

  Setting<std::vector<ErrorPageRule>> pages{{}};
};

extern const Module kErrorPageModule;

// The page configured for `status` in the request's location, or nullptr: the built-in one. Respects
// recursive_error_pages and the limit of internal redirects.
const ErrorPageRule* choose_error_page(Request& request, int status);

}  // namespace uringx
