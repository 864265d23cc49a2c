// Regex is a compiled PCRE2 pattern of the configuration, JIT-compiled where possible, shared by all workers.
// Matching is bounded (match limit) and fills the request's captures; the only PCRE2 user is regex.cc.
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "modules/request.h"

namespace uringx {

class VariableTable;

class Regex {
 public:
  // nginx's text: `pcre2_compile() failed: MESSAGE in "PATTERN" at "REST"`. Named captures become variables.
  static std::expected<Regex, std::string> compile(std::string_view pattern, bool caseless, VariableTable& variables);

  const std::string& pattern() const;

  // Whether it matches `text`. If so, sets request.captures (views into an arena copy of `text`) and its named captures.
  // An error of the matcher (limit) counts as no match and is logged as nginx does.
  bool match(Request& request, std::string_view text) const;

  // Match without captures, for tables that only ask yes or no.
  bool test(std::string_view text) const;

 private:
  struct Code;
  std::shared_ptr<const Code> code_;
};

}  // namespace uringx
