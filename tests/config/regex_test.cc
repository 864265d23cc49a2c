#include <doctest/doctest.h>

#include "modules/regex.h"
#include "modules/variables.h"

namespace uringx {
namespace {

TEST_CASE("a broken pattern is told with the rest that PCRE could not read") {
  VariableTable variables;
  CHECK(Regex::compile("(", false, variables).error() ==
        R"(pcre2_compile() failed: missing closing parenthesis in "(")");
  CHECK(Regex::compile("a**b", false, variables).has_value() == false);
  CHECK(Regex::compile("x(?<n>a)(?<n>b)", false, variables)
            .error()
            .ends_with(R"~(in "x(?<n>a)(?<n>b)" at "b)")~"));
}

TEST_CASE("matching respects case only when asked to") {
  VariableTable variables;
  CHECK_FALSE(Regex::compile("^a$", false, variables)->test("A"));
  CHECK(Regex::compile("^a$", true, variables)->test("A"));
}

TEST_CASE("a pattern that explodes ends as no match") {
  VariableTable variables;
  const auto regex = Regex::compile("^(a+)+$", false, variables);
  REQUIRE(regex);
  CHECK_FALSE(regex->test(std::string(5'000, 'a') + "!"));
}

}  // namespace
}  // namespace uringx
