#include "process/process_title.h"

#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <span>
#include <string>
#include <vector>

#include "base/version.h"

namespace uringx {
namespace {

std::span<char> title_place;  // argv's words and, when they follow without a gap, the environment's

// The words lie one after another; the place ends with the last one that follows its predecessor at once.
char* end_of_words(char** words, char* end) {
  for (; *words != nullptr; ++words) {
    if (*words == end) end += std::strlen(*words) + 1;
  }
  return end;
}

}  // namespace

void init_process_title(char** argv) {
  if (argv[0] == nullptr) return;
  char* end = end_of_words(argv, argv[0]);
  end = end_of_words(environ, end);
  title_place = {argv[0], end};

  // environ must stay valid for the life of the process, whatever stands in the old place.
  static std::vector<std::string> words;
  static std::vector<char*> pointers;
  for (char** word = environ; *word != nullptr; ++word) words.emplace_back(*word);
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  environ = pointers.data();
  argv[1] = nullptr;
}

void set_process_title(std::string_view title) {
  if (title_place.empty()) return;
  const std::string text = std::string(kProductName) + ": " + std::string(title);
  const std::size_t length = std::min(text.size(), title_place.size() - 1);
  std::ranges::copy_n(text.begin(), static_cast<std::ptrdiff_t>(length), title_place.begin());
  std::ranges::fill(title_place.subspan(length), '\0');
}

}  // namespace uringx
