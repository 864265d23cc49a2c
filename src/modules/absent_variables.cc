#include <algorithm>

#include "modules/variables.h"

namespace uringx {
namespace {

using Text = std::optional<std::string_view>;

Text not_found(Request&, std::string_view) { return std::nullopt; }

// What these are in an nginx that has no upstream. The
// issue that brings a module brings its rows' real values. Log formats name many of them, and must go on working.
constexpr VariableRow kRows[] = {
    {"proxy_host", not_found},
    {"proxy_port", not_found},

    {"upstream_addr", not_found},
    {"upstream_status", not_found},
    {"upstream_connect_time", not_found},
    {"upstream_header_time", not_found},
    {"upstream_response_time", not_found},
    {"upstream_response_length", not_found},
    {"upstream_bytes_received", not_found},
    {"upstream_bytes_sent", not_found},
    {"upstream_cache_status", not_found},
    {"upstream_cache_last_modified", not_found},
    {"upstream_cache_etag", not_found},
    {"upstream_http_", not_found, false, true},
    {"upstream_trailer_", not_found, false, true},
    {"upstream_cookie_", not_found, false, true},
};

// Always of some value in nginx, which nothing here can give yet.
constexpr std::string_view kUnserved[] = {
    "fastcgi_path_info",
    "fastcgi_script_name", "geoip_area_code",     "geoip_city",          "geoip_city_continent_code",
    "geoip_city_country_code", "geoip_country_code", "geoip_country_name", "geoip_org",
    "geoip_region",
    "proxy_add_x_forwarded_for",
};

}  // namespace

std::span<const VariableRow> absent_variables() { return kRows; }

bool is_unserved_variable(std::string_view name) {
  return std::find(std::begin(kUnserved), std::end(kUnserved), name) != std::end(kUnserved);
}

}  // namespace uringx
