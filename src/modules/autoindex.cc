#include "modules/autoindex.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <vector>

#include "http/ascii.h"
#include "http/uri.h"
#include "modules/charset.h"

namespace uringx {
namespace {

constexpr EnumWord<ListingFormat> kFormats[] = {
    {"html", ListingFormat::html},
    {"json", ListingFormat::json},
    {"jsonp", ListingFormat::jsonp},
    {"xml", ListingFormat::xml},
};

constexpr DirectiveRow kRows[] = {
    value_row<&AutoindexSettings::autoindex>("autoindex", kHttpServerLocation),
    enum_row<&AutoindexSettings::format, kFormats>("autoindex_format", kHttpServerLocation),
    value_row<&AutoindexSettings::localtime>("autoindex_localtime", kHttpServerLocation),
    value_row<&AutoindexSettings::exact_size>("autoindex_exact_size", kHttpServerLocation),
};

// jsonp's function: a name of letters, digits, "_" and "."; empty when none was asked for, nullopt for what could be
// code (ngx_http_autoindex_jsonp_callback).
std::optional<std::string_view> callback_name(Request& request) {
  constexpr std::size_t kCallbackBytesMax = 128;
  const std::string_view name = find_arg(request.args, "callback").value_or(std::string_view());
  if (name.size() > kCallbackBytesMax) {
    log_request(request, LogLevel::info, request.arena.join({"client sent too long callback name: \"", name, "\""}));
    return std::nullopt;
  }
  const auto allowed = [](char c) { return is_alpha(c) || is_digit(c) || c == '_' || c == '.'; };
  if (!std::all_of(name.begin(), name.end(), allowed)) {
    log_request(request, LogLevel::info, request.arena.join({"client sent invalid callback name: \"", name, "\""}));
    return std::nullopt;
  }
  return name;
}

// Local time's distance from UTC, from the end of $time_local: "+0230".
int clock_offset_minutes(const WallClock& clock) {
  constexpr std::size_t kZoneBytes = 5;
  if (clock.log_local.size() < kZoneBytes) return 0;
  const std::string_view zone = clock.log_local.substr(clock.log_local.size() - kZoneBytes);
  int hours_and_minutes = 0;
  std::from_chars(zone.data() + 1, zone.data() + zone.size(), hours_and_minutes);
  const int minutes = hours_and_minutes / 100 * 60 + hours_and_minutes % 100;
  return zone[0] == '-' ? -minutes : minutes;
}

std::string_view content_type_of(ListingFormat format) {
  switch (format) {
    case ListingFormat::html: return "text/html";
    case ListingFormat::json: return "application/json";
    case ListingFormat::jsonp: return "application/javascript";
    case ListingFormat::xml: return "text/xml";
  }
  return {};
}

// Sets what the page's head says. nginx sends the head before it reads the directory, so a listing has no length.
void start_answer(Request& request, ListingFormat format) {
  ResponseHead& response = request.response;
  response.status = 200;
  response.content_type = content_type_of(format);
  response.content_length = kUnknownLength;
  if (format == ListingFormat::xml) response.charset = "utf-8";
}

// A page to be made, with all it needs of the request.
struct ListingWork : DirectoryWork {
  ListingFormat format = ListingFormat::html;
  HtmlListing html;
  std::string_view callback;
};

std::string make_page(const DirectoryWork& work, std::span<DirectoryEntry> entries) {
  const auto& listing = static_cast<const ListingWork&>(work);
  sort_entries(entries);
  switch (listing.format) {
    case ListingFormat::html: return html_listing(listing.html, entries);
    case ListingFormat::json:
    case ListingFormat::jsonp: return json_listing(listing.callback, entries);
    case ListingFormat::xml: return xml_listing(entries);
  }
  return {};
}

const ListingWork* plan_listing(Request& request, ListingFormat format, std::string_view callback) {
  ListingWork* const work = request.arena.make<ListingWork>();
  if (request.method == Method::head) return work;
  const auto& settings = request.settings<AutoindexSettings>();
  work->read = DirectoryWork::Read::attributes;
  work->make = make_page;
  work->format = format;
  work->html = {.uri = request.uri,
                .utf8 = equal_ignore_case(charset_to_be(request), "utf-8"),
                .exact_size = *settings.exact_size,
                .offset_minutes = *settings.localtime ? clock_offset_minutes(request.clock) : 0};
  work->callback = callback;
  return work;
}

void log_failures(const Request& request, std::string_view path, std::span<const DirectoryFailure> failures) {
  for (const DirectoryFailure& failure : failures) {
    log_request(request, LogLevel::crit, request.arena.join({"stat() \"", path, "/", failure.name, "\" failed"}),
                failure.error_number);
  }
}

constexpr HandlerRow kHandlers[] = {{Phase::content, handle_autoindex}};

std::span<const HandlerRow> handlers() { return kHandlers; }

}  // namespace

const Module kAutoindexModule = {.id = ModuleId::autoindex,
                                 .name = "autoindex",
                                 .rows = kRows,
                                 .make_location = make_settings<AutoindexSettings>,
                                 .handlers = handlers};

HandlerResult handle_autoindex(Request& request, HandlerState& state, const HandlerInput& input) {
  if (!request.uri.ends_with('/')) return Declined{};
  if (request.method != Method::get && request.method != Method::head) return Declined{};
  const auto& settings = request.settings<AutoindexSettings>();
  if (!*settings.autoindex) return Declined{};

  ListingFormat format = *settings.format;
  std::string_view callback;
  if (format == ListingFormat::jsonp) {
    const auto name = callback_name(request);
    if (!name) return Finish{400};
    callback = *name;
    if (callback.empty()) format = ListingFormat::json;
  }
  ResponseHead& response = request.response;
  if (!input.directory_read) {
    state.path = directory_path(request);
    if (state.path.empty()) return refuse_unmapped(request);
    start_answer(request, format);
    return ReadDirectory{state.path, plan_listing(request, format, callback)};
  }
  if (input.directory_error != 0) {
    response.content_type = {};
    response.charset = {};
    return refuse_directory(request, state.path, input.directory_error);
  }
  log_failures(request, state.path, input.directory_failures);
  return SendText{input.directory_text};
}

std::string_view directory_path(Request& request) {
  std::string_view path = map_uri_to_path(request, request.uri);
  if (path.size() > 1) path.remove_suffix(1);
  const std::string_view terminated = request.arena.join({path, std::string_view("\0", 1)});
  return terminated.substr(0, path.size());
}

HandlerResult refuse_directory(Request& request, std::string_view path, int error_number) {
  int status = 500;
  if (error_number == ENOENT || error_number == ENOTDIR || error_number == ENAMETOOLONG) status = 404;
  if (error_number == EACCES) status = 403;
  log_request(request, status == 500 ? LogLevel::crit : LogLevel::error,
              request.arena.join({"opendir() \"", path, "\" failed"}), error_number);
  return Finish{status};
}

}  // namespace uringx
