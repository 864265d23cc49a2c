#include "modules/charset.h"

#include <utility>

#include "http/ascii.h"
#include "modules/build_context.h"

namespace uringx {
namespace {

// The default list has these besides text/html.
constexpr std::string_view kDefaultTypes[] = {"text/xml", "text/plain", "text/vnd.wap.wml", "application/javascript",
                                              "application/rss+xml"};

// A word, or one variable: "$name" is never a text with a variable in it (ngx_http_set_charset_slot).
Applied set_name(BuildContext& context, const std::string& word, Setting<std::optional<Template>>& field) {
  if (field.is_set()) return std::unexpected(Refusal::directive("is duplicate"));
  auto name = context.compile_template(word);
  if (!name) return std::unexpected(std::move(name.error()));
  field.set(std::move(*name));
  return {};
}

Applied apply_charset(BuildContext& context, const Directive& directive, Settings& settings) {
  auto& charset = static_cast<CharsetSettings&>(settings).charset;
  if (directive.words[1] != "off") return set_name(context, directive.words[1], charset);
  if (charset.is_set()) return std::unexpected(Refusal::directive("is duplicate"));
  charset.set(std::nullopt);
  return {};
}

Applied apply_source_charset(BuildContext& context, const Directive& directive, Settings& settings) {
  return set_name(context, directive.words[1], static_cast<CharsetSettings&>(settings).source_charset);
}

constexpr std::uint32_t kContexts = kHttpServerLocation | kLocationIf;

constexpr DirectiveRow kRows[] = {
    custom_row<&CharsetSettings::charset>("charset", kContexts, kTake1, apply_charset),
    custom_row<&CharsetSettings::source_charset>("source_charset", kContexts, kTake1, apply_source_charset),
    value_row<&CharsetSettings::override_charset>("override_charset", kContexts),
    types_row<&CharsetSettings::types>("charset_types"),
    {.name = "charset_map", .contexts = kHttp, .arity = kTake2 | kBlock, .standing = Standing::unserved},
};

std::string no_map_between(std::string_view source, std::string_view destination) {
  return "no \"charset_map\" between the charsets \"" + std::string(source) + "\" and \"" + std::string(destination) + "\"";
}

// Two names that differ need a charset_map, and there is none.
Applied finish_location(BuildContext&, Settings& settings, const Settings*) {
  const auto& charset = *static_cast<CharsetSettings&>(settings).charset;
  const auto& source = *static_cast<CharsetSettings&>(settings).source_charset;
  if (!charset || !source || !charset->constant() || !source->constant()) return {};
  if (equal_ignore_case(charset->source(), source->source())) return {};
  return std::unexpected(Refusal{.message = no_map_between(source->source(), charset->source()), .without_place = true});
}

}  // namespace

const Module kCharsetModule = {.id = ModuleId::charset,
                               .name = "charset",
                               .rows = kRows,
                               .make_location = make_settings<CharsetSettings>,
                               .finish_location = finish_location,
                               .header_filter = filter_charset};

CharsetSettings::CharsetSettings() {
  TypeList by_default = TypeList::text_html();
  by_default.names.insert(std::begin(kDefaultTypes), std::end(kDefaultTypes));
  types = Setting<TypeList>(std::move(by_default));
}

void filter_charset(Request& request) {
  if (request.is_subrequest()) return;  // the whole names one
  const auto& settings = request.settings<CharsetSettings>();
  ResponseHead& response = request.response;
  if (!*settings.charset || response.content_type.empty()) return;
  if (!response.charset.empty()) {
    if (!*settings.override_charset) return;
  } else if (!settings.types->contains(response.content_type)) {
    return;
  }
  const std::string_view name = (*settings.charset)->evaluate(request);
  const std::string_view source = !response.charset.empty()    ? response.charset
                                  : *settings.source_charset ? (*settings.source_charset)->evaluate(request)
                                                             : name;
  if (!equal_ignore_case(source, name)) {
    log_request(request, LogLevel::error, no_map_between(source, name));
    return;
  }
  // A redirect's page had better not say: old browsers took it for that of the next page (ngx_http_set_charset).
  const bool redirect = response.status == 301 || response.status == 302;
  response.charset = redirect ? std::string_view() : name;
}

}  // namespace uringx
