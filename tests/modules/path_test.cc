#include <doctest/doctest.h>

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
