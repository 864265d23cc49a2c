// gzip: answers compressed as they are sent (ngx_http_gzip_filter_module), and the core directives that say for whom
// (gzip_vary, gzip_http_version, gzip_proxied, gzip_disable). Settings are const after the build.
#pragma once

#include <cstdint>
#include <vector>

#include "http/message.h"
#include "modules/module.h"
#include "modules/regex.h"
#include "modules/type_list.h"

namespace uringx {

struct GzipSettings : Settings {
  static constexpr ModuleId kModule = ModuleId::gzip;

  // Answers to requests that came through a proxy: which are compressed.
  enum Proxied : std::uint32_t {
    kOff = 1u << 0,
    kExpired = 1u << 1,
    kNoCache = 1u << 2,
    kNoStore = 1u << 3,
    kPrivate = 1u << 4,
    kNoLastModified = 1u << 5,
    kNoEtag = 1u << 6,
    kAuth = 1u << 7,
    kAny = 1u << 8,
  };
  struct Disabled {
    bool msie6 = false;
    std::vector<Regex> user_agents;
  };

  Setting<bool> enabled{false};
  Setting<Number> level{Number{1}};
  Setting<Bytes> min_length{Bytes{20}};
  Setting<TypeList> types{TypeList::text_html()};
  Setting<bool> vary{false};
  Setting<HttpVersion> http_version{HttpVersion::http_1_1};
  Setting<std::uint32_t> proxied{kOff};
  Setting<Disabled> disabled;
  Setting<bool> cache{true};  // what a file became is kept for the next who asks
};

extern const Module kGzipModule;

// The quality that the client gives gzip, 0 when it is not to get it (ngx_http_gzip_ok).
int gzip_quality(Request& request);

}  // namespace uringx
