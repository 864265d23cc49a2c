#include "modules/referer.h"

#include <algorithm>

#include "http/ascii.h"
#include "modules/build_context.h"
#include "modules/http_core.h"

namespace uringx {
namespace {

using Place = RefererSettings;

std::string lower_case(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(), ascii_lower);
  return lower;
}

Applied add_regex(BuildContext& context, const std::string& word, Place& place) {
  if (word.size() == 1) return std::unexpected(Refusal{"empty regex in \"" + word + "\""});
  auto regex = context.compile_regex(std::string_view(word).substr(1), true);
  if (!regex) return std::unexpected(std::move(regex.error()));
  place.regexes.amend().push_back(std::move(*regex));
  return {};
}

Applied add_host(Place& place, const std::string& name, const std::string& uri) {
  using Added = Hostnames<std::string>::Added;
  switch (place.hosts.add(lower_case(name), uri)) {
    case Added::yes: return {};
    case Added::invalid: return std::unexpected(Refusal{"invalid hostname or wildcard \"" + name + "\""});
    case Added::conflicting: return std::unexpected(Refusal{"conflicting parameter \"" + name + "\""});
  }
  return {};
}

Applied apply_valid_referers(BuildContext& context, const Directive& directive, Settings& settings) {
  auto& place = static_cast<Place&>(settings);
  Place::Written& written = place.written;
  written.here = true;
  written.server = &context.server_settings();
  for (std::size_t i = 1; i < directive.words.size(); ++i) {
    const std::string& word = directive.words[i];
    if (word.empty()) return std::unexpected(Refusal{"invalid referer \"\""});
    Applied added;
    if (word == "none") {
      written.none = true;
    } else if (word == "blocked") {
      written.blocked = true;
    } else if (word == "server_names") {
      written.server_names = true;
    } else if (word.starts_with('~')) {
      added = add_regex(context, word, place);
    } else {
      const std::size_t slash = std::min(word.find('/'), word.size());
      written.hosts.push_back({word.substr(0, slash), word.substr(slash)});
      added = add_host(place, written.hosts.back().name, written.hosts.back().uri);
    }
    if (!added) return added;
  }
  return {};
}

Applied add_server_names(Place& place) {
  static const std::vector<HttpCoreServer::Name> kNoName(1);
  const auto& names = place.written.server->get<HttpCoreServer>().names;
  for (const HttpCoreServer::Name& name : names.empty() ? kNoName : names) {
    if (name.regex) {
      place.server_name_regexes.amend().push_back(*name.regex);
    } else if (Applied added = add_host(place, name.text, ""); !added) {
      return added;
    }
  }
  return {};
}

Applied check_sizes(const Place& place) {
  if (place.hosts.empty()) return {};
  return check_hash_sizes("referer_hash", *place.hash_max_size, *place.hash_bucket_size, HashKeys::some);
}

// ngx_http_referer_merge_conf. A level without valid_referers has all of the level above; one with it and without a regex
// has the regexes of the level above all the same.
Applied finish_location(BuildContext&, Settings& settings, const Settings* parent) {
  auto& place = static_cast<Place&>(settings);
  const auto* above = static_cast<const Place*>(parent);
  if (!place.written.here) {
    if (above == nullptr) return {};
    place.hosts = above->hosts;
    place.no_referer = above->no_referer;
    place.blocked_referer = above->blocked_referer;
  } else {
    if (place.written.server_names) {
      if (Applied added = add_server_names(place); !added) return added;
    }
    place.no_referer = place.written.none;
    place.blocked_referer = place.written.blocked;
    if ((place.no_referer || place.blocked_referer) && place.hosts.empty()) {
      return std::unexpected(Refusal{.message = "the \"none\" or \"blocked\" referers are specified in the "
                                                "\"valid_referers\" directive without any valid referer",
                                     .without_place = true});
    }
    if (Applied sizes = check_sizes(place); !sizes) return sizes;
  }
  if (above != nullptr) {
    place.regexes.inherit(above->regexes);
    place.server_name_regexes.inherit(above->server_name_regexes);
  }
  return {};
}

constexpr std::uint32_t kContexts = kServer | kLocation;

constexpr DirectiveRow kRows[] = {
    {"valid_referers", kContexts, kOneOrMore, Level::location, apply_valid_referers},
    value_row<&Place::hash_max_size>("referer_hash_max_size", kContexts),
    value_row<&Place::hash_bucket_size>("referer_hash_bucket_size", kContexts),
};

std::optional<std::string_view> get_invalid_referer(Request& request, std::string_view) {
  const HeaderField* field = request.head.find(KnownField::referer);
  return is_valid_referer(request.settings<Place>(), field == nullptr ? nullptr : &field->value) ? "" : "1";
}

constexpr VariableRow kVariables[] = {{"invalid_referer", get_invalid_referer}};
std::span<const VariableRow> referer_variables() { return kVariables; }

bool any_matches(const std::vector<Regex>& regexes, std::string_view text) {
  return std::ranges::any_of(regexes, [&](const Regex& regex) { return regex.test(text); });
}

}  // namespace

const Module kRefererModule = {.id = ModuleId::referer,
                               .name = "referer",
                               .rows = kRows,
                               .make_location = make_settings<RefererSettings>,
                               .finish_location = finish_location,
                               .variables = referer_variables};

// ngx_http_referer_variable.
bool is_valid_referer(const RefererSettings& settings, const std::string_view* referer) {
  constexpr std::size_t kHostBytesMax = 256;
  constexpr std::string_view kShortest = "http://i.ru";
  if (settings.empty()) return true;
  if (referer == nullptr) return settings.no_referer;

  std::string_view rest;
  if (referer->size() >= kShortest.size()) {
    for (const std::string_view scheme : {"http://", "https://"}) {
      if (equal_ignore_case(referer->substr(0, scheme.size()), scheme)) rest = referer->substr(scheme.size());
    }
  }
  if (rest.data() == nullptr) return settings.blocked_referer;

  const std::size_t host_bytes = std::min(rest.find_first_of("/:"), rest.size());
  if (host_bytes > kHostBytesMax) return false;
  char lower[kHostBytesMax];
  std::transform(rest.begin(), rest.begin() + static_cast<std::ptrdiff_t>(host_bytes), lower, ascii_lower);
  const std::string_view host(lower, host_bytes);
  if (const std::string* uri = settings.hosts.find(host)) {
    const std::string_view path = rest.substr(std::min(rest.find('/', host_bytes), rest.size()));
    return path.starts_with(*uri);
  }
  return any_matches(*settings.server_name_regexes, host) || any_matches(*settings.regexes, rest);
}

}  // namespace uringx
