// What golden cases cannot show: the 4096-byte span byte by byte, the limits, -g, files that fail, order of
// files.
#include "parser/config_parser.h"

#include <doctest/doctest.h>

#include <cerrno>
#include <string>

#include "tests/parser/dump.h"
#include "tests/parser/memory_source.h"

namespace uringx {
namespace {

ConfigTree parse(MemorySource& source) {
  return parse_config_file("/conf/nginx.conf", {.conf_prefix = "/conf/"}, source);
}

ConfigTree parse_main(std::string text) {
  MemorySource source;
  source.files["/conf/nginx.conf"] = std::move(text);
  return parse(source);
}

// The error line, empty if there is none.
std::string error_of(const ConfigTree& tree) { return tree.error ? config_error_text(*tree.error) : ""; }
std::string error_of(std::string text) { return error_of(parse_main(std::move(text))); }

std::string repeated(std::string_view piece, std::size_t count) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i) text += piece;
  return text;
}

const std::string kTooLongWord = "too long parameter \"aaaaaaaaaa...\" started in /conf/nginx.conf:2";
const std::string kTooLongComment = "too long parameter \"#ccccccccc...\" started in /conf/nginx.conf:2";
const std::string kOpenDouble =
    "too long parameter, probably missing terminating \"\"\" character in /conf/nginx.conf:2";
const std::string kOpenSingle =
    "too long parameter, probably missing terminating \"'\" character in /conf/nginx.conf:2";

// Each was tried with nginx 1.22.
TEST_CASE("a bare word and the byte that ends it fit into 4096 bytes") {
  const auto with = [](std::size_t bytes, std::string tail) {
    return error_of("x\n" + std::string(bytes, 'a') + tail);
  };
  CHECK(with(4095, ";") == "");
  CHECK(with(4096, ";") == kTooLongWord);
  CHECK(with(4094, " b;") == "");
  CHECK(with(4095, " b;") == kTooLongWord);
  CHECK(with(4095, " ;") == kTooLongWord);
  CHECK(with(5000, ";") == kTooLongWord);
}

TEST_CASE("a quoted word fits with its closing quote and the space behind it") {
  const auto with = [](char quote, std::size_t bytes, std::string tail) {
    return error_of("x\n" + std::string(1, quote) + std::string(bytes, 'a') + quote + tail);
  };
  CHECK(with('"', 4095, ";") == kTooLongWord);
  CHECK(with('"', 4094, ";") == "");
  CHECK(with('"', 4094, " ;") == kTooLongWord);
  CHECK(with('"', 4093, " ;") == "");
  CHECK(with('"', 4096, ";") == kOpenDouble);
  CHECK(with('\'', 4096, ";") == kOpenSingle);
  CHECK(with('\'', 4095, ";") == kTooLongWord);
}

TEST_CASE("an unclosed quote is an end of file only if the rest of the file fits") {
  CHECK(error_of("x\n\"" + std::string(4096, 'a')) ==
        "unexpected end of file, expecting \";\" or \"}\" in /conf/nginx.conf:2");
  CHECK(error_of("x\n\"" + std::string(4097, 'a')) == kOpenDouble);
  CHECK(error_of("x\n'" + std::string(4097, '\n')) == kOpenSingle);
  CHECK(error_of("x\n\"" + std::string(5000, 'a') + "\\") == kOpenDouble);
}

TEST_CASE("what was too long is said before what was wrong at its end") {
  CHECK(error_of("x\n\"" + std::string(4095, 'a') + "\"z") == kTooLongWord);
  CHECK(error_of("x\n\"" + std::string(4094, 'a') + "\"z") == "unexpected \"z\" in /conf/nginx.conf:2");
  CHECK(error_of("x\n" + std::string(4096, 'a')) ==
        "unexpected end of file, expecting \";\" or \"}\" in /conf/nginx.conf:2");
  CHECK(error_of("x\n" + std::string(4097, 'a')) == kTooLongWord);
}

TEST_CASE("a comment fits into 4096 bytes with its LF or the end of the file") {
  const auto with = [](std::size_t bytes, std::string tail) {
    return error_of("x;\n#" + std::string(bytes - 1, 'c') + tail);
  };
  CHECK(with(4095, "\ny;") == "");
  CHECK(with(4096, "\ny;") == kTooLongComment);
  CHECK(with(4096, "") == "");
  CHECK(with(4097, "") == kTooLongComment);
}

TEST_CASE("white space has no limit") {
  CHECK(error_of(std::string(5000, ' ') + "a" + std::string(5000, '\n') + "b" + std::string(5000, '\t') +
                 ";" + std::string(5000, '\n')) == "");
}

