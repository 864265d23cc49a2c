// Which links are good: valid_referers, secure_link and disable_symlinks.
#include <doctest/doctest.h>

#include "fixture.h"
#include "modules/disable_symlinks.h"
#include "modules/referer.h"
#include "modules/secure_link.h"

using namespace uringx;

namespace {

struct Referers {
  explicit Referers(std::vector<std::string> words) {
    REQUIRE(build.apply("valid_referers", std::move(words)) == "");
    REQUIRE(build.finish() == "");
  }
  bool valid(std::string_view referer) const { return is_valid_referer(build.location_set.get<RefererSettings>(), &referer); }
  bool valid_without() const { return is_valid_referer(build.location_set.get<RefererSettings>(), nullptr); }
  FakeBuild build;
};

LinkRule rule_of(std::vector<std::string> words, std::string_view path) {
  FakeBuild build;
  REQUIRE(build.apply("disable_symlinks", std::move(words)) == "");
  REQUIRE(build.finish() == "");
  TestRequest test(build);
  return link_rule(test.request, path);
}

}  // namespace

TEST_CASE("hosts, wildcards, the begin of a path and regexes are valid, the rest is not") {
  const Referers referers({"Example.com", "*.sub.net", "www.host.*", ".dot.org", "path.com/Gallery/", "~\\.google\\."});
  for (const char* good : {"http://example.com", "https://EXAMPLE.com/x", "hTTp://example.com:81/x", "http://a.sub.net/", "http://www.host.de/",
                           "http://dot.org/", "http://x.dot.org/", "http://path.com/Gallery/1", "https://www.google.com/search"}) {
    CAPTURE(good);
    CHECK(referers.valid(good));
  }
  for (const char* bad : {"", "example.com", "http://other.com/", "http://sub.net/", "http://path.com/", "http://path.com/gallery/",
                          "ftp://example.com/", "http://a.b", "http:///example.com"}) {
    CAPTURE(bad);
    CHECK_FALSE(referers.valid(bad));
  }
  CHECK_FALSE(referers.valid("http://" + std::string(300, 'a') + ".sub.net/"));
  CHECK_FALSE(referers.valid_without());
}

TEST_CASE("none and blocked are for requests without a page") {
  const Referers none({"none", "example.com"});
  CHECK(none.valid_without());
  CHECK_FALSE(none.valid("-"));
  const Referers blocked({"blocked", "example.com"});
  CHECK_FALSE(blocked.valid_without());
  CHECK(blocked.valid("-"));
  CHECK_FALSE(blocked.valid("http://other.com/"));
}

TEST_CASE("valid_referers refuses what it cannot mean") {
  FakeBuild build;
  CHECK(build.apply("valid_referers", {"a..b"}) == "invalid hostname or wildcard \"a..b\"");
  CHECK(build.apply("valid_referers", {"a.com", "a.com/x"}) == "conflicting parameter \"a.com\"");
  CHECK(build.apply("valid_referers", {"~"}) == "empty regex in \"~\"");
  CHECK(build.apply("valid_referers", {""}) == "invalid referer \"\"");
  FakeBuild alone;
  REQUIRE(alone.apply("valid_referers", {"none", "blocked"}) == "");
  CHECK(alone.finish().find("without any valid referer") != std::string::npos);
}

TEST_CASE("a sealed link is the rest of the target behind its MD5") {
  // MD5("link" "secret")
  CHECK(unsealed_link("/p/5e814704a28d9bc1914ff19fa0c4a00a/link", "secret") == "link");
  CHECK(unsealed_link("/p/5E814704A28D9BC1914FF19FA0C4A00A/link", "secret") == "link");
  for (const char* bad : {"", "/", "/p", "/p/", "/p//link", "/p/5e814704a28d9bc1914ff19fa0c4a00a", "/p/5e814704a28d9bc1914ff19fa0c4a00a/",
                          "/p/5e814704a28d9bc1914ff19fa0c4a00b/link", "/p/5e814704a28d9bc1914ff19fa0c4a00a/link2",
                          "/p/5e814704a28d9bc1914ff19fa0c4a00g/link", "/p/5e814704a28d9bc1914ff19fa0c4a0/link"}) {
    CAPTURE(bad);
    CHECK_FALSE(unsealed_link(bad, "secret"));
  }
}

TEST_CASE("a signature is base64url of an MD5") {
  CHECK(is_signature_of("1B2M2Y8AsgTpgAmY7PhCfg", ""));
  CHECK(is_signature_of("1B2M2Y8AsgTpgAmY7PhCfg==", ""));
  CHECK_FALSE(is_signature_of("1B2M2Y8AsgTpgAmY7PhCfh", "x"));
  for (const char* bad : {"", "=", "1B2M2Y8AsgTpgAmY7PhCf", "1B2M2Y8AsgTpgAmY7PhCfg===", "1B2M2Y8AsgTpgAmY7Ph+fg", "!"}) CHECK_FALSE(is_signature_of(bad, ""));
}

TEST_CASE("from= says how much of a path is not looked at") {
  const auto trusted = [](const char* from, std::string_view path) { return rule_of({"on", std::string("from=") + from}, path).trusted_bytes; };
  CHECK(trusted("/srv/www", "/srv/www/a/b") == 8);
  CHECK(trusted("/srv/www/", "/srv/www/a/b") == 8);
  CHECK(trusted("/srv/w", "/srv/www/a/b") == 0);
  CHECK(trusted("/other", "/srv/www/a/b") == 0);
  CHECK(trusted("", "/srv") == 0);
  CHECK(rule_of({"on", "from=/srv"}, "/srv").policy == LinkPolicy::off);
  CHECK(rule_of({"if_not_owner"}, "/srv").policy == LinkPolicy::if_not_owner);
  CHECK(rule_of({"off"}, "/srv").policy == LinkPolicy::off);
}
