#include <doctest/doctest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "tests/lint/lint_fixture.h"

namespace uringx {

TEST_CASE("findings come by file and line, each with the file it is about") {
  LintedConfig config("events {} http { include a.conf;\nserver { listen 80; error_log off;\nindex a root; } }");
  config.source.files["/etc/nginx/a.conf"] = "\n\nerror_log off;";
  const auto findings = config.findings();
  REQUIRE(findings.size() == 3);
  CHECK(findings[0].file == "/etc/nginx/nginx.conf");
  CHECK(findings[0].line == 2);
  CHECK(findings[1].line == 3);
  CHECK(findings[2].file == "/etc/nginx/a.conf");
  CHECK(findings[2].line == 3);
}

TEST_CASE("a file that several servers include is told of once") {
  LintedConfig config("events {} http { server { listen 80; include a.conf; } server { listen 81; include a.conf; } }");
  config.source.files["/etc/nginx/a.conf"] = "error_page 404 x.html;";
  CHECK(told(config) == "error-page-relative:1");
}

TEST_CASE("directives and blocks that nobody knows are passed over") {
  CHECK(told(LintedConfig("a; b { c { d e; } } events {} stream { server { listen 443; } } http { lua { x; } server { listen 80;"
                          " more_set_headers x; } map $a $b { root 1; error_log 2; } upstream u { server a; } }")) == "");
}

TEST_CASE("directives with too few words are no trap of the lint's own") {
  CHECK(told(LintedConfig("http { server { root; alias; listen; server_name; return; rewrite; add_header; expires; error_page;"
                          " try_files; index; allow; deny; error_log; ssl_certificate_key; auth_basic;\n"
                          "location { alias; if { } limit_except { } } location ~ { } location a b c d { } if () { } if ( ) { } } }")) ==
        "");
}

TEST_CASE("a message is one line") {
  LintedConfig config("events {} http { server { listen 80; location / { auth_basic x; return 200 \"a\nb\"; } } }");
  const auto findings = config.findings();
  REQUIRE(findings.size() == 1);
  CHECK(findings[0].message.find('\n') == std::string::npos);
}

TEST_CASE("every rule is in the documentation, under a name of its own") {
  const std::string table = lint_rules_markdown();
  CHECK(table.starts_with("| rule | the trap |\n|---|---|\n"));
  CHECK(std::ranges::count(table, '\n') > 20);
  CHECK(table.find("| `alias-slash` |") != std::string::npos);
  CHECK(table.find("| `readable-key` |") != std::string::npos);
}

TEST_CASE("a file is open to all when its mode and all folders above it let everybody in") {
  std::string folder = (std::filesystem::temp_directory_path() / "uringx-lint-XXXXXX").string();
  REQUIRE(mkdtemp(folder.data()) != nullptr);
  const std::string key = folder + "/key.pem";
  std::ofstream(key) << "secret";
  const SystemFileFacts facts;
  chmod(key.c_str(), 0644);
  chmod(folder.c_str(), 0755);
  CHECK(facts.is_readable_by_all(key));
  CHECK_FALSE(facts.is_readable_by_all(folder));
  CHECK(facts.is_directory(folder));
  CHECK_FALSE(facts.is_directory(key));
  chmod(folder.c_str(), 0750);
  CHECK_FALSE(facts.is_readable_by_all(key));
  chmod(folder.c_str(), 0755);
  chmod(key.c_str(), 0640);
  CHECK_FALSE(facts.is_readable_by_all(key));
  CHECK_FALSE(facts.is_readable_by_all(folder + "/none"));
  std::filesystem::remove_all(folder);
}

TEST_CASE("a copy is outdated when its source was changed after it") {
  std::string folder = (std::filesystem::temp_directory_path() / "uringx-lint-XXXXXX").string();
  REQUIRE(mkdtemp(folder.data()) != nullptr);
  const std::string source = folder + "/deep/a.css";
  std::filesystem::create_directory(folder + "/deep");
  std::ofstream(source) << "a {}";
  std::ofstream(source + ".gz") << "copy";
  std::ofstream(folder + "/alone.gz") << "no source";
  const SystemFileFacts facts;
  const auto now = std::filesystem::last_write_time(source);
  std::filesystem::last_write_time(source + ".gz", now);
  CHECK(facts.outdated_copy(folder, ".gz").empty());
  std::filesystem::last_write_time(source + ".gz", now - std::chrono::hours(1));
  CHECK(facts.outdated_copy(folder, ".gz") == source + ".gz");
  CHECK(facts.outdated_copy(folder, ".br").empty());
  CHECK(facts.outdated_copy(folder + "/none", ".gz").empty());
  std::filesystem::remove_all(folder);
}

}  // namespace uringx
