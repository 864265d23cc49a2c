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

Applied apply_add_header(BuildContext& context, const Directive& directive, Settings& settings) {
  const std::vector<std::string>& words = directive.words;
  auto value = context.compile_template(words[2]);
  if (!value) return std::unexpected(std::move(value.error()));
  const bool always = words.size() > 3;
  if (always && words[3] != "always") return std::unexpected(Refusal{"invalid parameter \"" + words[3] + "\""});
  static_cast<HeadersSettings&>(settings).headers.amend().push_back(
      {kind_of(words[1]), words[1], std::move(*value), always});
  return {};
}

constexpr std::uint32_t kContexts = kHttpServerLocation | kLocationIf;

constexpr DirectiveRow kRows[] = {
    custom_row<&HeadersSettings::expires>("expires", kContexts, kTake12, apply_expires),
    custom_row<&HeadersSettings::headers>("add_header", kContexts, kTake2 | kTake3, apply_add_header),
    {.name = "add_trailer", .contexts = kContexts, .arity = kTake2 | kTake3, .standing = Standing::unserved},
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

struct ExpiresTexts {
  std::string_view expires;
  std::string_view cache_control;
};

ExpiresTexts expires_texts(Request& request, const Expires& expires) {
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
  if (expires.seconds < 0 || time < now) return {date, "no-cache"};
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
  const ExpiresTexts texts = expires_texts(request, expires);
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
      response.etag = value;
      return;
    case AddedHeader::Kind::last_modified:
      // The text goes out as given, with any status, in the place of the file's date.
      response.last_modified = -1;
      std::erase_if(response.fields, [](const HeaderField& field) { return equal_ignore_case(field.name, "last-modified"); });
      if (!value.empty()) response.fields.push_back({header.name, value});
      return;
  }
}

}  // namespace

const Module kHeadersModule = {.id = ModuleId::headers,
                               .name = "headers",
                               .rows = kRows,
                               .make_location = make_settings<HeadersSettings>};

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
  const auto& settings = request.settings<HeadersSettings>();
  const bool good = is_good_answer(request.response.status);
  if (good && settings.expires.is_set()) set_expires(request, *settings.expires);
  for (const AddedHeader& header : *settings.headers) {
    if (good || header.always) add_header(request, header);
  }
}

}  // namespace uringx
