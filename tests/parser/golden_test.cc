// The golden cases in cases/: texts, and the tree or the error that nginx 1.22 has for them. A case is the
// main file, then other files after lines "---- NAME", then the dump after "---- expect". A text whose last
// line shall have no LF ends in "<no newline>".
#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <string>

#include "parser/config_parser.h"
#include "tests/parser/dump.h"
#include "tests/parser/memory_source.h"

namespace uringx {
namespace {

struct Case {
  MemorySource source;
  std::string expected;
};

Case read_case(const std::filesystem::path& path) {
  constexpr std::string_view kMark = "---- ";
  constexpr std::string_view kNoNewline = "<no newline>\n";
  std::map<std::string, std::string> sections;
  std::ifstream stream(path, std::ios::binary);
  std::string* section = &sections["nginx.conf"];
  for (std::string line; std::getline(stream, line);) {
    if (line.starts_with(kMark)) {
      section = &sections[line.substr(kMark.size())];
    } else {
      *section += line + '\n';
    }
  }
  Case result;
  for (auto& [name, text] : sections) {
    if (text.ends_with(kNoNewline)) text.resize(text.size() - kNoNewline.size());
    if (name == "expect") {
      result.expected = text;
    } else {
      result.source.files["/conf/" + name] = text;
    }
  }
  return result;
}

TEST_CASE("golden cases") {
  std::set<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator(PARSER_CASES)) paths.insert(entry.path());
  REQUIRE(paths.size() >= 60);
  for (const auto& path : paths) {
    CAPTURE(path.filename().string());
    Case test = read_case(path);
    const ConfigTree tree = parse_config_file("/conf/nginx.conf", {.conf_prefix = "/conf/"}, test.source);
    CHECK(dump(tree) == test.expected);
  }
}

}  // namespace
}  // namespace uringx
