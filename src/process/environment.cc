#include "process/environment.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>

namespace uringx {

std::vector<std::string> environment_for_children(std::span<const std::string> directives) {
  std::vector<std::string> wanted(directives.begin(), directives.end());
  const bool has_zone = std::ranges::any_of(
      wanted, [](const std::string& word) { return word == "TZ" || word.starts_with("TZ="); });
  // Log lines carry local time: they would change their zone at the fork otherwise.
  if (!has_zone) wanted.emplace_back("TZ");

  std::vector<std::string> variables;
  for (std::string& word : wanted) {
    if (word.contains('=')) {
      variables.push_back(std::move(word));
    } else if (const char* value = std::getenv(word.c_str())) {
      variables.push_back(word + "=" + value);
    }
  }
  return variables;
}

void replace_environment(std::vector<std::string> variables) {
  // environ points into these for the rest of the process's life.
  static std::vector<std::string> words;
  static std::vector<char*> pointers;
  words = std::move(variables);
  pointers.clear();
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  environ = pointers.data();
}

}  // namespace uringx
