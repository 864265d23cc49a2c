// Compressors and gunzip as filters: whatever the cuts of what goes in and of the room for what comes out, what a client unpacks
// is what went in.
#include <brotli/decode.h>
#include <doctest/doctest.h>
#include <zlib.h>
#include <zstd.h>

#include <random>
#include <string>

#include "http/message.h"
#include "modules/content_coding.h"
#include "tests/modules/run_filter.h"

namespace uringx {
namespace {

std::string ungzip(const std::string& coded) {
  z_stream stream{};
  REQUIRE(inflateInit2(&stream, MAX_WBITS + 16) == Z_OK);
  std::string text(2'000'000, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(coded.data()));
  stream.avail_in = static_cast<uInt>(coded.size());
  stream.next_out = reinterpret_cast<Bytef*>(text.data());
  stream.avail_out = static_cast<uInt>(text.size());
  const int result = inflate(&stream, Z_FINISH);
  text.resize(stream.total_out);
  inflateEnd(&stream);
  REQUIRE(result == Z_STREAM_END);
  REQUIRE(stream.avail_in == 0);
  return text;
}

std::string unbrotli(const std::string& coded) {
  std::string text(2'000'000, '\0');
  std::size_t bytes = text.size();
  REQUIRE(BrotliDecoderDecompress(coded.size(), reinterpret_cast<const std::uint8_t*>(coded.data()), &bytes,
                                  reinterpret_cast<std::uint8_t*>(text.data())) == BROTLI_DECODER_RESULT_SUCCESS);
  text.resize(bytes);
  return text;
}

std::string unzstd(const std::string& coded) {
  std::string text(2'000'000, '\0');
  const std::size_t bytes = ZSTD_decompress(text.data(), text.size(), coded.data(), coded.size());
  REQUIRE(ZSTD_isError(bytes) == 0);
  text.resize(bytes);
  return text;
}

struct Kind {
  const char* name;
  std::unique_ptr<Compressor> (*make)(int level, std::int64_t bytes);
  std::string (*unpack)(const std::string& coded);
  int levels[6];
};

constexpr Kind kKinds[] = {
    {"gzip", make_gzip, ungzip, {1, 2, 3, 6, 7, 9}},
    {"brotli", [](int level, std::int64_t bytes) { return make_brotli(level, 1 << 19, bytes); }, unbrotli, {0, 1, 4, 5, 6, 9}},
    {"zstd", make_zstd, unzstd, {1, 2, 3, 5, 7, 12}},
};

// Words that repeat, and some bytes that do not.
std::string text_of(std::size_t bytes, std::mt19937& chance) {
  std::string text;
  while (text.size() < bytes) {
    if (chance() % 5 == 0) {
      text += static_cast<char>(chance());
    } else {
      text += "word" + std::to_string(chance() % 50) + ' ';
    }
  }
  text.resize(bytes);
  return text;
}

TEST_CASE("what is unpacked is what went in, however it was cut") {
  std::mt19937 chance(11);
  for (const Kind& kind : kKinds) {
    for (const int level : kind.levels) {
      for (const std::size_t bytes : {0u, 1u, 100u, 5'000u, 60'000u, 200'000u}) {
        const std::string text = text_of(bytes, chance);
        for (const bool length_known : {true, false}) {
          CAPTURE(kind.name);
          CAPTURE(level);
          CAPTURE(bytes);
          CAPTURE(length_known);
          const auto compressor = kind.make(level, length_known ? static_cast<std::int64_t>(bytes) : kUnknownLength);
          const std::string coded = filtered(*compressor, text, [&] { return 1 + chance() % 40'000; }, [&] { return 1 + chance() % 20'000; });
          REQUIRE(kind.unpack(coded) == text);
          REQUIRE(compressor->bytes_in() == bytes);
          REQUIRE(compressor->bytes_out() == coded.size());
        }
      }
    }
  }
}

TEST_CASE("a byte at a time") {
  std::mt19937 chance(12);
  const std::string text = text_of(3'000, chance);
  for (const Kind& kind : kKinds) {
    for (const int level : kind.levels) {
      CAPTURE(kind.name);
      CAPTURE(level);
      const auto compressor = kind.make(level, static_cast<std::int64_t>(text.size()));
      REQUIRE(kind.unpack(filtered(*compressor, text, 1, 1)) == text);
    }
  }
}

// ISA-L and libdeflate are there because they are faster; they may not cost many bytes.
TEST_CASE("no level of gzip makes a tenth more of a text than zlib does") {
  std::mt19937 chance(13);
  const std::string text = text_of(100'000, chance);
  for (int level = 1; level <= 9; ++level) {
    CAPTURE(level);
    uLongf zlib_bytes = compressBound(text.size());
    std::string by_zlib(zlib_bytes, '\0');
    REQUIRE(compress2(reinterpret_cast<Bytef*>(by_zlib.data()), &zlib_bytes, reinterpret_cast<const Bytef*>(text.data()), text.size(), level) == Z_OK);
    const auto compressor = make_gzip(level, static_cast<std::int64_t>(text.size()));
    CHECK(filtered(*compressor, text, 32'768, 16'384).size() <= zlib_bytes * 110 / 100);
  }
}

}  // namespace
}  // namespace uringx
