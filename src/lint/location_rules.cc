#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "lint/rule.h"

namespace uringx {
namespace {

bool ends_in_variable(std::string_view text) {
  const auto names = variables_in(text);
  return !names.empty() && (text.ends_with(names.back()) || text.ends_with('}'));
}

// nginx puts what follows the location's name behind the alias as it stands (ngx_http_map_uri_to_path).
void check_alias_slash(const Block& location, Report& report) {
  const Directive* const alias = location.line("alias");
  const LocationName name = location_name(location);
  if (alias == nullptr || alias->words.size() != 2 || !name.is_prefix() || !name.text.starts_with('/')) return;
  const std::string& path = alias->words[1];
  if (path.empty() || ends_in_variable(path)) return;
  const bool location_has = name.text.ends_with('/');
  if (location_has == path.ends_with('/')) return;
  if (location_has) {
    report.add(*alias, fmt::format("\"{0}\" ends with a slash and \"{1}\" does not: {2}x is looked for at {3}x; write "
                                   "\"alias {3}/;\"",
                                   location_text(location), line_text(*alias), name.text, path));
  } else {
    report.add(*alias, fmt::format("\"{0}\" has no slash at its end and \"{1}\" has one: {2}../x would leave the folder, and "
                                   "{2}x is served as {2}/x; write \"location {2}/\"",
                                   location_text(location), line_text(*alias), name.text));
  }
}

void check_alias_regex(const Block& location, Report& report) {
  const Directive* const alias = location.line("alias");
  const LocationName name = location_name(location);
  if (alias == nullptr || alias->words.size() != 2 || !name.is_regex()) return;
  const std::string& path = alias->words[1];
  if (!path.ends_with('/') || !variables_in(path).empty()) return;
  report.add(*alias, fmt::format("in a location given by a regular expression an alias is the whole path: every URI of \"{}\" "
                                 "leads to the folder {} itself; capture the rest of the URI and write \"alias {}$1;\"",
                                 location_text(location), path, path));
}

void check_try_files_alias(const Block& location, Report& report) {
  const Directive* const tries = location.line("try_files");
  if (tries == nullptr || !location.has("alias") || !location_name(location).is_regex()) return;
  for (std::size_t i = 1; i + 1 < tries->words.size(); ++i) {
    if (!tries->words[i].starts_with("$uri")) continue;
    report.add(*tries, fmt::format("\"{}\" is put behind the alias, which in a location given by a regular expression is the "
                                   "whole path already, so that nothing is found; use \"root\", or an alias in a location "
                                   "given by a prefix",
                                   tries->words[i]));
    return;
  }
}

void check_try_files_fallback(const Block& block, Report& report) {
  const Directive* const tries = block.line("try_files");
  if (tries == nullptr || tries->words.size() < 3) return;
  const std::string& last = tries->words.back();
  if (last.empty() || std::string_view("/$=@").find(last.front()) != std::string_view::npos) return;
  report.add(*tries, fmt::format("the last word of try_files is the URI to go on with, and \"{0}\" is none: it is glued to the "
                                 "root, {1}{0}; write \"/{0}\"",
                                 last, block.value("root", "html")));
}

struct Impossible {
  std::string_view text;
  std::string_view why;
};
// Texts in a name that is compared as it stands, and why no URI holds them.
constexpr Impossible kImpossible[] = {
    {"?", "the arguments are no part of what a location is compared with; match the path alone, and look at $args or $arg_NAME"},
    {"$", "the name is compared as it stands, variables and \"$\" at the end mean nothing in it"},
    {".*", "the name is compared as it stands; for a regular expression write \"location ~\""},
    {"/*", "the name is compared as it stands and covers all that begins with it; leave out the \"*\""},
    {"\\.", "the name is compared as it stands; for a regular expression write \"location ~\""},
    {"://", "only the path of a URI is compared; write the path alone"},
};

bool has_encoded_byte(std::string_view text) {
  for (std::size_t at = text.find('%'); at != std::string_view::npos; at = text.find('%', at + 1)) {
    const auto is_hex = [&](std::size_t i) { return i < text.size() && std::isxdigit(static_cast<unsigned char>(text[i])); };
    if (is_hex(at + 1) && is_hex(at + 2)) return true;
  }
  return false;
}

void check_never_matches(const Block& location, Report& report) {
  const LocationName name = location_name(location);
  if (name.modifier == Modifier::named || name.is_regex() || name.text.empty()) return;
  const auto add = [&](std::string_view why) {
    report.add(*location.opener, fmt::format("\"{}\" can match no request: {}", location_text(location), why));
  };
  for (const Impossible& one : kImpossible) {
    if (name.text.find(one.text) != std::string::npos) return add(one.why);
  }
  if (!name.text.starts_with('/')) {
    return add("a URI begins with \"/\"; write it in front, or \"location ~\" for a regular expression");
  }
  if (has_encoded_byte(name.text)) return add("URIs are decoded before they are compared; write the decoded byte, quoted");
  if (name.text.find("//") != std::string::npos && location.value("merge_slashes", "on") == "on") {
    add("merge_slashes leaves one slash where several stand; write one");
  }
}

// Whether requests in that location look for files below the root in force.
bool looks_for_files(const Block& location) {
  if (answers_without_files(location) || location.nearest_with("alias") != nullptr) return false;
  const Directive* const tries = location.line("try_files");
  if (tries != nullptr && tries->words.size() == 3 && tries->words[2].starts_with('@')) return true;
  const auto denies_all = [](const Directive* line) {
    return line->name() == "deny" && line->words.size() == 2 && line->words[1] == "all";
  };
  if (std::ranges::any_of(location.lines, denies_all)) return false;
  return std::ranges::none_of(location.blocks, [](const auto& inner) { return inner->kind == kOtherBlock; });
}

// Where files are looked for without a root is the very folder that the locations name.
bool is_default_root(std::string_view path, const Report& report) {
  return report.full_path(path.substr(0, path.find_last_not_of('/') + 1)) == report.full_path("html");
}

// The same root written in several locations of a server that has none of its own.
void check_root_repeated(const Block& server, Report& report) {
  if (server.nearest_with("root") != nullptr) return;
  std::map<std::string, std::vector<const Block*>> users;
  for (const Block* location : server.blocks_of(kLocationBlock)) {
    const Directive* const root = location->line("root");
    // The stock files have one more root for their error page, which is found there and nowhere else.
    if (root == nullptr || root->words.size() != 2 || location_name(*location).modifier == Modifier::exact) continue;
    users[root->words[1]].push_back(location);
  }
  for (const auto& [path, locations] : users) {
    if (locations.size() < 2 || is_default_root(path, report)) continue;
    report.add(*locations[1]->line("root"),
               fmt::format("\"root {}\" stands in {} locations of this server and not in the server: a location without it "
                           "would look for its files in the folder html; write it once, in the server block",
                           path, locations.size()));
  }
}

// A location that looks for files, in a server whose root stands in other locations only.
void check_root_missing(const Block& server, Report& report) {
  if (server.nearest_with("root") != nullptr) return;
  const auto locations = server.blocks_of(kLocationBlock);
  const auto with_root = std::ranges::find_if(locations, [](const Block* one) { return one->has("root"); });
  if (with_root == locations.end() || is_default_root((*with_root)->value("root"), report)) return;
  for (const Block* location : locations) {
    if (location->has("root") || location->lines.empty() || !looks_for_files(*location)) continue;
    if (location_name(*location).modifier == Modifier::named) continue;
    const auto inner = location->all_of(kLocationBlock | kLocationIfBlock);
    if (!inner.empty()) continue;
    report.add(*location->opener,
               fmt::format("\"{}\" has no root, for the server's root stands in other locations (\"{}\"): its files are looked "
                           "for in the folder html; write the root in the server block",
                           location_text(*location), location_text(**with_root)));
  }
}

// "location /a/ { root /srv/a; }" looks for /srv/a/a/...; the file system knows whether that was meant.
void check_root_doubled(const Block& location, Report& report) {
  const Directive* const root = location.line("root");
  const LocationName name = location_name(location);
  if (root == nullptr || root->words.size() != 2 || !name.is_prefix() || name.text.size() < 2) return;
  const std::string& path = root->words[1];
  if (!variables_in(path).empty()) return;
  const std::string folder = name.text.substr(0, name.text.find_last_not_of('/') + 1);
  const std::string_view bare = std::string_view(path).substr(0, path.find_last_not_of('/') + 1);
  if (folder.empty() || !bare.ends_with(folder) || bare.size() == folder.size()) return;
  const std::string full = report.full_path(bare);
  if (!report.files().is_directory(full) || report.files().is_directory(full + folder)) return;
  report.add(*root, fmt::format("the URI is put behind the root as a whole: \"{}\" looks in {}{}, which does not exist; write "
                                "\"root {};\"",
                                location_text(location), bare, folder, bare.substr(0, bare.size() - folder.size())));
}

constexpr std::string_view kExposingRoots[] = {"/", "/etc", "/etc/", "/root", "/root/", "/etc/nginx", "/etc/nginx/"};

void check_root_exposes(const Block& block, Report& report) {
  const Directive* const root = block.line("root");
  if (root == nullptr || root->words.size() != 2) return;
  if (std::ranges::find(kExposingRoots, root->words[1]) == std::end(kExposingRoots)) return;
  // With a longer name in front the root itself is not what a client reaches.
  if (block.kind == kLocationBlock && location_name(block).text != "/") return;
  if (answers_without_files(block)) return;
  report.add(*root, fmt::format("\"{}\" offers every file below {} to every client: keys, passwords, this configuration; give "
                                "the site a folder of its own",
                                line_text(*root), root->words[1]));
}

constexpr LintRule kRules[] = {
    {"alias-slash", kLocationBlock, check_alias_slash,
     "`location /a` with `alias /b/`, or `location /a/` with `alias /b`: paths are glued, and `/a../` leaves the folder"},
    {"alias-regex", kLocationBlock, check_alias_regex,
     "`alias /b/` in a location given by a regular expression: all its URIs lead to the folder itself"},
    {"try-files-alias", kLocationBlock, check_try_files_alias,
     "`try_files $uri` beside an `alias` in a location given by a regular expression finds nothing"},
    {"try-files-fallback", kServerBlock | kLocationBlock, check_try_files_fallback,
     "the last word of `try_files` without its slash"},
    {"location-never-matches", kLocationBlock, check_never_matches,
     "a location whose name no URI can begin with: without `/`, with `?`, `*`, `%20` or a regular expression's signs"},
    {"root-repeated", kServerBlock, check_root_repeated, "the same `root` in several locations and not in the server"},
    {"root-missing", kServerBlock, check_root_missing,
     "a location that serves files, without a `root`, which stands in other locations only"},
    {"root-doubled", kLocationBlock, check_root_doubled,
     "`location /a/` with `root /srv/a` where `/srv/a/a` does not exist"},
    {"root-exposes", kServerBlock | kLocationBlock, check_root_exposes, "`root /` and other folders that hold secrets"},
};

}  // namespace

std::span<const LintRule> location_rules() { return kRules; }

}  // namespace uringx
