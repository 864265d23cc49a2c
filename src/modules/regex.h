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

  enum class Outcome : std::uint8_t { not_matched, matched, failed };  // failed: the matcher gave up (limit), logged

  // Whether it matches `text`. If so, sets request.captures (views into an arena copy of `text`) and its named captures
  // (ngx_http_regex_exec).
  Outcome execute(Request& request, std::string_view text) const;
  // The same where an error counts as no match.
  bool match(Request& request, std::string_view text) const { return execute(request, text) == Outcome::matched; }

  // Match without captures, for tables that only ask yes or no.
  bool test(std::string_view text) const;

 private:
  struct Code;
  std::shared_ptr<const Code> code_;
};

}  // namespace uringx
