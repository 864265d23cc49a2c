#include <doctest/doctest.h>

#include <cerrno>

#include "fixture.h"
#include "modules/auth_basic.h"
#include "modules/basic_credentials.h"
#include "modules/password_file.h"
#include "modules/password_hash.h"

using namespace uringx;

namespace {

std::string stored_for(std::string_view user, std::string_view file) {
  PasswordFileReader reader(user);
  reader.take(file);
  const auto password = reader.password();
  return password ? std::string(*password) : "<none>";
}

bool matches(std::string_view password, std::string_view stored) { return password_matches(password, stored).value_or(false); }

struct Site {
  Site() {
    REQUIRE(build.apply("auth_basic", {"closed"}) == "");
    REQUIRE(build.apply("auth_basic_user_file", {"users"}) == "");
    REQUIRE(build.finish() == "");
  }
  FakeBuild build;
};

constexpr std::string_view kPlainSecret = "Basic cGxhaW46c2VjcmV0";  // plain:secret

}  // namespace

TEST_CASE("a user's password is what stands behind the first colon, up to the next or the end of the line") {
  constexpr std::string_view file = "# a:x\n\na:one:comment\nab:two\r\nb:three";
  CHECK(stored_for("a", file) == "one");
  CHECK(stored_for("ab", file) == "two");
  CHECK(stored_for("b", file) == "three");
  CHECK(stored_for("c", file) == "<none>");
  CHECK(stored_for("# a", file) == "<none>");
  CHECK(stored_for("A", file) == "<none>");
  CHECK(stored_for("a:one", file) == "comment");
}

TEST_CASE("a line that ends inside the name sought takes the next line with it") {
  CHECK(stored_for("user", "us\nuser:x\n") == "<none>");
  CHECK(stored_for("user", "us\n\nuser:x\n") == "x");
  CHECK(stored_for("user", "us\nother:y\nuser:x\n") == "x");
}

TEST_CASE("a password longer than nginx's buffer is cut") {
  const std::string password(5000, 'p');
  CHECK(stored_for("a", "a:" + password + "\nb:x").size() == PasswordFileReader::kPasswordBytesMax);
}

TEST_CASE("where the file is cut into pieces does not matter") {
  const std::string file = "us\nx:1\nuser:{PLAIN}secret:comment\nuser:other\n";
  for (std::size_t cut = 0; cut <= file.size(); ++cut) {
    PasswordFileReader reader("user");
    if (!reader.take(std::string_view(file).substr(0, cut))) reader.take(std::string_view(file).substr(cut));
    REQUIRE(reader.password() == "{PLAIN}secret");
  }
}

TEST_CASE("every kind of hash knows its password and no other") {
  for (const char* stored : {"abNANd1rDfiNc", "$1$saltsalt$9xy1btjgzLYfb7hivXtC//",
                             "$5$saltsalt$0IyaXrmV7.sGNS6tirgqHLqX/G.FBvgkYA.lpPdS5sA",
                             "$2y$05$abcdefghijklmnopqrstuuOQiyCxlgf/oeuTqixKmWdcYUh4Hjl0a",
                             "$apr1$saltsalt$LrttParrLPdxvgutaSXWJ0", "$apr1$s$UoSp2veMyXxx3bp9uljYO/", "{PLAIN}secret",
                             "{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=", "{SSHA}gVK8WC9YyFT1gMsQHTGCgT3sSv5zYWx0"}) {
    CAPTURE(stored);
    CHECK(matches("secret", stored));
    CHECK_FALSE(matches("Secret", stored));
    CHECK_FALSE(matches("secre", stored));
    CHECK_FALSE(matches("", stored));
    CHECK(matches(std::string_view("secret\0more", 11), stored));
  }
}

TEST_CASE("apr1 is openssl passwd's, also for passwords longer than a digest and empty ones") {
  CHECK(apr1_hash("a very long password, much longer than sixteen bytes", "saltsalt") == "$apr1$saltsalt$XYP/LeBsIb4cL/1ZssNLM0");
  CHECK(apr1_hash("", "saltsalt$x") == "$apr1$saltsalt$a8ml/vK5HEjiZ5oypDWA7/");
  CHECK(apr1_hash("secret", "longersalt12") == "$apr1$longersa$YXScFcJtqSBgV1RHr/71m.");
}

