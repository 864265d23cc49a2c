#include "modules/gzip.h"

#include <fmt/format.h>

#include <algorithm>

#include "http/accept_encoding.h"
#include "http/browser.h"
#include "http/date.h"
#include "modules/build_context.h"
#include "modules/content_coding.h"
#include "modules/variables.h"

namespace uringx {
namespace {

constexpr std::uint32_t kAll = kHttpServerLocation;

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
  return std::unexpected(Refusal::directive("must be " + choices));
}

// ngx_conf_set_bitmask_slot: a word given twice is a warning.
Applied apply_proxied(BuildContext& context, const Directive& directive, Settings& settings) {
  static constexpr EnumWord<std::uint32_t> kWords[] = {
      {"off", GzipSettings::kOff}, {"expired", GzipSettings::kExpired}, {"no-cache", GzipSettings::kNoCache},
      {"no-store", GzipSettings::kNoStore}, {"private", GzipSettings::kPrivate},
      {"no_last_modified", GzipSettings::kNoLastModified}, {"no_etag", GzipSettings::kNoEtag},
      {"auth", GzipSettings::kAuth}, {"any", GzipSettings::kAny},
  };
  auto& proxied = static_cast<GzipSettings&>(settings).proxied;
  if (!proxied.is_set()) proxied.set(0);
  for (std::size_t i = 1; i < directive.words.size(); ++i) {
    const auto bit = detail::find_word(kWords, directive.words[i]);
    if (!bit) return std::unexpected(bit.error());
    if ((*proxied & *bit) != 0) context.warn(fmt::format("duplicate value \"{}\"", directive.words[i]));
    proxied.amend() |= *bit;
  }
  return {};
}

// Regexes, but for the word msie6 (ngx_http_gzip_disable).
Applied apply_disable(BuildContext& context, const Directive& directive, Settings& settings) {
  auto& disabled = static_cast<GzipSettings&>(settings).disabled.amend();
  for (std::size_t i = 1; i < directive.words.size(); ++i) {
    if (directive.words[i] == "msie6") {
      disabled.msie6 = true;
      continue;
    }
    auto regex = context.compile_regex(directive.words[i], true);
    if (!regex) return std::unexpected(std::move(regex.error()));
    disabled.user_agents.push_back(std::move(*regex));
  }
  return {};
}

constexpr EnumWord<HttpVersion> kVersions[] = {{"1.0", HttpVersion::http_1_0}, {"1.1", HttpVersion::http_1_1}};

constexpr DirectiveRow no_meaning(std::string_view name, decltype(DirectiveRow::apply) apply) {
  return {name, kAll, kTake1, Level::location, apply, nullptr, Standing::no_meaning};
}

constexpr DirectiveRow kRows[] = {
    value_row<&GzipSettings::enabled>("gzip", kAll | kLocationIf),
    checked_row<BufferSet>("gzip_buffers", kAll),
    types_row<&GzipSettings::types>("gzip_types"),
    custom_row<&GzipSettings::level>("gzip_comp_level", kAll, kTake1, apply_level<&GzipSettings::level, 1, 9>),
    no_meaning("gzip_window", check_power_of_two<512, 32 * 1024>),
    no_meaning("gzip_hash", check_power_of_two<512, 128 * 1024>),
    checked_row<Bytes>("postpone_gzipping", kAll),
    checked_row<bool>("gzip_no_buffer", kAll),
    value_row<&GzipSettings::min_length>("gzip_min_length", kAll),
    value_row<&GzipSettings::vary>("gzip_vary", kAll),
    value_row<&GzipSettings::cache>("gzip_cache", kAll),
    enum_row<&GzipSettings::http_version, kVersions>("gzip_http_version", kAll),
    custom_row<&GzipSettings::proxied>("gzip_proxied", kAll, kOneOrMore, apply_proxied),
    custom_row<&GzipSettings::disabled>("gzip_disable", kAll, kOneOrMore, apply_disable),
};

std::optional<std::string_view> get_ratio(Request& request, std::string_view) { return coding_ratio(request, Coding::gzip); }

constexpr VariableRow kVariables[] = {{"gzip_ratio", get_ratio}};

std::span<const VariableRow> variables() { return kVariables; }

const HeaderField* find_field(const ResponseHead& response, std::string_view name) {
  const auto found = std::find_if(response.fields.begin(), response.fields.end(),
                                  [&](const HeaderField& field) { return equal_ignore_case(field.name, name); });
  return found == response.fields.end() ? nullptr : &*found;
}

// Whether the list has that word, alone between its separators (ngx_http_parse_multi_header_lines without a value).
bool list_has(std::string_view list, std::string_view word) {
  for (;;) {
    list.remove_prefix(std::min(list.find_first_not_of(' '), list.size()));
    if (equal_ignore_case(list.substr(0, word.size()), word)) {
      const std::size_t rest = list.find_first_not_of(' ', word.size());
      if (rest == std::string_view::npos || list[rest] == ',') return true;
    }
    const std::size_t separator = list.find_first_of(";,");
    if (separator == std::string_view::npos) return false;
    list.remove_prefix(separator + 1);
  }
}

bool cache_control_has(const ResponseHead& response, std::string_view name) {
  return std::any_of(response.fields.begin(), response.fields.end(), [&](const HeaderField& field) {
    return equal_ignore_case(field.name, "cache-control") && list_has(field.value, name);
  });
}

// The second half of ngx_http_gzip_ok: a proxy asks, which may keep the answer for clients that do not take gzip.
bool is_for_proxies(const Request& request, std::uint32_t proxied) {
  const ResponseHead& response = request.response;
  if ((proxied & GzipSettings::kOff) != 0) return false;
  if ((proxied & GzipSettings::kAny) != 0) return true;
  if ((proxied & GzipSettings::kAuth) != 0 && request.head.find(KnownField::authorization) != nullptr) return true;
  if (const HeaderField* expires = find_field(response, "expires")) {
    if ((proxied & GzipSettings::kExpired) == 0) return false;
    const auto time = parse_http_date(expires->value);
    return time && *time < request.clock.msec / 1000;
  }
  if (find_field(response, "cache-control") != nullptr) {
    return ((proxied & GzipSettings::kNoCache) != 0 && cache_control_has(response, "no-cache")) ||
           ((proxied & GzipSettings::kNoStore) != 0 && cache_control_has(response, "no-store")) ||
           ((proxied & GzipSettings::kPrivate) != 0 && cache_control_has(response, "private"));
  }
  if ((proxied & GzipSettings::kNoLastModified) != 0 && response.last_modified_in_fields) return false;  // not a file's own
  return (proxied & GzipSettings::kNoEtag) == 0 || (response.etag.empty() && find_field(response, "etag") == nullptr);
}

}  // namespace

const Module kGzipModule = {.id = ModuleId::gzip,
                            .name = "gzip",
                            .rows = kRows,
                            .make_location = make_settings<GzipSettings>,
                            .variables = variables,
                            .header_filter = filter_content_coding};

int gzip_quality(Request& request) {
  const auto& settings = request.settings<GzipSettings>();
  const int quality = coding_quality(request.head.value(KnownField::accept_encoding), "gzip");
  if (quality == 0) return 0;
  const std::string_view user_agent = request.head.value(KnownField::user_agent);
  if (settings.disabled->msie6 && browser_of(user_agent).msie6) return 0;
  if (request.head.version < *settings.http_version) return 0;
  if (request.head.find(KnownField::via) != nullptr && !is_for_proxies(request, *settings.proxied)) return 0;
  const auto names_it = [&](const Regex& regex) { return regex.test(user_agent); };
  const bool has_agent = request.head.find(KnownField::user_agent) != nullptr;
  return has_agent && std::ranges::any_of(settings.disabled->user_agents, names_it) ? 0 : quality;
}

}  // namespace uringx