TEST_CASE("the tree keeps what was read before the error, and every open block") {
  const ConfigTree tree = parse_main("a;\nb {\n  c {\n    d;\n    e \"f\"g;\n");
  CHECK(dump(tree) ==
        "/conf/nginx.conf:1: a\n"
        "/conf/nginx.conf:2: b {\n"
        "  /conf/nginx.conf:3: c {\n"
        "    /conf/nginx.conf:4: d\n"
        "  /conf/nginx.conf:5: not closed\n"
        "/conf/nginx.conf:5: not closed\n"
        "[emerg] unexpected \"g\" in /conf/nginx.conf:5\n");
}

TEST_CASE("blocks nest to the limit and no deeper") {
  CHECK(error_of(repeated("a{", kBlockDepthMax) + repeated("}", kBlockDepthMax)) == "");
  const ConfigTree tree = parse_main(repeated("a{\n", kBlockDepthMax + 1000000));
  CHECK(error_of(tree) == "blocks are nested deeper than 256 levels in /conf/nginx.conf:257");
}

TEST_CASE("included files share the depth of the blocks they stand in") {
  MemorySource source;
  source.files["/conf/nginx.conf"] =
      repeated("a{", kBlockDepthMax) + "include b;" + repeated("}", kBlockDepthMax);
  source.files["/conf/b"] = "c;";
  CHECK(error_of(parse(source)) == "");
  source.files["/conf/b"] = "\nc {}";
  CHECK(error_of(parse(source)) == "blocks are nested deeper than 256 levels in /conf/b:2");
}

TEST_CASE("a file that includes itself is refused, alone, in a block or through another") {
  MemorySource source;
  const std::string message =
      "includes are nested deeper than 64 levels, probably \"/conf/nginx.conf\" includes itself in ";
  source.files["/conf/nginx.conf"] = "a;\ninclude nginx.conf;";
  CHECK(error_of(parse(source)) == message + "/conf/nginx.conf:2");
  source.files["/conf/nginx.conf"] = "a { include *.conf; }";
  CHECK(error_of(parse(source)) == message + "/conf/nginx.conf:1");
  source.files["/conf/nginx.conf"] = "include other;\n";
  source.files["/conf/other"] = "\n\ninclude nginx.conf;\n";
  CHECK(error_of(parse(source)) ==
        "includes are nested deeper than 64 levels, probably \"/conf/other\" includes "
        "itself in /conf/nginx.conf:1");
}

TEST_CASE("includes that double at every level end at the number of files") {
  MemorySource source;
  source.files["/conf/nginx.conf"] = "include 1; include 1;";
  for (int i = 1; i < 40; ++i) {
    source.files["/conf/" + std::to_string(i)] = fmt::format("include {0}; include {0};", i + 1);
  }
  source.files["/conf/40"] = "";
  const IncludeOptions options{.conf_prefix = "/conf/", .files_read_max = 1000};
  const std::string error = error_of(parse_config_file("/conf/nginx.conf", options, source));
  CHECK(error.starts_with("more than 1000 files are included in /conf/"));
}

TEST_CASE("in a block whose lines are no directives include may be a word like another") {
  MemorySource source;
  source.files["/conf/nginx.conf"] = "split { include none; }\nsplit { inner { include a; } }\ninclude a;\n";
  source.files["/conf/a"] = "x;";
  const IncludeOptions options{.conf_prefix = "/conf/", .blocks_without_include = {"split"}};
  const ConfigTree tree = parse_config_file("/conf/nginx.conf", options, source);
  CHECK(error_of(tree) == "");
  REQUIRE(tree.directives.size() == 3);
  CHECK(tree.directives[0].block.at(0).words == std::vector<std::string>{"include", "none"});
  CHECK(tree.directives[1].block.at(0).block.at(0).name() == "x");
  CHECK(tree.directives[2].name() == "x");
}

TEST_CASE("the texts are bounded together") {
  MemorySource source;
  source.files["/conf/nginx.conf"] = "include a;\ninclude b;\ninclude a;\n";  // 33 bytes
  source.files["/conf/a"] = std::string(100, ' ');
  source.files["/conf/b"] = std::string(200, ' ');
  IncludeOptions options{.conf_prefix = "/conf/", .text_bytes_max = 433};
  CHECK(error_of(parse_config_file("/conf/nginx.conf", options, source)) == "");
  options.text_bytes_max = 432;
  CHECK(error_of(parse_config_file("/conf/nginx.conf", options, source)) ==
        "\"/conf/a\" makes the configuration larger than 432 bytes in /conf/nginx.conf:3");
  options.text_bytes_max = 32;
  CHECK(error_of(parse_config_file("/conf/nginx.conf", options, source)) ==
        "\"/conf/nginx.conf\" makes the configuration larger than 32 bytes");
}

