// Each rule of the grammar with texts it accepts whole and texts it does not, and PEGTL's own analysis.
#include "parser/grammar.h"

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <tao/pegtl/contrib/analyze.hpp>

namespace uringx {
namespace {

using namespace std::string_view_literals;

// A must<> that fails inside the rule is a refusal as well.
template <typename Rule>
bool accepts(std::string_view text) {
  namespace pegtl = tao::pegtl;
  pegtl::memory_input<pegtl::tracking_mode::eager, pegtl::eol::lf, const char*> input(text, "");
  try {
    return pegtl::parse<pegtl::seq<Rule, pegtl::eof>>(input);
  } catch (const pegtl::parse_error&) {
    return false;
  }
}

template <typename Rule>
void check_pairs(std::initializer_list<std::string_view> good, std::initializer_list<std::string_view> bad) {
  for (const std::string_view text : good) {
    CAPTURE(std::string(text));
    CHECK(accepts<Rule>(text));
  }
  for (const std::string_view text : bad) {
    CAPTURE(std::string(text));
    CHECK_FALSE(accepts<Rule>(text));
  }
}

TEST_CASE("no rule can loop without consuming or recurse on the left") {
  CHECK(tao::pegtl::analyze<grammar::text>() == 0);
}

TEST_CASE("a space is one blank, tab, CR or LF") {
  check_pairs<grammar::space>({" ", "\t", "\r", "\n"}, {"", "  ", "\v", "\f", "\0"sv, "\xc2\xa0"});
}

TEST_CASE("a comment runs from # up to the LF, which is not its own") {
  check_pairs<grammar::comment>({"#", "# a; } { \" '", "#\\", "#\r", "# a # b", "#\0"sv},
                                {"", "a", " #", "#\n", "#a\nb"});
}

TEST_CASE("an escape takes one byte, whatever it is") {
  check_pairs<grammar::escape>({"\\n", "\\\\", "\\;", "\\\n", "\\\0"sv, "\\{"}, {"", "\\", "n", "\\nn"});
}

TEST_CASE("the braces behind a $ belong to the variable") {
  check_pairs<grammar::variable>({"$", "${", "${{"}, {"", "{", "$a", "$}"});
}

TEST_CASE("a bare word may hold but not start with quotes, # and }") {
  check_pairs<grammar::bare_word>(
      {"a", "a\"b", "a'b", "a#b", "a}", "${a}", "a${b}c", "$", "$$", "\\;", "\\ b", "\\\"",
       "a\\{b", ")", "(", "\xef\xbb\xbfuser", "a\0b"sv},
      {"", " a", "a ", "a;", "a{", "{", "}", "}a", ";", "#a", "\"a\"", "'a'", "a\\", "$a{", "a\n"});
}

TEST_CASE("a quoted word ends at its own mark and needs a separator behind it") {
  using Word = tao::pegtl::seq<grammar::quoted_word<'"'>, tao::pegtl::one<';'>>;
  check_pairs<Word>(
      {R"("";)", R"("a b";)", R"("a'b";)", R"("{};#";)", R"("\"";)", R"("\\";)", "\"a\nb\";", "\"\0\";"sv},
      {R"(")", R"("a)", R"("a;)", R"("\";)", R"("a"b;)", R"("a""b";)", R"("a"};)", R"("a"#;)", R"("a'b';)",
       R"("a")", R"("\)", R"('a';)"});
}

TEST_CASE("single quotes follow the same rules") {
  using Word = tao::pegtl::seq<grammar::quoted_word<'\''>, tao::pegtl::one<')'>>;
  check_pairs<Word>({"'')", "'a \"b\" c')", "'\\'')"}, {"'", "'a)", "'\\')", "'a'b)", "\"a\")"});
}

TEST_CASE("only white space, ; { and ) may follow a closing quote") {
  check_pairs<tao::pegtl::seq<grammar::after_quote, tao::pegtl::any>>(
      {" ", "\t", "\r", "\n", ";", "{", ")"}, {"", "}", "(", "\"", "'", "#", "a", "\\", "$", "\0"sv});
}

TEST_CASE("a word takes at most one space with it") {
  check_pairs<grammar::word>({"a", "a ", "a\n", "\"a\" ", "'a'\t"}, {"", " ", "a  ", " a", "\"a\"", ";"});
}

TEST_CASE("a directive is one word or more, and its end") {
  check_pairs<grammar::directive>(
      {"a;", "a b;", "a\nb\n;", "a # c;\n b;", "a{}", "a b {}", "a{b;}", "a \"b\";", "a\"b\";", "a;"},
      {"", ";", "{}", "a", "a b", "a b}", "a }", "a{", "a{b}", "a{;}", "a # b;", "a{};"});
}

TEST_CASE("a block holds directives and comments, and closes") {
  check_pairs<grammar::block>({"{}", "{ }", "{#}\n}", "{a;}", "{a{b{}}}", "{a;b;\r\n}"},
                              {"", "{", "}", "{;}", "{a}", "{{}}", "{a;", "{#}", "{}}"});
}

TEST_CASE("a text is directives up to its end") {
  check_pairs<grammar::text>({"", " ", "# a", "\n\n", "a;", "a;b;", "a;#b", "a{} b{}", " a; \r\n # c\r\n"},
                             {";", "}", "{", "a", "a;}", "a{}}", "a{", "\"", "\\", "a;;"});
}

}  // namespace
}  // namespace uringx
