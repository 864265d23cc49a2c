// sub_filter: texts of an answer's body replaced by others (ngx_http_sub_filter_module).
// Settings are const after the build; the filter is the answer's.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "modules/body_filter.h"
#include "modules/module.h"
#include "modules/search_patterns.h"
#include "modules/type_list.h"
#include "modules/variables.h"

namespace uringx {

struct Substitution {
  Template search;
  Template replacement;
};

struct SubFilterSettings : Settings {
  static constexpr ModuleId kModule = ModuleId::sub_filter;

  SubFilterSettings();

  Setting<std::vector<Substitution>> substitutions;
  Setting<TypeList> types;
  Setting<bool> once{true};
  Setting<bool> last_modified{false};
  // Of substitutions whose searches have no variables, else null.
  std::shared_ptr<const SearchPatterns> patterns;
};

extern const Module kSubFilterModule;

// Replaces what `patterns` finds. Asks for each replacement once, when it is first needed.
class SubstituteText final : public BodyFilter {
 public:
  class Replacements {
   public:
    virtual ~Replacements() = default;
    // Lives as long as the filter.
    virtual std::string_view replacement(std::uint16_t pattern) = 0;
  };

  // `once`: each pattern is replaced where it is found first, and then no longer looked for.
  SubstituteText(std::shared_ptr<const SearchPatterns> patterns, std::unique_ptr<Replacements> replacements, bool once);

  Step run(std::span<const char> in, bool last, std::span<char> out) override;

 private:
  struct Progress;
  SearchPatterns::Found find(Progress& progress, std::string_view text, bool last);
  bool look_in_input(Progress& progress);
  bool look_in_held(Progress& progress);
  void replace(std::uint16_t pattern);

  std::shared_ptr<const SearchPatterns> patterns_;
  std::unique_ptr<Replacements> replacements_;
  bool once_;
  std::vector<bool> done_;             // with `once`: patterns that were replaced
  std::size_t patterns_left_;
  std::string held_;                   // the end of what came before: a pattern may begin in it
  std::string_view replacement_;       // not yet put out
};

}  // namespace uringx