TEST_CASE("every file is kept once, as it is, in the order of first reading") {
  MemorySource source;
  source.files["/conf/nginx.conf"] = "include b; include a;\r\ninclude b; # end";
  source.files["/conf/a"] = "x \"\\n\";";
  source.files["/conf/b"] = "include ./a;\n";
  source.files["/conf/./a"] = "y;";
  const ConfigTree tree = parse(source);
  CHECK(error_of(tree) == "");
  REQUIRE(tree.files.size() == 4);
  CHECK(tree.files[0].path == "/conf/nginx.conf");
  CHECK(tree.files[0].text == "include b; include a;\r\ninclude b; # end");
  CHECK(tree.files[1].path == "/conf/b");
  CHECK(tree.files[2].path == "/conf/./a");
  CHECK(tree.files[3].path == "/conf/a");
  CHECK(tree.directives.size() == 3);
}

TEST_CASE("a main file that cannot be read gives a message without a place") {
  MemorySource source;
  CHECK(error_of(parse(source)) == "open() \"/conf/nginx.conf\" failed (2: No such file or directory)");
  source.failures["/conf/nginx.conf"] = {.step = ReadFailure::Step::read, .error = EISDIR};
  const ConfigTree tree = parse(source);
  CHECK(error_of(tree) == "pread() \"/conf/nginx.conf\" failed (21: Is a directory)");
  CHECK(tree.error->level == "crit");
}

TEST_CASE("an included file that cannot be read is told with the reason") {
  MemorySource source;
  source.files["/conf/nginx.conf"] = "a {\ninclude \"x y\";\n}";
  CHECK(error_of(parse(source)) ==
        "open() \"/conf/x y\" failed (2: No such file or directory) in /conf/nginx.conf:2");
  source.failures["/conf/x y"] = {.step = ReadFailure::Step::open, .error = EACCES};
  CHECK(error_of(parse(source)) ==
        "open() \"/conf/x y\" failed (13: Permission denied) in /conf/nginx.conf:2");
  source.failures["/conf/x y"] = {
      .step = ReadFailure::Step::short_read, .read_bytes = 23, .asked_bytes = 4096};
  CHECK(error_of(parse(source)) == "pread() returned only 23 bytes instead of 4096 in /conf/x y:1");
  source.failures["/conf/x y"] = {.step = ReadFailure::Step::read, .error = EISDIR};
  const ConfigTree tree = parse(source);
  CHECK(error_of(tree) == "pread() \"/conf/x y\" failed (21: Is a directory)");
  CHECK(tree.error->level == "crit");
  REQUIRE(tree.directives.size() == 1);
  CHECK(tree.directives[0].end_line == 2);
}

TEST_CASE("a long name leaves room for the reason in a message of nginx's length") {
  MemorySource source;
  source.files["/conf/nginx.conf"] = "include " + std::string(2000, 'n') + ";";
  const std::string message = parse(source).error->message;
  CHECK(message == "open() \"/conf/" + std::string(974 - 14, 'n') + "... (2: No such file or directory)");
}

TEST_CASE("-g takes directives, with errors in the command line") {
  MemorySource source;
  const auto parse_text = [&](std::string_view text) {
    return parse_config_text(text, {.conf_prefix = "/conf/"}, source);
  };
  const ConfigTree tree = parse_text(" daemon off;pid \"a b\"; # c");
  CHECK(error_of(tree) == "");
  CHECK(dump(tree) == "command line:0: daemon off\ncommand line:0: pid \"a b\"\n");
  CHECK(tree.files.empty());
  CHECK(error_of(parse_text("")) == "");
  CHECK(error_of(parse_text("daemon off")) == "unexpected end of parameter, expecting \";\" in command line");
  CHECK(error_of(parse_text("\"")) == "unexpected end of parameter, expecting \";\" in command line");
  CHECK(error_of(parse_text("a {")) == "block directives are not supported in -g option in command line");
  CHECK(error_of(parse_text("include {")) ==
        "block directives are not supported in -g option in command line");
  CHECK(error_of(parse_text("}")) == "unexpected \"}\" in command line");
  CHECK(error_of(parse_text("\n\n;")) == "unexpected \";\" in command line");
  CHECK(error_of(parse_text("include x;")) ==
        "open() \"/conf/x\" failed (2: No such file or directory) in command line");
  CHECK(error_of(parse_text("include;")) ==
        "invalid number of arguments in \"include\" directive in command line");
  CHECK(error_of(parse_text("a " + std::string(9000, 'b') + ";")) == "");
}

TEST_CASE("-g may include a file, which may hold blocks") {
  MemorySource source;
  source.files["/conf/x"] = "http {\n";
  const ConfigTree tree = parse_config_text("include x;", {.conf_prefix = "/conf/"}, source);
  CHECK(error_of(tree) == "unexpected end of file, expecting \"}\" in /conf/x:2");
  CHECK(tree.files.size() == 1);
}

}  // namespace
}  // namespace uringx
