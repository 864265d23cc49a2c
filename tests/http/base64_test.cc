#include <doctest/doctest.h>

#include <string>

#include "http/base64.h"

using namespace uringx;

namespace {

std::string encoded(std::string_view data) {
  std::string text(base64_bytes(data.size()), '?');
  CHECK(encode_base64(text.data(), data) == text.data() + text.size());
  return text;
}

std::string decoded(std::string_view text, Base64Alphabet alphabet = Base64Alphabet::standard) {
  std::string data(base64_decoded_bytes_max(text.size()), '?');
  const auto bytes = decode_base64(data.data(), text, alphabet);
  return bytes ? data.substr(0, *bytes) : "<none>";
}

}  // namespace

TEST_CASE("base64 as RFC 4648 shows it") {
  const std::pair<const char*, const char*> rows[] = {{"", ""}, {"f", "Zg=="}, {"fo", "Zm8="}, {"foo", "Zm9v"},
                                                      {"foob", "Zm9vYg=="}, {"fooba", "Zm9vYmE="}, {"foobar", "Zm9vYmFy"}};
  for (const auto& [data, text] : rows) {
    CHECK(encoded(data) == text);
    CHECK(decoded(text) == data);
  }
}

TEST_CASE("padding may be missing, and what follows it is not looked at") {
  CHECK(decoded("Zg") == "f");
  CHECK(decoded("Zm8") == "fo");
  CHECK(decoded("Zm9vYg=\xff") == "foob");
  CHECK(decoded("Z") == "<none>");
  CHECK(decoded("Zm9vY") == "<none>");
}

TEST_CASE("each alphabet refuses the other's letters") {
  CHECK(decoded("--__", Base64Alphabet::url) == "\xfb\xef\xff");
  CHECK(decoded("++//") == "\xfb\xef\xff");
  CHECK(decoded("--__") == "<none>");
  CHECK(decoded("++//", Base64Alphabet::url) == "<none>");
  CHECK(decoded("Zm 9") == "<none>");
}

TEST_CASE("every length and byte comes back") {
  std::string data;
  for (int i = 0; i < 300; ++i) {
    CHECK(decoded(encoded(data)) == data);
    data += static_cast<char>(i * 37);
  }
}
