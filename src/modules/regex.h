// Regex is a compiled PCRE2 pattern of the configuration, JIT-compiled where possible, shared by all workers.
// Matching is bounded (match limit) and fills the request's captures; the only PCRE2 user is regex.cc.
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "modules/request.h"

namespace uringx {

class VariableTable;
struct MatchOnce;

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
  friend MatchOnce match_once(std::string_view pattern, std::string_view text);
  struct Code;
  std::shared_ptr<const Code> code_;
};

// A pattern that comes with a request, compiled and matched once.
struct MatchOnce {
  Regex::Outcome outcome = Regex::Outcome::not_matched;
  bool compiled = false;
  std::string error = {};                   // nginx's words; of a pattern that is none, or that the matcher gave up on
  std::vector<std::string> groups = {};     // [0] is all that matched
  std::vector<std::pair<std::string, std::string>> names = {};  // named groups and what they are
};
MatchOnce match_once(std::string_view pattern, std::string_view text);

}  // namespace uringx
