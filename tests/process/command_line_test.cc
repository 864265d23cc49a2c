#include "process/command_line.h"

#include <doctest/doctest.h>

#include <vector>

namespace uringx {
namespace {

std::expected<CommandLine, std::string> parse(std::vector<const char*> words) {
  return parse_command_line(words);
}

struct RefusedCase {
  std::vector<const char*> words;
  const char* message;
};

}  // namespace

TEST_CASE("no words ask for nothing special") {
  const auto line = parse({});
  REQUIRE(line);
  CHECK(!line->show_version);
  CHECK(!line->test);
  CHECK(line->instruction == Instruction::none);
  CHECK(!line->prefix);
}

TEST_CASE("flags may share a word") {
  const auto line = parse({"-tqV"});
  REQUIRE(line);
  CHECK(line->test);
  CHECK(line->quiet);
  CHECK(line->show_version);
  CHECK(line->show_configure);
  CHECK(!line->dump);
}

TEST_CASE("-T tests and dumps, -? and -h show the version first") {
  CHECK(parse({"-T"})->dump);
  CHECK(parse({"-T"})->test);
  for (const char* word : {"-?", "-h"}) {
    CHECK(parse({word})->show_help);
    CHECK(parse({word})->show_version);
  }
}

TEST_CASE("a value is the rest of the word, or the next word") {
  const auto line = parse({"-tc", "a.conf", "-p/srv", "-e", "stderr", "-gdaemon off;"});
  REQUIRE(line);
  CHECK(line->test);
  CHECK(*line->conf_file == "a.conf");
  CHECK(*line->prefix == "/srv");
  CHECK(*line->error_log == "stderr");
  CHECK(line->global_directives == "daemon off;");
}

TEST_CASE("a value may look like an option, and the last one counts") {
  const auto line = parse({"-c", "-t", "-cother"});
  REQUIRE(line);
  CHECK(!line->test);
  CHECK(*line->conf_file == "other");
}

TEST_CASE("-s knows four signals") {
  CHECK(parse({"-s", "stop"})->instruction == Instruction::stop);
  CHECK(parse({"-squit"})->instruction == Instruction::quit);
  CHECK(parse({"-s", "reopen"})->instruction == Instruction::reopen);
  CHECK(parse({"-s", "reload"})->instruction == Instruction::reload);
}

TEST_CASE("a lone dash is no option and no error, as with nginx") { CHECK(parse({"-"})); }

TEST_CASE("--lint asks for the test") {
  const auto line = parse({"--lint", "-q", "-c", "a.conf"});
  REQUIRE(line);
  CHECK(line->lint);
  CHECK(line->test);
  CHECK(line->quiet);
  CHECK_FALSE(parse({"-t"})->lint);
  // The word after an option that wants one is its value, whatever it looks like.
  CHECK_FALSE(parse({"-t", "-c", "--lint"})->lint);
}

TEST_CASE("refusals are in nginx's words") {
  const RefusedCase cases[] = {
      {{"foo"}, "invalid option: \"foo\""},
      {{""}, "invalid option: \"\""},
      {{"-x"}, "invalid option: \"x\""},
      {{"-tx"}, "invalid option: \"x\""},
      {{"--help"}, "invalid option: \"-\""},
      {{"--lintx"}, "invalid option: \"-\""},
      {{"--lin"}, "invalid option: \"-\""},
      {{"-t-lint"}, "invalid option: \"-\""},
      {{"--print-directives=x"}, "invalid option: \"-\""},
      {{"-c"}, "option \"-c\" requires file name"},
      {{"-e"}, "option \"-e\" requires file name"},
      {{"-p"}, "option \"-p\" requires directory name"},
      {{"-g"}, "option \"-g\" requires parameter"},
      {{"-s"}, "option \"-s\" requires parameter"},
      {{"-s", "restart"}, "invalid option: \"-s restart\""},
      {{"-s", ""}, "invalid option: \"-s \""},
  };
  for (const RefusedCase& refused : cases) {
    const auto line = parse(refused.words);
    REQUIRE(!line);
    CHECK(line.error() == refused.message);
  }
}

TEST_CASE("relative names are relative to the prefix, which gets its slash") {
  const ProcessPaths paths = resolve_paths(*parse({"-p", "/srv/site", "-c", "n.conf", "-e", "logs/e.log"}));
  CHECK(paths.prefix == "/srv/site/");
  CHECK(paths.conf_file == "/srv/site/n.conf");
  CHECK(paths.error_log == "/srv/site/logs/e.log");
}

TEST_CASE("absolute names and stderr stay what they are") {
  const ProcessPaths paths = resolve_paths(*parse({"-p", "/srv/", "-c", "/etc/n.conf", "-e", "stderr"}));
  CHECK(paths.conf_file == "/etc/n.conf");
  CHECK(paths.error_log == "stderr");
  CHECK(resolve_paths(*parse({"-e", ""})).error_log == "stderr");
}

TEST_CASE("without options the paths are those of nginx's packages") {
  const ProcessPaths paths = resolve_paths(*parse({}));
  CHECK(paths.conf_file == "/etc/nginx/nginx.conf");
  CHECK(paths.error_log == "/var/log/nginx/error.log");
  CHECK(paths.prefix == "/usr/share/nginx/");
}

}  // namespace uringx
