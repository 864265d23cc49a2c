// A ConfigTree as text, for golden cases: one line a directive, with the line where it ended.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "parser/config_tree.h"

namespace uringx {

inline std::string shown_word(const std::string& word) {
  const bool plain = !word.empty() && std::ranges::all_of(word, [](unsigned char c) {
    return c > ' ' && c < 0x7f && c != '"' && c != '\\' && c != '{' && c != '}' && c != ';';
  });
  if (plain) return word;
  std::string text = "\"";
  for (const unsigned char c : word) {
    if (c < ' ' || c >= 0x7f) text += fmt::format("<{:02x}>", c);
    else text += static_cast<char>(c);
  }
  return text + '"';
}

inline void dump_directives(const std::vector<Directive>& directives, std::size_t depth, std::string& text) {
  for (const Directive& directive : directives) {
    const std::string indent(2 * depth, ' ');
    text += fmt::format("{}{}:{}:", indent, *directive.file, directive.line);
    for (const std::string& word : directive.words) text += ' ' + shown_word(word);
    text += directive.has_block ? " {\n" : "\n";
    dump_directives(directive.block, depth + 1, text);
    if (!directive.has_block) continue;
    text += fmt::format("{}{}:{}: {}\n", indent, directive.end_file ? *directive.end_file : "",
                        directive.end_line, directive.closed ? "}" : "not closed");
  }
}

inline std::string dump(const ConfigTree& tree) {
  std::string text;
  dump_directives(tree.directives, 0, text);
  if (tree.error) text += fmt::format("[{}] {}\n", tree.error->level, config_error_text(*tree.error));
  return text;
}

}  // namespace uringx
