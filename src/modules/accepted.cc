#include "modules/accepted.h"

#include <fmt/format.h>

#include <algorithm>

#include "modules/build_context.h"

namespace uringx {
namespace {

struct GzipSettings : Settings {
  static constexpr ModuleId kModule = ModuleId::gzip;
};

constexpr std::uint32_t kAll = kHttpServerLocation;
constexpr Standing kLater = Standing::no_effect_yet;

Applied refuse(std::string message) { return std::unexpected(Refusal{std::move(message)}); }
Applied refuse_directive(std::string message) {
  return std::unexpected(Refusal::directive(std::move(message)));
}

// ngx_conf_set_bitmask_slot: every word is one of Words; a word given twice is a warning.
template <const auto& Words>
Applied check_bits(BuildContext& context, const Directive& directive, Settings& settings) {
  for (std::size_t i = 1; i < directive.words.size(); ++i) {
    const std::string& word = directive.words[i];
    const bool known = std::any_of(std::begin(Words), std::end(Words),
                                   [&](std::string_view one) { return equal_ignore_case(one, word); });
    if (!known) return refuse(fmt::format("invalid value \"{}\"", until_nul(word)));
    if (!settings.note_first(fmt::format("{} {}", directive.name(), word))) {
      context.warn(fmt::format("duplicate value \"{}\"", word));
    }
  }
  return {};
}

Applied check_comp_level(BuildContext& context, const Directive& directive, Settings& settings) {
  if (auto checked = detail::check_value<Number>(context, directive, settings); !checked) return checked;
  const auto level = parse_number(directive.words[1]);
  if (*level < 1 || *level > 9) return refuse("value must be between 1 and 9");
  return {};
}

// A power of two between the bounds that zlib knows (ngx_http_gzip_window, ngx_http_gzip_hash).
template <std::uint64_t Least, std::uint64_t Most>
Applied check_power_of_two(BuildContext& context, const Directive& directive, Settings& settings) {
  if (auto checked = detail::check_value<Bytes>(context, directive, settings); !checked) return checked;
  std::string choices;
  for (std::uint64_t bytes = Least; bytes <= Most; bytes *= 2) {
    if (*parse_size(directive.words[1]) == bytes) return {};
    if (!choices.empty()) choices += bytes == Most ? ", or " : ", ";
    choices += bytes < 1024 ? fmt::format("{}", bytes) : fmt::format("{}k", bytes / 1024);
  }
  return refuse_directive("must be " + choices);
}

// ngx_http_types_slot: text/html is in the list from the beginning.
Applied check_gzip_types(BuildContext& context, const Directive& directive, Settings& settings) {
  settings.note_first("gzip_types text/html");
  for (std::size_t i = 1; i < directive.words.size(); ++i) {
    std::string word = directive.words[i];
    std::transform(word.begin(), word.end(), word.begin(), ascii_lower);
    if (word != "*" && !settings.note_first("gzip_types " + word)) {
      context.warn(fmt::format("duplicate MIME type \"{}\"", directive.words[i]));
    }
  }
  return {};
}

// Regexes, but for the word msie6.
Applied check_gzip_disable(BuildContext& context, const Directive& directive, Settings&) {
  for (std::size_t i = 1; i < directive.words.size(); ++i) {
    if (directive.words[i] == "msie6") continue;
    if (auto regex = context.compile_regex(directive.words[i], true); !regex) {
      return std::unexpected(std::move(regex.error()));
    }
  }
  return {};
}

constexpr std::string_view kGzipProxied[] = {
    "off", "expired", "no-cache", "no-store", "private", "no_last_modified", "no_etag", "auth", "any"};
constexpr EnumWord<int> kGzipHttpVersion[] = {{"1.0", 1000}, {"1.1", 1001}};

constexpr DirectiveRow later(std::string_view name, std::uint32_t contexts, std::uint32_t arity,
                             decltype(DirectiveRow::apply) apply, Level level = Level::location) {
  return {name, contexts, arity, level, apply, nullptr, kLater};
}

constexpr DirectiveRow kGzipRows[] = {
    checked_row<bool>("gzip", kAll | kLocationIf, Level::location, kLater),
    checked_row<BufferSet>("gzip_buffers", kAll, Level::location, kLater),
    later("gzip_types", kAll, kOneOrMore, check_gzip_types),
    later("gzip_comp_level", kAll, kTake1, check_comp_level),
    later("gzip_window", kAll, kTake1, check_power_of_two<512, 32 * 1024>),
    later("gzip_hash", kAll, kTake1, check_power_of_two<512, 128 * 1024>),
    checked_row<Bytes>("postpone_gzipping", kAll, Level::location, kLater),
    checked_row<bool>("gzip_no_buffer", kAll, Level::location, kLater),
    checked_row<Bytes>("gzip_min_length", kAll, Level::location, kLater),
    checked_row<bool>("gzip_vary", kAll, Level::location, kLater),
    checked_enum_row<kGzipHttpVersion>("gzip_http_version", kAll, Level::location, kLater),
    later("gzip_proxied", kAll, kOneOrMore, check_bits<kGzipProxied>),
    later("gzip_disable", kAll, kOneOrMore, check_gzip_disable),
};

}  // namespace

const Module kGzipModule = {
    .id = ModuleId::gzip, .name = "gzip", .rows = kGzipRows, .make_location = make_settings<GzipSettings>};

}  // namespace uringx