TEST_CASE("what is no hash lets nobody in") {
  for (const char* stored : {"", "*", "!", "secret", "$", "$apr1$", "$apr1$salt$", "{SHA}", "{SHA}!", "{SSHA}", "{SSHA}c2hvcnQ=", "{MD5}x", "$9$a$b"}) {
    CAPTURE(stored);
    CHECK_FALSE(matches("secret", stored));
  }
  CHECK(matches("", "{PLAIN}"));
}

TEST_CASE("credentials are base64 of a name, a colon and a password") {
  const auto user = [](std::string_view value) -> std::string {
    FakeBuild build;
    REQUIRE(build.finish() == "");
    TestRequest test(build);
    test.field("Authorization", value);
    const auto given = basic_credentials(test.request);
    return given ? std::string(given->user) + "/" + std::string(given->password) : "<none>";
  };
  CHECK(user(kPlainSecret) == "plain/secret");
  CHECK(user("bAsIc    cGxhaW46c2VjcmV0") == "plain/secret");
  CHECK(user("Basic cGxhaW46") == "plain/");
  CHECK(user("Basic OnNlY3JldA==") == "<none>");  // ":secret"
  CHECK(user("Basic cGxhaW4=") == "<none>");       // "plain"
  for (const char* bad : {"", "Basic", "Basic ", "Basic =", "Basic !", "Basic c", "Bearer cGxhaW46c2VjcmV0"}) CHECK(user(bad) == "<none>");
}

TEST_CASE("without credentials the client is asked for them") {
  Site site;
  TestRequest test(site.build);
  HandlerState state;
  const HandlerResult result = handle_auth_basic(test.request, state, {});
  CHECK(std::get<Finish>(result).status == 401);
  REQUIRE(test.request.response.fields.size() == 1);
  CHECK(test.request.response.fields[0].value == "Basic realm=\"closed\"");
  withdraw_challenge(test.request);
  CHECK(test.request.response.fields.empty());
}

TEST_CASE("the answer of the check decides") {
  using Outcome = PasswordAnswer::Outcome;
  const auto judged = [](Outcome outcome, int error_number, std::string& log) {
    Site site;
    TestRequest test(site.build);
    test.field("Authorization", kPlainSecret);
    HandlerState state;
    const auto check = std::get<CheckPassword>(handle_auth_basic(test.request, state, {}));
    CHECK(check.user_file == "/prefix/users");
    CHECK(check.user_file.data()[check.user_file.size()] == '\0');
    CHECK(check.user == "plain");
    CHECK(check.password == "secret");
    const PasswordAnswer answer{outcome, error_number, check.user_file};
    const HandlerResult result = handle_auth_basic(test.request, state, {.password = &answer});
    log = test.collected.lines["error.log"];
    return std::holds_alternative<Allowed>(result) ? 0 : std::get<Finish>(result).status;
  };
  std::string log;
  CHECK(judged(Outcome::match, 0, log) == 0);
  CHECK(log.empty());
  CHECK(judged(Outcome::mismatch, 0, log) == 401);
  CHECK(log.find("user \"plain\": password mismatch, client") != std::string::npos);
  CHECK(judged(Outcome::no_such_user, 0, log) == 401);
  CHECK(log.find("user \"plain\" was not found in \"/prefix/users\", client") != std::string::npos);
  CHECK(judged(Outcome::open_failed, ENOENT, log) == 403);
  CHECK(log.find("[error]") != std::string::npos);
  CHECK(judged(Outcome::open_failed, EACCES, log) == 500);
  CHECK(log.find("open() \"/prefix/users\" failed (13: Permission denied)") != std::string::npos);
  CHECK(judged(Outcome::read_failed, EISDIR, log) == 500);
  CHECK(judged(Outcome::hash_failed, EINVAL, log) == 500);
  CHECK(judged(Outcome::not_started, EAGAIN, log) == 500);
}
