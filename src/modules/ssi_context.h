// SsiContext is what a page with server side includes (SSI) knows: its own formats, and what is common to it and everything
// that is included into it. Owned by the Request, used on its worker's thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace uringx {

struct SsiContext {
  // --- of the page ---
  std::string time_format = "%A, %d-%b-%Y %H:%M:%S %Z";
  std::string error_message = "[an error occurred while processing the directive]";

  // --- of the client's request, for all pages in it ---
  struct Text {
    std::string name;  // of a variable in lower case
    std::string value;
  };
  std::vector<Text> variables;        // of "set", and named captures
  std::vector<std::string> captures;  // of the last pattern that matched: [n] is $n, [0] all of it
  std::vector<Text> blocks;           // what may stand in for an answer without a body

  // nullptr: there is none of that name.
  const std::string* find_variable(std::string_view name) const;
  void set_variable(std::string_view name, std::string value);
  const std::string* find_block(std::string_view name) const;
};

}  // namespace uringx
