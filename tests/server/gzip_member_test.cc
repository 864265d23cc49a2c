#include "server/gzip_member.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace uringx;

namespace {

// The texts of the members one after another; every one has to be whole.
std::vector<std::string> members(const std::string& data) {
  std::vector<std::string> texts;
  std::size_t at = 0;
  while (at < data.size()) {
    z_stream stream{};
    REQUIRE(inflateInit2(&stream, MAX_WBITS + 16) == Z_OK);
    std::string packed = data.substr(at);
    stream.next_in = reinterpret_cast<Bytef*>(packed.data());
    stream.avail_in = static_cast<uInt>(packed.size());
    std::string text;
    char step[1000];
    int result = Z_OK;
    while (result == Z_OK) {
      stream.next_out = reinterpret_cast<Bytef*>(step);
      stream.avail_out = sizeof(step);
      result = inflate(&stream, Z_NO_FLUSH);
      text.append(step, sizeof(step) - stream.avail_out);
    }
    REQUIRE(result == Z_STREAM_END);
    at += packed.size() - stream.avail_in;
    inflateEnd(&stream);
    texts.push_back(std::move(text));
  }
  return texts;
}

// Lines that compress badly enough to fill zlib's output.
std::string line(unsigned number) {
  std::string text;
  for (unsigned i = 0; i < 40; ++i) text += std::to_string((number * 2654435761u) ^ (i * 40503u));
  return text + "\n";
}

}  // namespace

TEST_CASE("lines come back as they went in, a member a bufferful") {
  for (const int level : {1, 6, 9}) {
    for (const std::uint64_t size : {1u, 300u, 10'000u, 65'536u, 1'000'000u}) {
      CAPTURE(level);
      CAPTURE(size);
      GzipMember gzip(level, size);
      std::string file;
      std::vector<std::string> wanted;
      unsigned number = 0;
      for (int member = 0; member < 3; ++member) {
        std::string text;
        do {
          const std::string next = line(number++);
          gzip.add(next);
          text += next;
        } while (text.size() < size);
        CHECK(gzip.text_bytes() == text.size());
        gzip.finish(file);
        CHECK(gzip.text_bytes() == 0);
        wanted.push_back(std::move(text));
      }
      CHECK(members(file) == wanted);
    }
  }
}

TEST_CASE("without lines there is no member") {
  GzipMember gzip(1, 1000);
  std::string file;
  gzip.finish(file);
  CHECK(file.empty());
}
