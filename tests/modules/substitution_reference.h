// What sub_filter does, one position after another: the reference for SubstituteText. Used by tests/modules and tests/fuzz.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http/ascii.h"
#include "modules/sub_filter.h"

namespace uringx {

struct SearchAndReplacement {
  std::string search;
  std::string replacement;
};

class FixedReplacements final : public SubstituteText::Replacements {
 public:
  explicit FixedReplacements(std::vector<SearchAndReplacement> pairs) : pairs_(std::move(pairs)) {}
  std::string_view replacement(std::uint16_t pattern) override { return pairs_[pattern].replacement; }

 private:
  std::vector<SearchAndReplacement> pairs_;
};

inline SubstituteText make_substitution(const std::vector<SearchAndReplacement>& pairs, bool once) {
  std::vector<std::string> searches;
  for (const SearchAndReplacement& pair : pairs) searches.push_back(pair.search);
  return {std::make_shared<const SearchPatterns>(std::move(searches)), std::make_unique<FixedReplacements>(pairs), once};
}

inline std::string substitute(std::string_view body, const std::vector<SearchAndReplacement>& pairs, bool once) {
  std::string result;
  std::vector<bool> done(pairs.size());
  std::size_t bytes_min = pairs.front().search.size();
  for (const SearchAndReplacement& pair : pairs) bytes_min = std::min(bytes_min, pair.search.size());
  while (!body.empty()) {
    std::size_t found = 0;
    for (; found < pairs.size(); ++found) {
      const std::string_view search = pairs[found].search;
      if (once && done[found]) continue;
      if (equal_ignore_case(body.substr(0, search.size()), search)) break;
      // What the body's end cuts hides what else would fit there, if anything might (ngx_http_sub_parse).
      if (body.size() >= bytes_min && equal_ignore_case(body, search.substr(0, body.size()))) return result.append(body);
    }
    const bool is_found = found < pairs.size();
    if (is_found) done[found] = true;
    result += is_found ? std::string_view(pairs[found].replacement) : body.substr(0, 1);
    body.remove_prefix(is_found ? pairs[found].search.size() : 1);
  }
  return result;
}

}  // namespace uringx
