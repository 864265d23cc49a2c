#include <doctest/doctest.h>

#include <set>

#include "config/directive_table.h"
#include "modules/unserved.h"

namespace uringx {
namespace {

TEST_CASE("no directive has two rows in one context") {
  std::set<std::string_view> names;
  for (const Module* module : all_modules()) {
    for (const DirectiveRow& row : module->rows) names.insert(row.name);
  }
  for (const auto& modules : {unserved_modules(), unserved_upstream_modules()}) {
    for (const UnservedModule& module : modules) {
      for (const UnservedRow& row : module.rows) names.insert(row.name);
    }
  }
  REQUIRE(names.size() > 500);
  for (const std::string_view name : names) {
    CAPTURE(std::string(name));
    std::uint32_t seen = 0;
    for (const TableEntry& entry : find_directive(name)) {
      CHECK((seen & entry.row.contexts) == 0);
      seen |= entry.row.contexts;
    }
  }
}

TEST_CASE("every row that is served has a function, a context and an arity") {
  for (const Module* module : all_modules()) {
    for (const DirectiveRow& row : module->rows) {
      CAPTURE(std::string(row.name));
      CHECK((row.apply != nullptr || row.standing == Standing::unserved));
      CHECK(row.contexts != 0);
      CHECK((row.arity & ~static_cast<std::uint32_t>(kBlock)) != 0);
    }
  }
}

TEST_CASE("every module has settings at each level its rows write") {
  for (const Module* module : all_modules()) {
    for (const DirectiveRow& row : module->rows) {
      CAPTURE(std::string(row.name));
      if (row.level == Level::main) CHECK((module->make_main != nullptr));
      if (row.level == Level::server) CHECK((module->make_server != nullptr));
      if (row.level == Level::location) CHECK((module->make_location != nullptr));
    }
  }
}

TEST_CASE("arity counts the words behind the name as nginx does") {
  CHECK(arity_allows(kTake12, 1));
  CHECK(arity_allows(kTake12, 2));
  CHECK_FALSE(arity_allows(kTake12, 0));
  CHECK_FALSE(arity_allows(kTake12, 3));
  CHECK(arity_allows(kNoArgs | kBlock, 0));
  CHECK(arity_allows(kOneOrMore, 100));
  CHECK_FALSE(arity_allows(kTwoOrMore, 1));
  CHECK_FALSE(arity_allows(kFlag, 2));
  CHECK_FALSE(arity_allows(kTake1, 20));
}

TEST_CASE("the table in Markdown holds what is served and nothing else") {
  const std::string text = directives_markdown();
  CHECK(text.find("| `sendfile` | http, server, location | on \\| off | served |\n") != std::string::npos);
  CHECK(text.find("| `location` | server, location | 1, 2, block | served |\n") != std::string::npos);
  CHECK(text.find("`proxy_pass`") == std::string::npos);
}

}  // namespace
}  // namespace uringx
