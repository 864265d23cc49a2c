#include "http/priority.h"

#include <string>

#include <doctest/doctest.h>

namespace uringx {

TEST_CASE("what a priority field says") {
  struct Row {
    std::string text;
    std::optional<Priority> priority;
  };
  const Priority unset, first{0, false};
  const auto repeated = [](std::string_view before, std::size_t letters, std::string_view behind) {
    return std::string(before) + std::string(letters, 'a') + std::string(behind);
  };
  const Row rows[] = {
      {"", unset},
      {"u=0", first},
      {" u=0", first},
      {"i", Priority{3, true}},
      {"u=5, i", Priority{5, true}},
      {"i, i=?0", unset},
      {"u=7,i=?1", Priority{7, true}},
      // What is no urgency is ignored, the last of a name counts.
      {"u=8", unset},
      {"u=-1", unset},
      {"u=1.0", unset},
      {"u=?1", unset},
      {"i=1", unset},
      {"u=0, u=9", unset},
      {"a=1;u=0", unset},
      {R"(x="a,u=0")", unset},
      // Everything else that a dictionary may hold is read over.
      {"u=0, x=abc", first},
      {"u=0, x=:aGk=:", first},
      {"u=0, x=(1 2)", first},
      {R"(u=0, x=( "a"  b;c=1 );d)", first},
      {"u=0, x=()", first},
      {"u=0, x=-1.5;a=2; b", first},
      {R"(u=0, x="a\"\\b")", first},
      {"u=0 , \t x", first},
      {"x=*/a:b, u=0", first},
      // No dictionaries.
      {"U=0", {}},
      {"u=0,", {}},
      {"u=0 i", {}},
      {"u=", {}},
      {"u=0, @bad", {}},
      {"u=0, i;", {}},
      {"u=0, x=1234567890123456", {}},
      {"u=0, x=1234567890123.5", {}},
      {"u=0, x=1.2345", {}},
      {"u=0, x=1.", {}},
      {"u=0, x=-", {}},
      {R"(u=0, x="unterminated)", {}},
      {R"(u=0, x="\a")", {}},
      {"u=0, x=:a:", {}},
      {"u=0, x=:aGk=", {}},
      {"u=0, x=(1", {}},
      {"u=0, x=(1,2)", {}},
      {"u=0, x=?2", {}},
      {"\x01", {}},
      {std::string("u=0\0", 4), {}},
      // Longer than anybody writes them.
      {repeated("u=0, x=\"", 1024, "\""), first},
      {repeated("u=0, x=\"", 1025, "\""), {}},
      {repeated("u=0, x=", 512, ""), first},
      {repeated("u=0, x=", 513, ""), {}},
      {repeated("u=0, x=:", 21848, ":"), first},
      {repeated("u=0, x=:", 21852, ":"), {}},
  };
  for (const Row& row : rows) {
    CAPTURE(row.text.substr(0, 40));
    CHECK(parse_priority(row.text) == row.priority);
  }
  std::string many = "u=0";
  for (int i = 0; i < 1023; ++i) many += ", x";
  CHECK(parse_priority(many) == first);
  CHECK(parse_priority(many + ", x") == std::nullopt);
}

}  // namespace uringx
