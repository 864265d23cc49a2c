#include "modules/rewrite.h"

#include <doctest/doctest.h>

#include <cerrno>

#include "fixture.h"

namespace uringx {
namespace {

// The scripts of one location, run over "GET /a.html?x=1".
class Script {
 public:
  Script& add(const std::string& name, std::vector<std::string> words) {
    REQUIRE(build.apply(name, std::move(words)) == "");
    return *this;
  }

  // if (WORDS) { NAME WORDS; }
  Script& add_if(std::vector<std::string> condition, const std::string& name, std::vector<std::string> words) {
    Directive directive;
    directive.words = std::move(condition);
    directive.words.insert(directive.words.begin(), "if");
    auto& outer = build.location_set.get<RewriteSettings>();
    RewriteSettings inner;
    const auto step = begin_if(build, directive, outer, inner, nullptr);
    REQUIRE(step);
    add(name, std::move(words));
    end_if(outer, *step);
    return *this;
  }

  HandlerResult run(TestRequest& test, const FileAnswer* answer = nullptr) {
    build.location_set.get<RewriteSettings>().rewrite_log.inherit(Setting<bool>(notices));
    REQUIRE(build.table.resolve());
    test.request.variable_values = {};
    return handle_rewrite(test.request, state, {.file = answer});
  }

