#include <doctest/doctest.h>

#include <optional>
#include <random>
#include <string>
#include <vector>

#include "fixture.h"

using namespace uringx;

namespace {

// The path of `uri` in a location named `name` with these settings.
std::string mapped(const RootPath& root, std::string_view uri, bool add_uri = false) {
  FakeBuild build;
  TestRequest test(build);
  build.location_set.get<HttpCoreLocation>().root.set(root);
  test.request.add_uri_to_alias = add_uri;
  test.request.location_name = "/x";
  const std::string_view path = map_uri_to_path(test.request, uri);
  if (path.data() != nullptr) CHECK(path.data()[path.size()] == '\0');
  return std::string(path);
}

RootPath constant(std::string path) {
  VariableTable table;
  RootPath root;
  root.path = *Template::compile(path, table);
  root.full_constant = std::move(path);
  return root;
}

}  // namespace

TEST_CASE("root puts the URI behind the folder") {
  CHECK(mapped(constant("/srv"), "/a/b.html") == "/srv/a/b.html");
  CHECK(mapped(constant("/srv"), "/") == "/srv/");
}

TEST_CASE("alias replaces the location's part of the URI") {
  RootPath alias = constant("/data/");
  alias.alias = true;
  alias.alias_bytes = 3;
  CHECK(mapped(alias, "/x/b.html") == "/data/b.html");
  CHECK(mapped(alias, "/x/") == "/data/");
}

TEST_CASE("a URI shorter than the alias's location maps to nothing") {
  RootPath alias = constant("/data/");
  alias.alias = true;
  alias.alias_bytes = 3;
  CHECK(mapped(alias, "/x") == "");
}

TEST_CASE("alias in a regex location is the whole name") {
  RootPath alias = constant("/data/one");
  alias.alias = true;
  alias.alias_of_regex = true;
  alias.alias_bytes = 9;
  CHECK(mapped(alias, "/x") == "/data/one");
  CHECK(mapped(alias, "/x", true) == "/data/one/x");
}

TEST_CASE("a root of variables is evaluated, and joined to the prefix when it is relative") {
  FakeBuild build;
  RootPath root;
  root.path = *Template::compile("${arg_x}/$server_name", build.table);
  root.prefix = "/prefix/";
  REQUIRE(build.table.resolve());
  build.location_set.get<HttpCoreLocation>().root.set(root);
  TestRequest test(build);
  CHECK(map_uri_to_path(test.request, "/f") == "/prefix/1/ex.test/f");
  CHECK(document_root(test.request) == "/prefix/1/ex.test");
  test.request.args = "x=/abs";
  CHECK(map_uri_to_path(test.request, "/f") == "/abs/ex.test/f");
}

TEST_CASE("nothing a request brings leads out of an alias") {
  RootPath alias = constant("/data/");
  alias.alias = true;
  alias.alias_bytes = 2;
  CHECK(mapped(alias, "/x../secret") == "");
  CHECK(mapped(alias, "/x..") == "");
  CHECK(mapped(alias, "/x...") == "/data/...");
  CHECK(mapped(alias, "/x..a/b") == "/data/..a/b");
  CHECK(mapped(alias, "/xa..") == "/data/a..");
  RootPath dotted = constant("/data/.");
  dotted.alias = true;
  dotted.alias_bytes = 2;
  CHECK(mapped(dotted, "/x./secret") == "");
  CHECK(mapped(dotted, "/xhidden") == "/data/.hidden");
  RootPath climbing = constant("/data/../other/");
  climbing.alias = true;
  climbing.alias_bytes = 3;
  CHECK(mapped(climbing, "/x/a") == "/data/../other/a");
}

namespace {

// The names of a path from which the ".." have gone with what they led back from; nullopt above the top.
std::optional<std::vector<std::string>> resolved(const std::string& path) {
  std::vector<std::string> names;
  std::string name;
  for (const char c : path + "/") {
    if (c != '/') {
      name += c;
      continue;
    }
    if (name == "..") {
      if (names.empty()) return std::nullopt;
      names.pop_back();
    } else if (!name.empty() && name != ".") {
      names.push_back(name);
    }
    name.clear();
  }
  return names;
}

}  // namespace

TEST_CASE("whatever the location, the alias and the URI, the path stays below the alias") {
  constexpr std::string_view kBytes = "../ab";
  std::mt19937 random(20190820);
  const auto text = [&](std::size_t bytes_max) {
    std::string made;
    for (std::size_t left = random() % (bytes_max + 1); left > 0; --left) made += kBytes[random() % kBytes.size()];
    return made;
  };
  std::size_t served = 0;
  for (int i = 0; i < 20000; ++i) {
    const std::string location = "/" + text(3);
    std::string folder = "/data/in" + std::string(random() % 2, '/');
    RootPath alias = constant(folder);
    alias.alias = true;
    alias.alias_bytes = location.size();
    const std::string uri = location + text(8);
    if ((uri + "/").find("/../") != std::string::npos) continue;  // no URI is like that once it is normalised
    const std::string path = mapped(alias, uri);
    if (path.empty()) continue;
    ++served;
    const auto names = resolved(path);
    REQUIRE(names);
    INFO(folder, " ", path);
    REQUIRE(names->size() >= 2);
    CHECK((*names)[0] == "data");
    CHECK((*names)[1].starts_with("in"));
  }
  CHECK(served > 5000);
}
