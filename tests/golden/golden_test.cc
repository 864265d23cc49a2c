// The golden cases in cases/: a configuration, other files after lines "---- NAME", and after "---- expect"
// the messages and the model it stands for. With URINGX_GOLDEN_WRITE=1 in the environment the expectations
// are written anew, to be read and judged by whoever commits them.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <string>

#include "config/load_config.h"
#include "tests/golden/model_dump.h"

namespace uringx {
namespace {

namespace fs = std::filesystem;

struct Case {
  std::string head;  // the file up to the expectation
  std::map<std::string, std::string> files;
  std::string expected;
};

Case read_case(const fs::path& path) {
  constexpr std::string_view kMark = "---- ";
  constexpr std::string_view kNoNewline = "<no newline>\n";
  Case result;
  std::ifstream stream(path, std::ios::binary);
  std::string* section = &result.files["nginx.conf"];
  bool expecting = false;
  for (std::string line; std::getline(stream, line);) {
    const bool mark = line.starts_with(kMark);
    if (mark && line.substr(kMark.size()) == "expect") {
      section = &result.expected;
      expecting = true;
    } else if (mark) {
      section = &result.files[line.substr(kMark.size())];
    } else {
      *section += line + '\n';
    }
    if (!expecting) result.head += line + '\n';
  }
  for (auto& [name, text] : result.files) {
    if (text.ends_with(kNoNewline)) text.resize(text.size() - kNoNewline.size());
  }
  return result;
}

// A folder of its own for a case, gone at the end.
class Folder {
 public:
  Folder() {
    std::string name = (fs::temp_directory_path() / "uringx-golden-XXXXXX").string();
    REQUIRE(mkdtemp(name.data()) != nullptr);
    path_ = name + "/";
  }
  ~Folder() { fs::remove_all(path_); }

  void write(const std::string& name, const std::string& text) const {
    fs::create_directories(fs::path(path_ + name).parent_path());
    std::ofstream(path_ + name, std::ios::binary) << text;
  }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

TEST_CASE("a configuration gives the model or the messages of its golden case") {
  std::set<fs::path> paths;
  for (const auto& entry : fs::directory_iterator(GOLDEN_CASES)) paths.insert(entry.path());
  REQUIRE(paths.size() >= 60);
  const bool write = std::getenv("URINGX_GOLDEN_WRITE") != nullptr;
  for (const fs::path& path : paths) {
    CAPTURE(path.filename().string());
    const Case golden = read_case(path);
    const Folder folder;
    for (const auto& [name, text] : golden.files) folder.write(name, text);
    const LoadedConfig loaded = load_config({.prefix = folder.path(),
                                             .conf_file = folder.path() + "nginx.conf",
                                             .global_directives = {},
                                             .error_log_path = "stderr"});
    const std::string dump = dump_model(loaded, folder.path());
    if (write) std::ofstream(path, std::ios::binary) << golden.head << "---- expect\n" << dump;
    CHECK(dump == golden.expected);
  }
}

}  // namespace
}  // namespace uringx
