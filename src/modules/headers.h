// add_header, add_trailer and expires (ngx_http_headers_filter_module).
// Settings are built with the configuration, const afterwards; the filter runs on the request's worker's thread.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "modules/handler.h"
#include "modules/module.h"
#include "modules/variables.h"

namespace uringx {

// What `expires` says, relative times in seconds.
struct Expires {
  enum class Kind : std::uint8_t { off, epoch, max, access, modified, daily } kind = Kind::off;
  std::int64_t seconds = 0;  // daily: of the day, local time

  // ngx_http_parse_expires; `after_modified` when the word "modified" came before. Errors as nginx words them.
  static std::expected<Expires, std::string> parse(std::string_view text, bool after_modified);
};

struct HeadersSettings : Settings {
  static constexpr ModuleId kModule = ModuleId::headers;

  struct ExpiresSetting {
    Expires constant;
    std::optional<Template> variable;  // parsed for each request; what is no valid value has no effect
    bool after_modified = false;
  };
  struct AddedHeader {
    // How nginx treats the name: most are lines of their own; ETag and Last-Modified replace the answer's.
    enum class Kind : std::uint8_t { line, etag, last_modified } kind = Kind::line;
    std::string name;
    Template value;
    bool always = false;  // with every status, not with those of a good answer only
  };
  // Of what the level above has: nothing, all where this level has none of its own, or all besides its own.
  enum class Inheritance : std::uint8_t { off, on, merge };

  Setting<ExpiresSetting> expires;
  Setting<Inheritance> headers_inheritance{Inheritance::on};
  Setting<Inheritance> trailers_inheritance{Inheritance::on};
  Setting<std::vector<AddedHeader>> headers;
  Setting<std::vector<AddedHeader>> trailers;
};

extern const Module kHeadersModule;

// A HeaderFilter.
void filter_headers(Request& request);

// Fills the answer's trailers once its framing stands; only what filter_headers expected is looked for.
void filter_trailers(Request& request);

}  // namespace uringx
