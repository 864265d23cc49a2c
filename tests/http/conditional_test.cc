#include "http/conditional.h"

#include <doctest/doctest.h>

#include <string>

#include "tests/http/http_fixture.h"

namespace uringx {
namespace {

constexpr std::time_t kModified = 784111777;
constexpr std::string_view kSame = "Sun, 06 Nov 1994 08:49:37 GMT";
constexpr std::string_view kEarlier = "Sun, 06 Nov 1994 08:49:36 GMT";
constexpr std::string_view kLater = "Sun, 06 Nov 1994 08:49:38 GMT";

struct Asked {
  std::vector<HeaderField> fields;
  Validators validators{kModified, "\"tag\""};
  IfModifiedSince mode = IfModifiedSince::exact;
};

Precondition verdict(const Asked& asked) {
  RequestHead head(std::pmr::get_default_resource());
  for (const HeaderField& field : asked.fields) head.add_field(field);
  return evaluate_preconditions(head, asked.validators, asked.mode);
}

TEST_CASE("without conditions the answer proceeds") { CHECK(verdict({}) == Precondition::proceed); }

TEST_CASE("If-Modified-Since in its three modes") {
  const auto since = [](std::string_view date, IfModifiedSince mode) {
    return verdict({.fields = {{"If-Modified-Since", date}}, .mode = mode});
  };
  CHECK(since(kSame, IfModifiedSince::exact) == Precondition::not_modified);
  CHECK(since(kLater, IfModifiedSince::exact) == Precondition::proceed);
  CHECK(since(kEarlier, IfModifiedSince::exact) == Precondition::proceed);
  CHECK(since(kSame, IfModifiedSince::before) == Precondition::not_modified);
  CHECK(since(kLater, IfModifiedSince::before) == Precondition::not_modified);
  CHECK(since(kEarlier, IfModifiedSince::before) == Precondition::proceed);
  CHECK(since(kSame, IfModifiedSince::off) == Precondition::proceed);
  CHECK(since("junk", IfModifiedSince::before) == Precondition::proceed);
  CHECK(verdict({.fields = {{"If-Modified-Since", kSame}}, .validators = {}}) == Precondition::proceed);
}

TEST_CASE("If-Unmodified-Since fails for what is newer, undated or no date") {
  const auto since = [](std::string_view date, Validators validators = {kModified, "\"tag\""}) {
    return verdict({.fields = {{"If-Unmodified-Since", date}}, .validators = validators});
  };
  CHECK(since(kSame) == Precondition::proceed);
  CHECK(since(kLater) == Precondition::proceed);
  CHECK(since(kEarlier) == Precondition::failed);
  CHECK(since("junk") == Precondition::failed);
  CHECK(since(kLater, {}) == Precondition::failed);
}

TEST_CASE("If-None-Match compares weakly, If-Match strongly") {
  const auto none = [](std::string_view list) { return verdict({.fields = {{"If-None-Match", list}}}); };
  const auto match = [](std::string_view list) { return verdict({.fields = {{"If-Match", list}}}); };
  CHECK(none("\"tag\"") == Precondition::not_modified);
  CHECK(none("W/\"tag\"") == Precondition::not_modified);
  CHECK(none("*") == Precondition::not_modified);
  CHECK(none("\"other\"") == Precondition::proceed);
  CHECK(match("\"tag\"") == Precondition::proceed);
  CHECK(match("W/\"tag\"") == Precondition::failed);
  CHECK(match("*") == Precondition::proceed);
  CHECK(match("\"other\"") == Precondition::failed);
}

TEST_CASE("both of If-None-Match and If-Modified-Since must agree for 304") {
  const auto both = [](std::string_view tag, std::string_view date) {
    return verdict({.fields = {{"If-None-Match", tag}, {"If-Modified-Since", date}}});
  };
  CHECK(both("\"tag\"", kSame) == Precondition::not_modified);
  CHECK(both("\"tag\"", kEarlier) == Precondition::proceed);
  CHECK(both("\"other\"", kSame) == Precondition::proceed);
}

TEST_CASE("a failed condition comes before a 304") {
  CHECK(verdict({.fields = {{"If-None-Match", "*"}, {"If-Unmodified-Since", kEarlier}}}) ==
        Precondition::failed);
  CHECK(verdict({.fields = {{"If-None-Match", "*"}, {"If-Match", "\"x\""}}}) == Precondition::failed);
}

TEST_CASE("lists of entity tags with odd blanks") {
  const auto weak = [](std::string_view list) { return etag_list_matches(list, "\"t\"", true); };
  CHECK(weak("\"a\",\"t\""));
  CHECK(weak("\"a\" , \t \"t\"  "));
  CHECK(weak(",,\"t\""));
  CHECK_FALSE(weak(" \"t\""));  // nginx compares from the first byte, as it stands
  CHECK(weak("\"a\",,,\"t\",\"b\""));
  CHECK(weak("\"a\", W/\"t\""));
  CHECK(weak("\"t\"x, \"t\""));
  CHECK_FALSE(weak("\"t\"x"));
  CHECK_FALSE(weak("\"a\" \"t\""));
  CHECK_FALSE(weak("W/"));
  CHECK_FALSE(weak(""));
  CHECK_FALSE(weak(" *"));
  CHECK(etag_list_matches("\"t\"", "W/\"t\"", true));
  CHECK(etag_list_matches("W/\"t\"", "W/\"t\"", true));
  CHECK_FALSE(etag_list_matches("\"t\"", "W/\"t\"", false));
  CHECK(etag_list_matches("W/\"t\"", "W/\"t\"", false));
  CHECK_FALSE(etag_list_matches("\"t\"", "", true));
  CHECK(etag_list_matches("*", "", true));
}

}  // namespace
}  // namespace uringx
