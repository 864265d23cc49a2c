#include "modules/charset.h"

#include <algorithm>
#include <utility>

#include "http/ascii.h"
#include "modules/build_context.h"

namespace uringx {
namespace {

// The default list has these besides text/html.
constexpr std::string_view kDefaultTypes[] = {"text/xml", "text/plain", "text/vnd.wap.wml", "application/javascript",
                                              "application/rss+xml"};

CharsetMain& main_of(BuildContext& context) { return context.main_settings().get<CharsetMain>(); }

// A word, or one variable: "$name" is never a text with a variable in it (ngx_http_set_charset_slot).
Applied set_name(BuildContext& context, const std::string& word, Setting<std::optional<CharsetName>>& field) {
  if (field.is_set()) return std::unexpected(Refusal::directive("is duplicate"));
  if (word == "$") return std::unexpected(Refusal{"invalid variable name \"$\""});
  if (word.starts_with('$')) {
    field.set(CharsetName{{}, context.variables().index_of(std::string_view(word).substr(1))});
  } else {
    field.set(CharsetName{main_of(context).name_of(word), {}});
  }
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

// One line of charset_map{} (ngx_http_charset_map).
Applied add_line(BuildContext& context, const Directive& line, CharsetMap& table) {
  context.at(line);
  if (line.has_block) return std::unexpected(Refusal{"unexpected \"{\""});
  if (line.words.size() != 2) return std::unexpected(Refusal{"invalid parameters number"});
  switch (table.add(line.words[0], line.words[1])) {
    case CharsetMap::Added::yes: break;
    case CharsetMap::Added::bad_byte: return std::unexpected(Refusal{"invalid value \"" + line.words[0] + "\""});
    case CharsetMap::Added::bad_character: return std::unexpected(Refusal{"invalid value \"" + line.words[1] + "\""});
  }
  return {};
}

// ngx_http_charset_map_block.
Applied apply_charset_map(BuildContext& context, const Directive& directive, Settings& settings) {
  auto& main = static_cast<CharsetMain&>(settings);
  const std::string& first = directive.words[1];
  const std::string& second = directive.words[2];
  if (equal_ignore_case(first, second)) {
    return std::unexpected(Refusal{"\"charset_map\" between the same charsets \"" + first + "\" and \"" + second + "\""});
  }
  if (main.find(first, second) != nullptr) return std::unexpected(Refusal{"duplicate \"charset_map\" between \"" + first + "\" and \"" + second + "\""});
  auto map = std::make_unique<CharsetMain::Map>(main.name_of(first), main.name_of(second), CharsetMap(equal_ignore_case(second, "utf-8")));
  for (const Directive& line : directive.block) {
    if (Applied added = add_line(context, line, map->table); !added) return added;
  }
  main.maps.push_back(std::move(map));
  return {};
}

constexpr std::uint32_t kContexts = kHttpServerLocation | kLocationIf;

constexpr DirectiveRow kRows[] = {
    custom_row<&CharsetSettings::charset>("charset", kContexts, kTake1, apply_charset),
    custom_row<&CharsetSettings::source_charset>("source_charset", kContexts, kTake1, apply_source_charset),
    value_row<&CharsetSettings::override_charset>("override_charset", kContexts),
    types_row<&CharsetSettings::types>("charset_types"),
    {"charset_map", kHttp, kTake2 | kBlock, Level::main, apply_charset_map},
};

std::string no_map_between(std::string_view source, std::string_view destination) {
  return "no \"charset_map\" between the charsets \"" + std::string(source) + "\" and \"" + std::string(destination) + "\"";
}

// Two names that differ need a charset_map (ngx_http_charset_merge_loc_conf, ngx_http_charset_postconfiguration).
Applied finish_location(BuildContext& context, Settings& settings, const Settings* parent) {
  auto& own = static_cast<CharsetSettings&>(settings);
  own.main = &main_of(context);
  const auto& charset = *own.charset;
  const auto& source = *own.source_charset;
  if (parent == nullptr || !charset || !source || charset->variable || source->variable || charset->text == source->text) return {};
  if (own.main->find(source->text, charset->text) != nullptr) return {};
  return std::unexpected(Refusal{.message = no_map_between(source->text, charset->text), .without_place = true});
}

std::string_view evaluate(Request& request, const CharsetName& name) {
  if (!name.variable) return name.text;
  return request.variables->value(request, *name.variable).value_or(std::string_view());
}

struct Recoding {
  std::string_view source;
  std::string_view destination;
  const CharsetMain::Map* map = nullptr;  // null: there is nothing to recode, or no way to
  bool is_same() const { return equal_ignore_case(source, destination); }
};

// ngx_http_destination_charset, ngx_http_source_charset; nullopt: the answer stays as it is.
std::optional<Recoding> recoding_of(Request& request) {
  const auto& settings = request.settings<CharsetSettings>();
  const ResponseHead& response = request.response;
  if (!*settings.charset || response.content_type.empty()) return std::nullopt;
  if (response.charset.empty() ? !settings.types->contains(response.content_type) : !*settings.override_charset) return std::nullopt;
  Recoding recoding;
  recoding.source = recoding.destination = evaluate(request, **settings.charset);
  if (!response.charset.empty()) {
    recoding.source = response.charset;
  } else if (*settings.source_charset) {
    recoding.source = evaluate(request, **settings.source_charset);
  }
  if (!recoding.is_same()) recoding.map = settings.main->find(recoding.source, recoding.destination);
  return recoding;
}

// A redirect's page had better not say: old browsers took it for that of the next page (ngx_http_set_charset).
std::string_view shown_name(const Request& request, std::string_view name) {
  const bool redirect = request.response.status == 301 || request.response.status == 302;
  return redirect ? std::string_view() : name;
}

}  // namespace

const Module kCharsetModule = {.id = ModuleId::charset,
                               .name = "charset",
                               .rows = kRows,
                               .make_main = make_settings<CharsetMain>,
                               .make_location = make_settings<CharsetSettings>,
                               .finish_location = finish_location,
                               .header_filter = filter_charset};

CharsetSettings::CharsetSettings() {
  TypeList by_default = TypeList::text_html();
  by_default.names.insert(std::begin(kDefaultTypes), std::end(kDefaultTypes));
  types = Setting<TypeList>(std::move(by_default));
}

std::string CharsetMain::name_of(std::string_view name) {
  const auto found = std::ranges::find_if(names, [&](const std::string& known) { return equal_ignore_case(known, name); });
  return found != names.end() ? *found : names.emplace_back(name);
}

const CharsetMain::Map* CharsetMain::find(std::string_view source, std::string_view destination) const {
  for (const auto& map : maps) {
    const bool forward = equal_ignore_case(map->first, source) && equal_ignore_case(map->second, destination);
    const bool back = equal_ignore_case(map->second, source) && equal_ignore_case(map->first, destination);
    if (forward || back) return map.get();
  }
  return nullptr;
}

std::string_view charset_to_be(Request& request) {
  const auto recoding = recoding_of(request);
  if (!recoding || (recoding->map == nullptr && !recoding->is_same())) return request.response.charset;
  return shown_name(request, recoding->destination);
}

// ngx_http_charset_header_filter. What is compressed already stays as it is.
void filter_charset(Request& request) {
  if (request.is_subrequest()) return;  // the whole names one
  const auto recoding = recoding_of(request);
  if (!recoding) return;
  ResponseHead& response = request.response;
  if (!recoding->is_same()) {
    if (!response.content_encoding.empty()) return;
    if (recoding->map == nullptr) {
      log_request(request, LogLevel::error, no_map_between(recoding->source, recoding->destination));
      return;
    }
    const CharsetMap& table = recoding->map->table;
    const bool is_forward = equal_ignore_case(recoding->map->first, recoding->source);
    request.filters.changes.push_back(is_forward ? table.recode_forward() : table.recode_back());
    if (table.changes_length()) {
      response.content_length = kUnknownLength;
      response.accept_ranges = false;
    }
  }
  response.charset = shown_name(request, recoding->destination);
}

}  // namespace uringx
