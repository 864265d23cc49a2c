// What nginx makes of a User-Agent: msie_padding, keepalive_disable and a few more depend on it. Pure, any
// thread.
#pragma once

#include <string_view>

namespace uringx {

struct Browser {
  bool msie = false;
  bool msie6 = false;  // 4 to 6 without SV1
  bool opera = false;
  bool gecko = false;
  bool chrome = false;
  bool safari = false;
  bool konqueror = false;
};

// ngx_http_process_user_agent. Reads the whole text: ask only where the answer matters.
Browser browser_of(std::string_view user_agent);

}  // namespace uringx
