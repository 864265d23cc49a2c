// The end of chunked bodies, and every shape another server was once smuggled past with.
#include "http/chunked.h"

#include <doctest/doctest.h>

#include <random>
#include <string>

namespace uringx {
namespace {

using namespace std::string_literals;
using namespace std::string_view_literals;

struct Decoded {
  ChunkedStatus status = ChunkedStatus::need_more;
  std::size_t used = 0;
  std::string body;
  bool operator==(const Decoded&) const = default;
};

// Decodes text shown in pieces of `piece` bytes.
Decoded decode(std::string_view text, std::size_t piece) {
  ChunkedDecoder decoder;
  Decoded decoded;
  while (decoded.used < text.size()) {
    std::string_view bytes = text.substr(decoded.used, piece);
    for (;;) {
      const ChunkedStep step = decoder.next(bytes);
      decoded.used += step.used_bytes;
      decoded.body += step.data;
      decoded.status = step.status;
      if (step.status != ChunkedStatus::data) break;
      bytes.remove_prefix(step.used_bytes);
    }
    if (decoded.status != ChunkedStatus::need_more) break;
  }
  CHECK(decoder.body_bytes() == static_cast<std::int64_t>(decoded.body.size()));
  return decoded;
}

ChunkedStatus verdict(std::string_view text) {
  const Decoded whole = decode(text, text.size());
  for (std::size_t piece = 1; piece < text.size(); ++piece) CHECK(decode(text, piece) == whole);
  return whole.status;
}

TEST_CASE("chunked bodies end where they should") {
  const std::pair<std::string_view, std::string_view> rows[] = {
      {"0\r\n\r\n", ""},
      {"5\r\nhello\r\n0\r\n\r\n", "hello"},
      {"1\r\na\r\n2\r\nbc\r\n000\r\n\r\n", "abc"},
      {"A\r\n0123456789\r\n0\r\n\r\n", "0123456789"},
      {"0000000000000000000000003\r\n\r\n\r\r\n0\r\n\r\n", "\r\n\r"},
      {"3;a=b\r\nabc\r\n0;x=\"y\"\r\n\r\n", "abc"},
      {"3 ; a\r\nabc\r\n0\t\r\n\r\n", "abc"},
      {"0\r\nTrailer: a\r\nB\r\n\r\n", ""},
  };
  for (const auto& [text, body] : rows) {
    CAPTURE(text);
    CHECK(verdict(text) == ChunkedStatus::done);
    const Decoded decoded = decode(std::string(text) + "GET / HTTP/1.1", 4096);
    CHECK(decoded.body == body);
    CHECK(decoded.used == text.size());
  }
}

TEST_CASE("a body that has not ended asks for more") {
  for (const std::string_view text : {"0", "0\r\n", "0\r\n\r", "5\r\nhell", "5\r\nhello", "5\r\nhello\r\n",
                                      "0\r\nTrailer: a\r\n", "7ffffffffffffff\r\n"}) {
    CAPTURE(text);
    CHECK(verdict(text) == ChunkedStatus::need_more);
  }
}

TEST_CASE("a chunk of more than a sixteenth of the largest size is refused, as nginx refuses it") {
  CHECK(verdict("800000000000000\r\n") == ChunkedStatus::invalid);
  CHECK(verdict("7fffffffffffffff\r\n") == ChunkedStatus::invalid);
}

TEST_CASE("what two parsers could read differently is refused") {
  for (const std::string_view text : {
           "\r\n"sv,
           "x"sv,
           "-1"sv,
           "+1"sv,
           " 1"sv,
           "0x1\r\n"sv,
           "1_0\r\n"sv,
           "1\0"sv,
           ";a\r\n"sv,
           "8000000000000000"sv,
           "10000000000000000\r\n"sv,
           "fffffffffffffffff"sv,
           "0\n"sv,
           "1\na"sv,
           "1\r\na\n"sv,
           "1\ra"sv,
           "1\r\naa"sv,
           "1\r\na\rb"sv,
           "1\r\na0\r\n"sv,
           "1;a\nb"sv,
           "1;a\rb"sv,
           "0;a\n"sv,
           "0\r\n\n"sv,
           "0\r\nA: b\n"sv,
           "0\r\nA: b\rc"sv,
           "0\r\n\rX"sv,
           "1\r\na\r\n7fffffffffffffff\r\n"sv,
       }) {
    CAPTURE(text);
    CHECK(verdict(text) == ChunkedStatus::invalid);
  }
}

TEST_CASE("the content of a chunk counts as it comes") {
  ChunkedDecoder decoder;
  CHECK(decoder.next("ff\r\n").status == ChunkedStatus::need_more);
  CHECK(decoder.body_bytes() == 0);
  CHECK(decoder.next("abc").status == ChunkedStatus::data);
  CHECK(decoder.body_bytes() == 3);
}

TEST_CASE("random bodies are decoded as they were encoded, cut anywhere") {
  std::mt19937 random(5);
  for (int round = 0; round < 300; ++round) {
    std::string text;
    std::string body;
    for (auto chunks = random() % 5; chunks > 0; --chunks) {
      std::string piece(1 + random() % 40, '\n');
      for (char& c : piece) c = static_cast<char>(random());
      char size[20];
      std::snprintf(size, sizeof size, random() % 2 == 0 ? "%zx" : "%04zX", piece.size());
      text += size + (random() % 3 == 0 ? ";ext"s : ""s) + "\r\n" + piece + "\r\n";
      body += piece;
    }
    text += "0\r\n\r\n";
    CHECK(verdict(text) == ChunkedStatus::done);
    CHECK(decode(text, text.size()).body == body);
  }
}

TEST_CASE("what is still to come at least is told as nginx tells it") {
  const auto wanted_after = [](std::string_view text) {
    ChunkedDecoder decoder;
    while (!text.empty()) text.remove_prefix(decoder.next(text).used_bytes);
    return decoder.bytes_wanted();
  };
  CHECK(wanted_after("") == 3);
  CHECK(wanted_after("ffff\r\n0123456789") == 65529);
  CHECK(wanted_after("3\r\nabc") == 4);
  CHECK(wanted_after("3") == 8);
  CHECK(wanted_after("0\r\n") == 1);
  CHECK(wanted_after("0\r\n\r\n") == 0);
}

TEST_CASE("random bytes are never used beyond what was given") {
  std::mt19937 random(6);
  constexpr std::string_view kBytes = "0123af\r\n\r\n; x\0";
  for (int round = 0; round < 20000; ++round) {
    std::string text;
    for (auto size = random() % 24; size > 0; --size) text += kBytes[random() % kBytes.size()];
    const Decoded whole = decode(text, text.size() + 1);
    CHECK(whole.used <= text.size());
    CHECK(decode(text, 1) == whole);
  }
}

}  // namespace
}  // namespace uringx
