// Fuzz target of the configuration parser: any bytes give a tree or a refusal, and the tree holds what it
// promises. The input is the main file; a byte 0x1c (file separator) starts the next file: /c/1, /c/2, ...
#include <cstdint>
#include <string_view>

#include "parser/config_parser.h"
#include "tests/fuzz/fuzz_fixture.h"
#include "tests/parser/memory_source.h"

namespace uringx {
namespace {

MemorySource files_of(std::string_view input) {
  MemorySource source;
  std::size_t count = 0;
  for (;;) {
    const std::size_t end = input.find('\x1c');
    source.files["/c/" + std::to_string(count++)] = std::string(input.substr(0, end));
    if (end == std::string_view::npos) return source;
    input.remove_prefix(end + 1);
  }
}

// Returns whether everything below is closed. Only the last directive of a block may be open, and only after
// an error.
bool check_directives(const std::vector<Directive>& directives, bool command_line) {
  bool closed = true;
  for (const Directive& directive : directives) {
    expect(closed, "only the last directive of a block may be open");
    expect(!directive.words.empty(), "a directive has a name");
    expect(directive.name() != "include", "includes are carried out");
    for (const std::string& word : directive.words)
      expect(word.size() <= 4096 || command_line, "words are bounded");
    expect(directive.file != nullptr, "a directive has a file");
    expect(directive.file->starts_with("/c/") ? directive.line > 0 : directive.line == 0,
           "a directive has a line");
    expect(directive.has_block || (directive.block.empty() && !directive.closed),
           "only blocks have contents");
    closed = check_directives(directive.block, command_line) && (!directive.has_block || directive.closed);
    expect(!directive.closed ||
               (closed && directive.end_file == directive.file && directive.end_line >= directive.line),
           "a closed block ends in its own file, behind its start, with everything in it closed");
  }
  return closed;
}

void check_tree(const ConfigTree& tree, bool command_line) {
  const bool closed = check_directives(tree.directives, command_line);
  expect(closed || tree.error, "an open block needs an error");
  if (tree.error) expect(!tree.error->message.empty(), "an error has a message");
}

// The tree as text with every word in quotation marks: reading that again must give the same words.
void write(const std::vector<Directive>& directives, std::string& text) {
  for (const Directive& directive : directives) {
    for (const std::string& word : directive.words) {
      text += '"';
      for (const char byte : word) {
        if (byte == '"' || byte == '\\') text += '\\';
        text += byte;
      }
      text += "\" ";
    }
    if (!directive.has_block) {
      text += ";\n";
      continue;
    }
    text += "{\n";
    write(directive.block, text);
    text += "}\n";
  }
}

bool same_words(const std::vector<Directive>& left, const std::vector<Directive>& right) {
  if (left.size() != right.size()) return false;
  for (std::size_t i = 0; i < left.size(); ++i) {
    if (left[i].words != right[i].words || left[i].has_block != right[i].has_block) return false;
    if (!same_words(left[i].block, right[i].block)) return false;
  }
  return true;
}

void check_round_trip(const ConfigTree& tree) {
  MemorySource source;
  std::string& text = source.files["/c/0"];
  write(tree.directives, text);
  const ConfigTree again = parse_config_file("/c/0", {.conf_prefix = "/c/"}, source);
  // Quotation marks and escapes make words longer, so that one may not fit any more.
  if (again.error && again.error->message.starts_with("too long parameter")) return;
  expect(!again.error, "a written tree is well-formed");
  expect(same_words(tree.directives, again.directives), "a written tree reads back as itself");
}

}  // namespace
}  // namespace uringx

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace uringx;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  MemorySource source = files_of(input);
  // Small limits: an input that multiplies by includes must not look like one that hangs.
  const IncludeOptions options{.conf_prefix = "/c/", .files_read_max = 200, .text_bytes_max = 1 << 20};

  const ConfigTree tree = parse_config_file("/c/0", options, source);
  check_tree(tree, false);
  expect(!tree.files.empty() && tree.files[0].text == source.files["/c/0"], "the main file is kept as it is");
  if (!tree.error) check_round_trip(tree);

  check_tree(parse_config_text(input, options, source), true);
  return 0;
}
