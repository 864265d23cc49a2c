// autoindex: a page that lists a directory (ngx_http_autoindex_module), in four formats.
// Settings are built with the configuration, const afterwards; the handler runs on the request's worker's thread, the page
// is made on the thread that reads the directory.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "modules/handler.h"
#include "modules/module.h"

namespace uringx {

enum class ListingFormat : std::uint8_t { html, json, jsonp, xml };

struct AutoindexSettings : Settings {
  static constexpr ModuleId kModule = ModuleId::autoindex;

  Setting<bool> autoindex{false};
  Setting<ListingFormat> format{ListingFormat::html};
  Setting<bool> localtime{false};
  Setting<bool> exact_size{true};
};

extern const Module kAutoindexModule;

HandlerResult handle_autoindex(Request& request, HandlerState& state, const HandlerInput& input);

// --- for every handler that reads a directory ----------------------------------------------------------------------------

// The directory of request.uri without its trailing slash, NUL-terminated; empty when the URI maps to no path.
std::string_view directory_path(Request& request);
// Logs that the directory could not be opened, and answers with the status of that.
HandlerResult refuse_directory(Request& request, std::string_view path, int error_number);

// --- the pages, for handle_autoindex and its tests: byte for byte nginx's ----------------------------------------------

struct HtmlListing {
  std::string_view uri;
  bool utf8 = false;       // names are measured in characters, not bytes
  bool exact_size = true;
  int offset_minutes = 0;  // added to the times: local time's distance from UTC, or 0
};

// `entries` sorted, directories first (sort_entries).
std::string html_listing(const HtmlListing& listing, std::span<const DirectoryEntry> entries);
// With `callback` not empty: jsonp.
std::string json_listing(std::string_view callback, std::span<const DirectoryEntry> entries);
std::string xml_listing(std::span<const DirectoryEntry> entries);

void sort_entries(std::span<DirectoryEntry> entries);

}  // namespace uringx
