// SsiExpression evaluates texts and conditions of SSI commands in a request: variables of the pages and of the configuration,
// patterns. Made for one command, on the request's worker's thread. What fails is logged.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "modules/ssi_context.h"

namespace uringx {

struct Request;

class SsiExpression {
 public:
  // `common`: of the client's request.
  SsiExpression(Request& request, SsiContext& common) : request_(request), common_(common) {}

  // The text with its variables, backslashes before \ ' " $ removed (ngx_http_ssi_evaluate_string).
  std::optional<std::string> expand(std::string_view text) const;
  // The same of a path, which begins in the folder of the page's URI unless it begins with "/".
  std::optional<std::string> expand_path(std::string_view text) const;
  // "$a", "$a = text", "$a != /pattern/": whether it holds (ngx_http_ssi_if). A match sets captures.
  std::optional<bool> holds(std::string_view expression) const;
  // A variable's value; `name` is in lower case. nullopt: not found.
  std::optional<std::string_view> value_of(std::string_view name) const;

 private:
  bool expand_variable(std::string_view text, std::size_t& at, std::string& to) const;
  std::optional<bool> matches(std::string_view pattern, std::string_view text) const;

  Request& request_;
  SsiContext& common_;
};

}  // namespace uringx