  FakeBuild build;
  HandlerState state;
  bool notices = false;
};

std::string condition_refusal(std::vector<std::string> words) {
  FakeBuild build;
  Directive directive;
  directive.words = std::move(words);
  directive.words.insert(directive.words.begin(), "if");
  RewriteSettings outer;
  RewriteSettings inner;
  const auto step = begin_if(build, directive, outer, inner, nullptr);
  return step ? "" : step.error().message;
}

int status_of(const HandlerResult& result) {
  const auto* finish = std::get_if<Finish>(&result);
  return finish == nullptr ? 0 : finish->status;
}

TEST_CASE("a rewrite changes the URI, appends the arguments, and asks for the location to be chosen again") {
  Script script;
  script.add("rewrite", {"^/(.)\\.html$", "/to/$1?k=$1", "last"}).add("return", {"500"});
  TestRequest test(script.build);
  CHECK(std::holds_alternative<Declined>(script.run(test)));
  CHECK(test.request.uri == "/to/a");
  CHECK(test.request.args == "k=a&x=1");
  CHECK(test.request.uri_changed);
  CHECK(test.request.internal);
  CHECK_FALSE(test.request.valid_unparsed_uri);
}

TEST_CASE("a question mark at the end of the replacement drops the arguments") {
  Script script;
  script.add("rewrite", {"^", "/to?", "last"});
  TestRequest test(script.build);
  CHECK(std::holds_alternative<Declined>(script.run(test)));
  CHECK(test.request.uri == "/to");
  CHECK(test.request.args == "");
}

TEST_CASE("break keeps the location, and takes back what an earlier rewrite asked for") {
  Script with_flag;
  with_flag.add("rewrite", {"^", "/b", "break"}).add("return", {"500"});
  Script alone;
  alone.add("rewrite", {"^", "/b"}).add("break", {}).add("return", {"500"});
  for (Script* script : {&with_flag, &alone}) {
    TestRequest test(script->build);
    CHECK(std::holds_alternative<Declined>(script->run(test)));
    CHECK(test.request.uri == "/b");
    CHECK_FALSE(test.request.uri_changed);
    CHECK_FALSE(test.request.valid_location);
  }
}

TEST_CASE("captures are escaped in arguments and redirects, when the client's path was quoted") {
  Script script;
  script.add("rewrite", {"^/(.*)$", "/to/$1?k=$1", "last"});
  for (const bool quoted : {false, true}) {
    TestRequest test(script.build);
    test.request.uri = "/a b&c";
    test.request.head.target = quoted ? "/a%20b&c" : "/a b&c";
    script.state = {};
    CHECK(std::holds_alternative<Declined>(script.run(test)));
    CHECK(test.request.uri == "/to/a b&c");
    CHECK(test.request.args == (quoted ? "k=a%20b%26c&x=1" : "k=a b&c&x=1"));
  }
  Script redirect;
  redirect.add("rewrite", {"^/(.*)$", "/to/$1", "permanent"});
  TestRequest test(redirect.build);
  test.request.uri = "/a b&c";
  test.request.head.target = "/a%20b%26c";
  CHECK(status_of(redirect.run(test)) == 301);
  CHECK(test.request.response.location == "/to/a%20b&c?x=1");
}

TEST_CASE("no match forgets the captures") {
  Script script;
  script.add("rewrite", {"^/(a)", "/b$1"}).add("rewrite", {"^/(zzz)", "/never"}).add("set", {"$kept", "[$1]"});
  TestRequest test(script.build);
  CHECK(std::holds_alternative<Declined>(script.run(test)));
  CHECK(test.request.uri == "/ba");
  CHECK(*test.build.table.value(test.request, test.build.table.index_of("kept")) == "[]");
}

TEST_CASE("a URI of no length is answered 500") {
  Script script;
  script.add("rewrite", {"^", "?a=1"});
  TestRequest test(script.build);
  CHECK(status_of(script.run(test)) == 500);
  CHECK(test.collected.lines["error.log"].find("the rewritten URI has a zero length") != std::string::npos);
}

TEST_CASE("rewrite_log tells what matched and what came of it") {
  Script script;
  script.add("rewrite_log", {"on"}).add("rewrite", {"^/no", "/x"}).add("rewrite", {"^/a", "/b"});
  TestRequest test(script.build);
  test.error_log = {};
  test.error_log.add(test.log_file, LogLevel::notice);
  script.run(test);
  const std::string& lines = test.collected.lines["error.log"];
  CHECK(lines.find(R"("^/no" does not match "/a.html")") != std::string::npos);
  CHECK(lines.find(R"("^/a" matches "/a.html")") != std::string::npos);
  CHECK(lines.find(R"(rewritten data: "/b", args: "x=1")") != std::string::npos);
}

TEST_CASE("a file test waits for its probe, and goes on where it was") {
  struct Expected {
    const char* sign;
    int error_number;
    mode_t mode;
    bool holds;
  };
  const Expected table[] = {
      {"-f", 0, S_IFREG | 0644, true},   {"-f", 0, S_IFDIR | 0755, false},  {"-f", ENOENT, 0, false},
      {"!-f", ENOENT, 0, true},          {"!-f", 0, S_IFREG | 0644, false}, {"-d", 0, S_IFDIR | 0755, true},
      {"!-d", 0, S_IFREG | 0644, true},  {"-e", 0, S_IFDIR | 0755, true},   {"-e", 0, S_IFCHR | 0644, false},
      {"!-e", EACCES, 0, true},          {"-x", 0, S_IFREG | 0744, true},   {"-x", 0, S_IFREG | 0655, false},
      {"!-x", 0, S_IFDIR | 0755, false},
  };
  for (const Expected& expected : table) {
    CAPTURE(expected.sign);
    CAPTURE(expected.mode);
    Script script;
    script.add("set", {"$first", "1"}).add_if({std::string("(") + expected.sign, "/srv$uri)"}, "return", {"404"});
    script.add("return", {"410"});
    TestRequest test(script.build);
    const HandlerResult asked = script.run(test);
    REQUIRE(std::holds_alternative<ProbeFile>(asked));
    CHECK(std::get<ProbeFile>(asked).path == "/srv/a.html");
    CHECK(std::get<ProbeFile>(asked).path.data()[11] == '\0');
    CHECK(std::get<ProbeFile>(asked).test_only);
    FileAnswer answer;
    answer.error_number = expected.error_number;
    answer.info.mode = expected.mode;
    const HandlerResult result = handle_rewrite(test.request, script.state, {.file = &answer});
    CHECK(status_of(result) == (expected.holds ? 404 : 410));
    const bool logged = test.collected.lines["error.log"].find("failed (13") != std::string::npos;
    CHECK(logged == (expected.error_number == EACCES));
  }
}

TEST_CASE("a variable is true when it is neither empty nor 0") {
  for (const auto& [args, status] : {std::pair("v=", 410), std::pair("v=0", 410), std::pair("v=00", 404), std::pair("v=x", 404),
                                     std::pair("", 410)}) {
    CAPTURE(args);
    Script script;
    script.add_if({"($arg_v)"}, "return", {"404"}).add("return", {"410"});
    TestRequest test(script.build);
    test.request.args = args;
    CHECK(status_of(script.run(test)) == status);
  }
}

TEST_CASE("conditions that are none are refused in nginx's words") {
  CHECK(condition_refusal({"x"}) == R"(invalid condition "x")");
  CHECK(condition_refusal({"("}) == R"(invalid condition "(")");
  CHECK(condition_refusal({"()"}) == "invalid condition \")\"");
  CHECK(condition_refusal({"($uri"}) == R"(invalid condition "$uri")");
  CHECK(condition_refusal({"($uri", "=", ")"}) == R"(invalid condition "$uri")");
  CHECK(condition_refusal({"($uri", "==", "x)"}) == R"(unexpected "==" in condition)");
  CHECK(condition_refusal({"(-z", "x)"}) == R"(invalid condition "-z")");
  CHECK(condition_refusal({"(-f)"}) == R"(invalid condition "-f")");
  CHECK(condition_refusal({"(", "$uri", "=", "", ")"}) == "");
}

TEST_CASE("what is set is read back; what is not is told of once") {
  Script script;
  script.add("set", {"$a", "1"}).add_if({"($arg_never)"}, "set", {"$b", "2"}).add("set", {"$c", "$a$b$b"});
  TestRequest test(script.build);
  CHECK(std::holds_alternative<Declined>(script.run(test)));
  CHECK(*test.build.table.value(test.request, test.build.table.index_of("c")) == "1");
  const std::string& lines = test.collected.lines["error.log"];
  const std::size_t first = lines.find(R"(using uninitialized "b" variable)");
  CHECK(first != std::string::npos);
  CHECK(lines.find("using uninitialized", first + 1) == std::string::npos);
}

TEST_CASE("set $args changes the request's arguments; names of nginx's own are refused") {
  Script script;
  script.add("set", {"$ARGS", "new=1"});
  TestRequest test(script.build);
  script.run(test);
  CHECK(test.request.args == "new=1");
  FakeBuild build;
  CHECK(build.apply("set", {"$uri", "x"}) == R"(the duplicate "uri" variable)");
  CHECK(build.apply("set", {"uri", "x"}) == R"(invalid variable name "uri")");
  CHECK(build.apply("set", {"$", "x"}) == R"(invalid variable name "$")");
}

TEST_CASE("what is wrong in a rewrite is said in nginx's words") {
  FakeBuild build;
  CHECK(build.apply("rewrite", {"^", ""}) == "empty replacement");
  CHECK(build.apply("rewrite", {"^", "/x", "LAST"}) == R"(invalid parameter "LAST")");
  CHECK(build.apply("rewrite", {"^", "/$"}) == "invalid variable name");
  CHECK(build.apply("rewrite", {"^", "/x?${a?b}"}) == R"(the closing bracket in "a" variable is missing)");
  CHECK(build.apply("return", {"1000"}) == R"(invalid return code "1000")");
}

}  // namespace
}  // namespace uringx
