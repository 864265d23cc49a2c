#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <functional>
#include <optional>

#include "lint/pattern.h"
#include "lint/rule.h"
#include "modules/regex.h"
#include "modules/variables.h"

namespace uringx {
namespace {

using Uris = std::vector<std::string>;

// A location of one level, its name read and its regular expression compiled where it has one.
struct Sibling {
  const Block* block;
  LocationName name;
  std::optional<Regex> regex;

  bool matches(const std::string& uri) const { return regex && regex->test(uri); }
};

std::vector<Sibling> siblings_in(const Block& level) {
  std::vector<Sibling> siblings;
  for (const Block* block : level.blocks_of(kLocationBlock)) {
    Sibling sibling{block, location_name(*block), std::nullopt};
    if (sibling.name.is_regex()) {
      VariableTable variables;
      if (auto regex = Regex::compile(sibling.name.text, sibling.name.modifier == Modifier::regex_caseless, variables)) {
        sibling.regex = std::move(*regex);
      }
    }
    siblings.push_back(std::move(sibling));
  }
  return siblings;
}

// The prefix under which the locations of this level are looked at; "": any URI.
std::string base_of(const Block& level) {
  if (level.kind != kLocationBlock) return "";
  const LocationName name = location_name(level);
  return name.is_prefix() || name.modifier == Modifier::exact ? name.text : "";
}

// What is left of the samples when those that are no URI of that level are taken away, and the reason when nothing is.
struct Candidates {
  Uris uris;
  std::string_view none_because;
};

bool is_normal(const std::string& uri) {
  return uri.find("/./") == std::string::npos && uri.find("/../") == std::string::npos && !uri.ends_with("/..") &&
         !uri.ends_with("/.") && uri.find('\0') == std::string::npos;
}

Candidates uris_of(const std::vector<std::string>& samples, const Block& level) {
  const std::string base = base_of(level);
  const bool merges = level.value("merge_slashes", "on") == "on";
  struct Filter {
    std::function<bool(const std::string&)> keeps;
    std::string_view reason;
  };
  const Filter filters[] = {
      {[](const std::string& uri) { return uri.starts_with('/'); }, "a URI begins with \"/\"; put it behind the \"^\""},
      {[&](const std::string& uri) { return !merges || uri.find("//") == std::string::npos; },
       "merge_slashes leaves one slash where several stand; ask for one"},
      {[&](const std::string& uri) { return uri.starts_with(base); },
       "the location around it begins with something else; move it out"},
  };
  Candidates left{samples, {}};
  if (samples.empty()) return {{}, "\"^\" or \"$\" stand in the middle, where no URI begins or ends"};
  for (const Filter& filter : filters) {
    std::erase_if(left.uris, [&](const std::string& uri) { return !filter.keeps(uri); });
    if (left.uris.empty()) return {{}, filter.reason};
  }
  // A "?" can come as %3F, so that this one is no proof; nobody means it, though.
  if (std::ranges::all_of(left.uris, [](const std::string& uri) { return uri.find('?') != std::string::npos; })) {
    return {{}, "the arguments are no part of what a location is compared with; match the path alone, and look at $args or "
                "$arg_NAME"};
  }
  std::erase_if(left.uris, [](const std::string& uri) { return !is_normal(uri); });
  return left;
}

void check_never_matches(const Block& level, Report& report) {
  for (const Sibling& sibling : siblings_in(level)) {
    if (!sibling.regex) continue;
    const auto pattern = Pattern::parse(sibling.name.text, sibling.name.modifier == Modifier::regex_caseless);
    if (!pattern || !pattern->is_exact()) continue;
    const auto samples = pattern->samples(base_of(level));
    if (!samples) continue;
    const Candidates candidates = uris_of(*samples, level);
    if (candidates.none_because.empty()) continue;
    report.add(*sibling.block->opener, fmt::format("\"{}\" can match no request: {}", location_text(*sibling.block),
                                                   candidates.none_because));
  }
}

// Samples cannot show that an expression takes everything when it looks around or leaves out single letters: it may stop at
// what none of them holds.
bool leaves_something_out(const Sibling& sibling) {
  const std::string& text = sibling.name.text;
  for (std::size_t at = text.find("[^"); at != std::string::npos; at = text.find("[^", at + 1)) {
    const std::string_view left_out = std::string_view(text).substr(at + 2, text.find(']', at + 2) - at - 2);
    if (std::ranges::any_of(left_out, [](unsigned char c) { return std::isalnum(c); })) return true;
  }
  constexpr std::string_view kSigns[] = {"(?=", "(?!", "(?<=", "(?<!"};
  return std::ranges::any_of(kSigns, [&](std::string_view sign) { return text.find(sign) != std::string::npos; });
}

// URIs that the expression matches and that come to this level; empty: not known.
Uris own_uris(const Sibling& sibling, const Block& level) {
  const auto pattern = Pattern::parse(sibling.name.text, sibling.name.modifier == Modifier::regex_caseless);
  // Samples of one that looks around itself leave out too much.
  if (!pattern || !pattern->is_exact()) return {};
  const auto samples = pattern->samples(base_of(level));
  if (!samples) return {};
  Uris uris = uris_of(*samples, level).uris;
  std::erase_if(uris, [&](const std::string& uri) { return !sibling.matches(uri); });
  return uris;
}

// The location that takes this URI before any regular expression is tried; nullptr: none does.
const Sibling* taker_before_regexes(const std::vector<Sibling>& siblings, const std::string& uri) {
  const Sibling* longest = nullptr;
  for (const Sibling& one : siblings) {
    if (one.name.modifier == Modifier::exact && one.name.text == uri) return &one;
    if (!one.name.is_prefix() || !uri.starts_with(one.name.text)) continue;
    if (longest == nullptr || one.name.text.size() > longest->name.text.size()) longest = &one;
  }
  return longest != nullptr && longest->name.modifier == Modifier::no_regex ? longest : nullptr;
}

void check_shadowed(const Block& level, Report& report) {
  const std::vector<Sibling> siblings = siblings_in(level);
  for (std::size_t i = 0; i < siblings.size(); ++i) {
    if (!siblings[i].regex) continue;
    const Uris uris = own_uris(siblings[i], level);
    const Sibling* first_taker = nullptr;
    const auto is_taken = [&](const std::string& uri) {
      const Sibling* taker = taker_before_regexes(siblings, uri);
      for (std::size_t j = 0; j < i && taker == nullptr; ++j) {
        if (!leaves_something_out(siblings[j]) && siblings[j].matches(uri)) taker = &siblings[j];
      }
      if (first_taker == nullptr) first_taker = taker;
      return taker != nullptr;
    };
    if (uris.empty() || !std::ranges::all_of(uris, is_taken)) continue;
    const std::string_view why = first_taker->name.is_regex() ? "regular expressions are tried in the order of writing"
                                                              : "it is chosen before regular expressions are tried";
    report.add(*siblings[i].block->opener,
               fmt::format("\"{}\" is never used: \"{}\" on line {} takes its requests, for {}; {}",
                           location_text(*siblings[i].block), location_text(*first_taker->block),
                           first_taker->block->opener->line, why,
                           first_taker->name.is_regex() ? "write it above that one, or remove it" : "move it into that one"));
  }
}

// Texts that may follow a prefix in a URI.
constexpr std::string_view kRests[] = {"", "q", "q/", "q/zz9", "zz9.qq", "zz9/q-q.qq7"};

bool looks_like_file(std::string_view name) {
  const std::size_t dot = name.find('.', name.rfind('/') + 1);
  return dot != std::string_view::npos && dot + 1 < name.size() && dot != name.rfind('/') + 1;
}

// A prefix gives way to any regular expression that matches.
void check_behind_regex(const Block& level, Report& report) {
  const std::vector<Sibling> siblings = siblings_in(level);
  for (const Sibling& prefix : siblings) {
    if (prefix.name.modifier != Modifier::prefix || !prefix.name.text.starts_with('/')) continue;
    if (!prefix.block->blocks_of(kLocationBlock).empty()) continue;
    for (const Sibling& regex : siblings) {
      const auto matches = [&](std::string_view rest) { return regex.matches(prefix.name.text + std::string(rest)); };
      const bool takes_all = std::ranges::all_of(kRests, matches);
      const bool takes_file = looks_like_file(prefix.name.text) && matches("");
      if (!takes_all && !takes_file) continue;
      report.add(*prefix.block->opener,
                 fmt::format("\"{}\" does not get the requests for {}{}: \"{}\" on line {} takes them, for a regular expression "
                             "goes before a prefix; write \"location {} {}\"",
                             location_text(*prefix.block), prefix.name.text, takes_all ? " and below" : "",
                             location_text(*regex.block), regex.block->opener->line, takes_all ? "^~" : "=", prefix.name.text));
      break;
    }
  }
}

constexpr std::string_view kExtensions[] = {"php",  "html", "htm", "css", "js",  "png", "jpg", "jpeg", "gif", "svg", "ico",
                                            "xml",  "json", "txt", "py",  "cgi", "pl",  "asp", "aspx", "jsp", "woff", "zip"};

// ".php$" with a bare dot also matches /xphp.
void check_bare_dot(const Block& location, Report& report) {
  const LocationName name = location_name(location);
  if (!name.is_regex() || !name.text.ends_with('$')) return;
  const std::string_view body = std::string_view(name.text).substr(0, name.text.size() - 1);
  const std::size_t dot = body.rfind('.');
  if (dot == std::string_view::npos || (dot > 0 && body[dot - 1] == '\\')) return;
  std::string_view rest = body.substr(dot + 1);
  while (!rest.empty() && (rest.front() == '(' || rest.front() == '?' || rest.front() == ':')) rest.remove_prefix(1);
  const std::string_view extension = rest.substr(0, rest.find_first_not_of("abcdefghijklmnopqrstuvwxyz"));
  if (std::ranges::find(kExtensions, extension) == std::end(kExtensions)) return;
  report.add(*location.opener, fmt::format("the dot before \"{1}\" in \"{0}\" stands for any byte; write \"\\.{1}\"",
                                           location_text(location), extension));
}

constexpr unsigned kLevels = kServerBlock | kLocationBlock;

constexpr LintRule kRules[] = {
    {"regex-never-matches", kLevels, check_never_matches,
     "a regular expression no URI can match: `^` without `/` behind it, arguments, an anchor in the middle"},
    {"regex-shadowed", kLevels, check_shadowed,
     "a regular expression whose URIs are all taken by an earlier one, by `^~` or by `=`"},
    {"prefix-behind-regex", kLevels, check_behind_regex,
     "`location /a.php` beside `location ~ \\.php$`: the regular expression wins, and the rules of the prefix are not used"},
    {"regex-bare-dot", kLocationBlock, check_bare_dot, "`location ~ .php$`: the dot stands for any byte"},
};

}  // namespace

std::span<const LintRule> regex_rules() { return kRules; }

}  // namespace uringx
