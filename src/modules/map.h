// map SOURCE $variable {...}: a value chosen by the value of a text (nginx: ngx_http_map_module.c).
// A Map belongs to the VariableTable, which asks it the first time a request uses the variable.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "modules/hostnames.h"
#include "modules/module.h"
#include "modules/regex.h"
#include "modules/variables.h"

namespace uringx {

// Sizes of nginx's hash, which mean nothing here but for their checks. One place, in http{}.
struct MapSettings : Settings {
  static constexpr ModuleId kModule = ModuleId::map;

  Setting<Number> hash_max_size{Number{2048}};
  Setting<Number> hash_bucket_size{Number{64}};
};

class Map final : public VariableSource {
 public:
  explicit Map(Template source) : source_(std::move(source)) {}

  // One line of the block: KEY VALUE, or a word alone (hostnames, volatile).
  Applied add(BuildContext& context, const std::vector<std::string>& words);
  bool is_volatile() const { return volatile_; }
  // Of the exact keys, as nginx counts them against the size of a bucket.
  bool has_keys() const { return !keys_.empty(); }

  std::optional<std::string_view> value(Request& request) const override;

 private:
  struct RegexKey {
    Regex regex;
    std::uint32_t value;
  };

  std::expected<std::uint32_t, Refusal> add_value(BuildContext& context, const std::string& text);
  Applied add_key(std::string key, std::uint32_t value);
  // The index of the value for `text`; sets the captures of a regex that matched.
  std::uint32_t find(Request& request, std::string_view text) const;

  Template source_;
  bool hostnames_ = false;
  bool volatile_ = false;
  Hostnames<std::uint32_t> keys_;  // in lower case -> index in values_
  std::vector<RegexKey> regexes_;  // in order of writing
  std::vector<Template> values_{Template()};  // the first is that of nothing: an empty text
  TextMap<std::uint32_t> known_values_;
  std::uint32_t default_ = 0;
  bool has_default_ = false;
};

extern const Module kMapModule;

}  // namespace uringx
