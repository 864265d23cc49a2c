#include "config/locations.h"

#include <algorithm>

namespace uringx {
namespace {

bool is_static(const Location& location) {
  switch (location.kind) {
    case Location::Kind::prefix:
    case Location::Kind::exact:
    case Location::Kind::no_regex: return true;
    case Location::Kind::server:
    case Location::Kind::regex:
    case Location::Kind::named:
    case Location::Kind::unnamed: return false;
  }
  return false;
}

// ngx_http_cmp_locations: by name, the exact one before the prefix of the same name, else in order of
// writing: of two that are the same the message names the later one.
bool comes_before(const Location* a, const Location* b) {
  if (a->name != b->name) return a->name < b->name;
  return a->kind == Location::Kind::exact && b->kind != Location::Kind::exact;
}

std::expected<void, const Location*> put(std::vector<Location::PrefixEntry>& entries,
                                         const Location& location) {
  if (entries.empty() || entries.back().name != location.name) entries.push_back({.name = location.name});
  const Location*& place =
      location.kind == Location::Kind::exact ? entries.back().exact : entries.back().prefix;
  if (place != nullptr) return std::unexpected(&location);
  place = &location;
  return {};
}

// In sorted order the entries that a name begins with are on the chain of its predecessor.
void link_shorter(std::vector<Location::PrefixEntry>& entries) {
  for (std::size_t i = 1; i < entries.size(); ++i) {
    int candidate = static_cast<int>(i) - 1;
    while (candidate >= 0 &&
           !entries[i].name.starts_with(entries[static_cast<std::size_t>(candidate)].name)) {
      candidate = entries[static_cast<std::size_t>(candidate)].shorter;
    }
    entries[i].shorter = candidate;
  }
}

struct StaticMatch {
  const Location* location = nullptr;
  bool exact = false;
};

// The exact location of this URI, else the one with the longest name that the URI begins with.
StaticMatch find_static(const std::vector<Location::PrefixEntry>& entries, std::string_view uri) {
  const auto after =
      std::upper_bound(entries.begin(), entries.end(), uri,
                       [](std::string_view text, const Location::PrefixEntry& e) { return text < e.name; });
  for (int i = static_cast<int>(after - entries.begin()) - 1; i >= 0;
       i = entries[static_cast<std::size_t>(i)].shorter) {
    const Location::PrefixEntry& entry = entries[static_cast<std::size_t>(i)];
    if (entry.exact != nullptr && entry.name == uri) return {entry.exact, true};
    if (entry.prefix != nullptr && uri.starts_with(entry.name)) return {entry.prefix, false};
  }
  return {};
}

// Sets `chosen` to the innermost location found. True when the search is over: nothing that was passed over
// on the way down (the regexes of outer levels) may replace it.
bool descend(Request& request, const Location& level, const Location*& chosen) {
  const StaticMatch match = find_static(level.prefixes, request.uri);
  if (match.location != nullptr) {
    chosen = match.location;
    if (match.exact) return true;
    if (descend(request, *match.location, chosen)) return true;
    if (match.location->kind == Location::Kind::no_regex) return false;
  }
  for (const Location* regex : level.regexes) {
    if (!regex->regex->match(request, request.uri)) continue;
    chosen = regex;
    descend(request, *regex, chosen);
    return true;
  }
  return false;
}

}  // namespace

std::expected<void, const Location*> index_locations(Location& level) {
  std::vector<const Location*> statics;
  for (const std::unique_ptr<Location>& one : level.nested) {
    if (auto indexed = index_locations(*one); !indexed) return indexed;
    if (is_static(*one)) statics.push_back(one.get());
    if (one->kind == Location::Kind::regex) level.regexes.push_back(one.get());
    if (one->kind == Location::Kind::named) level.named.push_back(one.get());
  }
  std::stable_sort(statics.begin(), statics.end(), comes_before);
  for (const Location* one : statics) {
    if (auto added = put(level.prefixes, *one); !added) return added;
  }
  link_shorter(level.prefixes);
  return {};
}

const Location* choose_location(Request& request, const Location& level) {
  const Location* chosen = nullptr;
  descend(request, level, chosen);
  return chosen;
}

}  // namespace uringx
