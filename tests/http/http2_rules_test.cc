#include "http/http2_rules.h"

#include <utility>
#include <vector>

#include <doctest/doctest.h>

namespace uringx {
namespace {

using Fields = std::vector<std::pair<std::string_view, std::string_view>>;

const Fields kGood = {{":method", "GET"}, {":scheme", "http"}, {":path", "/"}, {":authority", "a.test"}};

// What is wrong with a head.
std::string fault_of(const Fields& fields) {
  Http2HeadRules rules;
  for (const auto& [name, value] : fields) {
    if (std::string fault = rules.take(name, value); !fault.empty()) return fault;
  }
  return rules.finish();
}

std::string fault_with(std::string_view name, std::string_view value) {
  Fields fields = kGood;
  fields.emplace_back(name, value);
  return fault_of(fields);
}

}  // namespace

TEST_CASE("well-formed heads") {
  CHECK(fault_of(kGood) == "");
  CHECK(fault_of({{":scheme", "x+1-."}, {":method", "GET"}, {":path", "*"}}) == "");
  CHECK(fault_of({{":method", "CONNECT"}, {":authority", "a.test:443"}}) == "");
  CHECK(fault_with("te", "trailers") == "");
  CHECK(fault_with("x-a", "\x01\x7f\xff\t") == "");
  CHECK(fault_with("x(a", "") == "");
  CHECK(fault_of({{":authority", ""}, {":method", "GET"}, {":scheme", "http"}, {":path", "/"}}) == "");
}

TEST_CASE("pseudo fields") {
  CHECK(fault_with(":test", "1") == "client sent unknown pseudo-header \":test\"");
  CHECK(fault_with(":status", "200") == "client sent unknown pseudo-header \":status\"");
  CHECK(fault_with(":path", "/") == "client sent duplicate :path header");
  CHECK(fault_of({{":method", "GET"}, {"x", "y"}, {":path", "/"}}) == "client sent pseudo-header \":path\" after regular header");
  CHECK(fault_of({{":path", ""}}) == "client sent empty :path header");
  CHECK(fault_of({{":path", "/a b"}}) == "client sent invalid :path header: \"/a b\"");
  CHECK(fault_of({{":path", "/a\x02"}}) == "client sent invalid :path header: \"/a\x02\"");
  CHECK(fault_of({{":scheme", "1a"}}) == "client sent invalid :scheme header: \"1a\"");
  CHECK(fault_of({{":scheme", "http"}, {":path", "/"}}) == "client sent no :method header");
  CHECK(fault_of({{":method", "GET"}, {":path", "/"}}) == "client sent no :scheme header");
  CHECK(fault_of({{":method", "GET"}, {":scheme", "http"}}) == "client sent no :path header");
}

TEST_CASE("CONNECT has neither scheme nor path") {
  Http2HeadRules rules;
  for (const auto& [name, value] : kGood) CHECK(rules.take(name, name == ":method" ? "CONNECT" : value) == "");
  CHECK(rules.finish() == "");
  CHECK(rules.is_malformed_connect());
}

TEST_CASE("names and values of fields") {
  for (const std::string_view name : {"", "Upper", "a b", " a", "a:b", "a\x7f", "a\xe9", "a\r"}) {
    CAPTURE(name);
    CHECK(fault_with(name, "x").starts_with("client sent invalid header name: "));
    CHECK(http2_trailer_fault(name, "x").starts_with("client sent invalid header name: "));
  }
  using namespace std::string_view_literals;
  for (const std::string_view value : {"a\nb"sv, "\r"sv, "a\0"sv}) {
    CHECK(fault_with("x-a", value).starts_with("client sent header \"x-a\" with invalid value: "));
  }
  CHECK(fault_with("connection", "close") == "client sent header of a connection: \"connection: close\"");
  CHECK(fault_with("te", "gzip") == "client sent header of a connection: \"te: gzip\"");
  CHECK(http2_trailer_fault(":method", "GET") == "client sent pseudo-header \":method\" in trailers");
  CHECK(http2_trailer_fault("x-sum", "1") == "");
}

TEST_CASE("blanks round a value do not count") {
  CHECK(http2_field_value("\t a b \t") == "a b");
  CHECK(http2_field_value(" \t ") == "");
}

}  // namespace uringx
