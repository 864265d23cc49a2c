#include "modules/map.h"

#include <algorithm>

#include "http/ascii.h"
#include "modules/build_context.h"

namespace uringx {
namespace {

std::string lower_case(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), ascii_lower);
  return text;
}

// A key of any length has its place here: only sizes that are wrong by themselves are refused.
Applied check_sizes(const Map& map, const MapSettings& settings) {
  if (!map.has_keys()) return {};
  return check_hash_sizes("map_hash", *settings.hash_max_size, *settings.hash_bucket_size, HashKeys::some);
}

// From the first map{} on the sizes are those that nginx then uses: setting one later is a duplicate.
void fix_sizes(MapSettings& settings) {
  if (!settings.hash_max_size.is_set()) settings.hash_max_size.set(*settings.hash_max_size);
  if (!settings.hash_bucket_size.is_set()) settings.hash_bucket_size.set(*settings.hash_bucket_size);
}

// ngx_http_map_block.
Applied apply_map(BuildContext& context, const Directive& directive, Settings& settings) {
  auto& sizes = static_cast<MapSettings&>(settings);
  fix_sizes(sizes);
  std::expected<Template, Refusal> source = context.compile_template(directive.words[1]);
  if (!source) return std::unexpected(std::move(source.error()));
  auto name = defined_variable(context, directive.words[2]);
  if (!name) return std::unexpected(std::move(name.error()));

  auto owned = std::make_unique<Map>(std::move(*source));
  Map& map = *owned;
  const std::uint16_t index = context.variables().define(*name, std::move(owned));
  for (const Directive& line : directive.block) {
    context.at(line);
    if (line.has_block) return std::unexpected(Refusal{"unexpected \"{\""});
    if (Applied added = map.add(context, line.words); !added) return added;
  }
  if (!directive.closed) return {};  // nginx reads no further, and says so
  if (map.is_volatile()) context.variables().make_volatile(index);
  return check_sizes(map, sizes);
}

template <auto Member>
constexpr DirectiveRow size_row(std::string_view name) {
  DirectiveRow row = value_row<Member>(name, kHttp, Level::main);
  row.standing = Standing::no_meaning;
  return row;
}

constexpr DirectiveRow kRows[] = {
    {"map", kHttp, kTake2 | kBlock, Level::main, apply_map},
    size_row<&MapSettings::hash_max_size>("map_hash_max_size"),
    size_row<&MapSettings::hash_bucket_size>("map_hash_bucket_size"),
};

}  // namespace

const Module kMapModule = {.id = ModuleId::map, .name = "map", .rows = kRows, .make_main = make_settings<MapSettings>};

Applied Map::add(BuildContext& context, const std::vector<std::string>& words) {
  if (words.size() == 1 && words[0] == "hostnames") {
    hostnames_ = true;
    return {};
  }
  if (words.size() == 1 && words[0] == "volatile") {
    volatile_ = true;
    return {};
  }
  if (words.size() != 2) return std::unexpected(Refusal{"invalid number of the map parameters"});
  const auto value = add_value(context, words[1]);
  if (!value) return std::unexpected(value.error());

  const std::string& key = words[0];
  if (key == "default") {
    if (has_default_) return std::unexpected(Refusal{"duplicate default map parameter"});
    has_default_ = true;
    default_ = *value;
    return {};
  }
  if (key.starts_with('~')) {
    const bool caseless = key.starts_with("~*");
    auto regex = context.compile_regex(std::string_view(key).substr(caseless ? 2 : 1), caseless);
    if (!regex) return std::unexpected(std::move(regex.error()));
    regexes_.push_back({std::move(*regex), *value});
    return {};
  }
  return add_key(lower_case(key.starts_with('\\') ? key.substr(1) : key), *value);
}

// The same text is the same value: a table of a hundred thousand lines often has few.
std::expected<std::uint32_t, Refusal> Map::add_value(BuildContext& context, const std::string& text) {
  if (const auto known = known_values_.find(text); known != known_values_.end()) return known->second;
  auto compiled = context.compile_template(text);
  if (!compiled) return std::unexpected(std::move(compiled.error()));
  const auto index = static_cast<std::uint32_t>(values_.size());
  values_.push_back(std::move(*compiled));
  known_values_.emplace(text, index);
  return index;
}

Applied Map::add_key(std::string key, std::uint32_t value) {
  using Added = Hostnames<std::uint32_t>::Added;
  switch (hostnames_ ? keys_.add(key, value) : keys_.add_exact(key, value)) {
    case Added::yes: break;
    case Added::conflicting: return std::unexpected(Refusal{"conflicting parameter \"" + key + "\""});
    case Added::invalid: return std::unexpected(Refusal{"invalid hostname or wildcard \"" + key + "\""});
  }
  return {};
}

std::uint32_t Map::find(Request& request, std::string_view text) const {
  constexpr std::size_t kKeyBytes = 256;  // of a longer text a request pays with its arena
  char few[kKeyBytes];
  char* const lower = text.size() <= sizeof(few) ? few : request.arena.take_bytes(text.size());
  std::transform(text.begin(), text.end(), lower, ascii_lower);
  if (const std::uint32_t* value = keys_.find({lower, text.size()})) return *value;
  if (text.empty()) return default_;
  for (const RegexKey& key : regexes_) {
    switch (key.regex.execute(request, text)) {
      case Regex::Outcome::matched: return key.value;
      case Regex::Outcome::not_matched: break;
      case Regex::Outcome::failed: return default_;
    }
  }
  return default_;
}

// ngx_http_map_variable.
std::optional<std::string_view> Map::value(Request& request) const {
  std::string_view text = source_.evaluate(request);
  if (hostnames_ && text.ends_with('.')) text.remove_suffix(1);
  return values_[find(request, text)].evaluate(request);
}

}  // namespace uringx
