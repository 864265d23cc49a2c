#include "modules/headers.h"

#include <algorithm>
#include <charconv>
#include <ctime>

#include "http/ascii.h"
#include "http/date.h"
#include "modules/build_context.h"
#include "modules/value_parsers.h"

namespace uringx {
namespace {

using AddedHeader = HeadersSettings::AddedHeader;
using Inheritance = HeadersSettings::Inheritance;

// --- directives -------------------------------------------------------------------------------------------------

Applied apply_expires(BuildContext& context, const Directive& directive, Settings& settings) {
  auto& field = static_cast<HeadersSettings&>(settings).expires;
  if (field.is_set()) return std::unexpected(Refusal::directive("is duplicate"));
  HeadersSettings::ExpiresSetting value;
  value.after_modified = directive.words.size() > 2;
  if (value.after_modified && directive.words[1] != "modified") {
    return std::unexpected(Refusal::directive("invalid value"));
  }
  auto text = context.compile_template(directive.words.back());
  if (!text) return std::unexpected(std::move(text.error()));
  if (text->constant()) {
    auto parsed = Expires::parse(text->source(), value.after_modified);
    if (!parsed) return std::unexpected(Refusal::directive(std::move(parsed.error())));
    value.constant = *parsed;
  } else {
    value.variable = std::move(*text);
  }
  field.set(std::move(value));
  return {};
}

AddedHeader::Kind kind_of(std::string_view name) {
  if (equal_ignore_case(name, "etag")) return AddedHeader::Kind::etag;
  if (equal_ignore_case(name, "last-modified")) return AddedHeader::Kind::last_modified;
  return AddedHeader::Kind::line;
}

template <auto List>
Applied apply_added(BuildContext& context, const Directive& directive, Settings& settings) {
  const std::vector<std::string>& words = directive.words;
  auto value = context.compile_template(words[2]);
  if (!value) return std::unexpected(std::move(value.error()));
  const bool always = words.size() > 3;
  if (always && words[3] != "always") return std::unexpected(Refusal{"invalid parameter \"" + words[3] + "\""});
  (static_cast<HeadersSettings&>(settings).*List).amend().push_back({kind_of(words[1]), words[1], std::move(*value), always});
  return {};
}

// The level's own come first, as in ngx_http_headers_merge_conf. Its rule was inherited before: that row stands above.
template <auto List, auto Rule>
void inherit_added(Settings& child, const Settings& parent) {
  auto& own = static_cast<HeadersSettings&>(child);
  const auto& above = static_cast<const HeadersSettings&>(parent).*List;
  const Inheritance rule = *(own.*Rule);
  if (rule == Inheritance::off || !above.is_set()) return;
  if (!(own.*List).is_set()) {
    own.*List = above;
  } else if (rule == Inheritance::merge) {
    auto& list = (own.*List).amend();
    list.insert(list.end(), above->begin(), above->end());
  }
}

constexpr EnumWord<Inheritance> kInheritances[] = {
    {"off", Inheritance::off},
    {"on", Inheritance::on},
    {"merge", Inheritance::merge},
};

constexpr std::uint32_t kContexts = kHttpServerLocation | kLocationIf;

constexpr DirectiveRow kRows[] = {
    custom_row<&HeadersSettings::expires>("expires", kContexts, kTake12, apply_expires),
    enum_row<&HeadersSettings::headers_inheritance, kInheritances>("add_header_inherit", kContexts),
    enum_row<&HeadersSettings::trailers_inheritance, kInheritances>("add_trailer_inherit", kContexts),
    {"add_header", kContexts, kTake2 | kTake3, Level::location, apply_added<&HeadersSettings::headers>,
     inherit_added<&HeadersSettings::headers, &HeadersSettings::headers_inheritance>},
    {"add_trailer", kContexts, kTake2 | kTake3, Level::location, apply_added<&HeadersSettings::trailers>,
     inherit_added<&HeadersSettings::trailers, &HeadersSettings::trailers_inheritance>},
};

// --- the filter -------------------------------------------------------------------------------------------------

constexpr bool is_good_answer(int status) {
  switch (status) {
    case 200: case 201: case 204: case 206: case 301: case 302: case 303: case 304: case 307: case 308: return true;
    default: return false;
  }
}

std::string_view date_text(Arena& arena, std::int64_t time) {
  char* const text = arena.take_bytes(kHttpDateBytes);
  write_http_date(text, static_cast<std::time_t>(time));
  return {text, kHttpDateBytes};
}

// The next time the local clock shows `seconds` of the day (ngx_next_time); -1 when there is none.
std::int64_t next_time_of_day(std::int64_t seconds, std::int64_t now) {
  const auto now_time = static_cast<std::time_t>(now);
  std::tm local{};
  localtime_r(&now_time, &local);
  local.tm_hour = static_cast<int>(seconds / 3600);
  local.tm_min = static_cast<int>(seconds / 60 % 60);
  local.tm_sec = static_cast<int>(seconds % 60);
  const std::time_t today = mktime(&local);
  if (today == -1 || today > now_time) return today;
  ++local.tm_mday;  // mktime makes the 32nd the first of the next month
  return mktime(&local);
}

// Puts the field in the place of the first one of that name, and drops the others.
void set_field(ResponseHead& response, std::string_view name, std::string_view value) {
  const auto same = [name](const HeaderField& field) { return equal_ignore_case(field.name, name); };
  const auto first = std::find_if(response.fields.begin(), response.fields.end(), same);
  if (first == response.fields.end()) {
    response.fields.push_back({name, value});
    return;
  }
  *first = {name, value};
  response.fields.erase(std::remove_if(first + 1, response.fields.end(), same), response.fields.end());
}

// The same, but an empty value takes the field away (ngx_http_set_response_header).
void replace_field(ResponseHead& response, std::string_view name, std::string_view value) {
  if (!value.empty()) return set_field(response, name, value);
  std::erase_if(response.fields, [name](const HeaderField& field) { return equal_ignore_case(field.name, name); });
}

struct ExpiresTexts {
  std::string_view expires;
  std::string_view cache_control;
};

// `past`: the configuration says a time before now, whatever the date of the file.
ExpiresTexts expires_texts(Request& request, const Expires& expires, bool past) {
  switch (expires.kind) {
    case Expires::Kind::epoch: return {"Thu, 01 Jan 1970 00:00:01 GMT", "no-cache"};
    case Expires::Kind::max: return {"Thu, 31 Dec 2037 23:55:55 GMT", "max-age=315360000"};
    case Expires::Kind::off:
    case Expires::Kind::access:
    case Expires::Kind::modified:
    case Expires::Kind::daily: break;
  }
  if (expires.seconds == 0 && expires.kind != Expires::Kind::daily) return {request.clock.http_date, "max-age=0"};

  const std::int64_t now = request.clock.msec / 1000;
  const std::int64_t modified = request.response.last_modified;
  std::int64_t time = now + expires.seconds;
  if (expires.kind == Expires::Kind::daily) time = next_time_of_day(expires.seconds, now);
  if (expires.kind == Expires::Kind::modified && modified != -1) time = modified + expires.seconds;
  const std::string_view date = date_text(request.arena, time);
  if (past || time < now) return {date, "no-cache"};
  char age[32];
  const char* const end = std::to_chars(age, age + sizeof(age), time - now).ptr;
  return {date, request.arena.join({"max-age=", {age, static_cast<std::size_t>(end - age)}})};
}

void set_expires(Request& request, const HeadersSettings::ExpiresSetting& setting) {
  Expires expires = setting.constant;
  if (setting.variable) {
    const auto parsed = Expires::parse(setting.variable->evaluate(request), setting.after_modified);
    if (!parsed) return;
    expires = *parsed;
  }
  if (expires.kind == Expires::Kind::off) return;
  const ExpiresTexts texts = expires_texts(request, expires, setting.constant.seconds < 0);
  set_field(request.response, "Expires", texts.expires);
  set_field(request.response, "Cache-Control", texts.cache_control);
}

// A variable may hold what would end the line and begin another: nginx puts blanks there since 1.29.
std::string_view without_line_breaks(Arena& arena, std::string_view value) {
  constexpr std::string_view kBreaks("\0\r\n", 3);
  if (value.find_first_of(kBreaks) == std::string_view::npos) return value;
  char* const text = arena.take_bytes(value.size());
  std::replace_copy_if(
      value.begin(), value.end(), text, [&](char c) { return kBreaks.find(c) != std::string_view::npos; }, ' ');
  return {text, value.size()};
}

void add_header(Request& request, const AddedHeader& header) {
  ResponseHead& response = request.response;
  const std::string_view value = without_line_breaks(request.arena, header.value.evaluate(request));
  switch (header.kind) {
    case AddedHeader::Kind::line:
      if (!value.empty()) response.fields.push_back({header.name, value});
      return;
    case AddedHeader::Kind::etag:
      // A file's own stands before all fields: it keeps its place, under the name as given.
      if (!response.etag.empty()) response.fields.insert(response.fields.begin(), {"ETag", response.etag});
      response.etag = {};
      replace_field(response, header.name, value);
      return;
    case AddedHeader::Kind::last_modified:
      // The text goes out as given, with any status; If-Range is compared with its time.
      replace_field(response, header.name, value);
      response.last_modified = parse_http_date(value).value_or(-1);
      response.last_modified_in_fields = !value.empty();
      return;
  }
}

}  // namespace

const Module kHeadersModule = {.id = ModuleId::headers,
                               .name = "headers",
                               .rows = kRows,
                               .make_location = make_settings<HeadersSettings>,
                               .header_filter = filter_headers};

std::expected<Expires, std::string> Expires::parse(std::string_view text, bool after_modified) {
  constexpr std::int64_t kDaySeconds = 24 * 60 * 60;
  if (!after_modified) {
    if (text == "epoch") return Expires{Kind::epoch, 0};
    if (text == "max") return Expires{Kind::max, 0};
    if (text == "off") return Expires{Kind::off, 0};
  }
  Expires expires{after_modified ? Kind::modified : Kind::access, 0};
  const char sign = text.empty() ? '\0' : text[0];
  if (sign == '@') {
    if (after_modified) return std::unexpected("daily time cannot be used with \"modified\" parameter");
    expires.kind = Kind::daily;
  }
  if (sign == '@' || sign == '+' || sign == '-') text.remove_prefix(1);
  const auto seconds = parse_seconds(text);
  if (!seconds) return std::unexpected("invalid value");
  if (expires.kind == Kind::daily && *seconds > kDaySeconds) {
    return std::unexpected("daily time value must be less than 24 hours");
  }
  expires.seconds = sign == '-' ? -*seconds : *seconds;
  return expires;
}

void filter_headers(Request& request) {
  if (request.is_subrequest()) return;
  const auto& settings = request.settings<HeadersSettings>();
  if (!settings.expires.is_set() && settings.headers->empty() && settings.trailers->empty()) return;
  const bool good = is_good_answer(request.response.status);
  if (good && settings.expires.is_set()) set_expires(request, *settings.expires);
  for (const AddedHeader& header : *settings.headers) {
    if (good || header.always) add_header(request, header);
  }
  // Never taken back: the page of a 416 that follows is framed for trailers too, as nginx's is.
  for (const AddedHeader& trailer : *settings.trailers) request.trailers_expected |= good || trailer.always;
}

void filter_trailers(Request& request) {
  ResponseHead& response = request.response;
  response.trailers.clear();
  const bool good = is_good_answer(response.status);
  for (const AddedHeader& trailer : *request.settings<HeadersSettings>().trailers) {
    if (!good && !trailer.always) continue;
    const std::string_view value = without_line_breaks(request.arena, trailer.value.evaluate(request));
    if (!value.empty()) response.trailers.push_back({trailer.name, value});
  }
}

}  // namespace uringx
