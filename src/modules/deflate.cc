// The compressors behind gzip, by level: ISA-L streams the fastest ones, libdeflate takes bodies that are short enough to be
// compressed at once, zlib the rest. What they make of pages is mostly smaller than what zlib does at the same level, and never
// a tenth larger (tests/modules/codings_test.cc).
#include <isa-l/igzip_lib.h>
#include <libdeflate.h>
#include <zlib.h>

#include <algorithm>
#include <cstring>
#include <new>
#include <vector>

#include "http/message.h"
#include "modules/content_coding.h"
#include "modules/encoder_pool.h"

namespace uringx {
namespace {

// So much of a body goes in the larger steps below; of one that turns out to be longer, a turn of the loop does so little that
// those who wait beside it hardly notice.
constexpr std::uint64_t kLongBodyBytesMin = 256 * 1024;

constexpr int kGzipWrapper = 16;  // added to zlib's window bits
constexpr int kWindowBits = 15;
constexpr int kMemoryLevel = 8;

// --- ISA-L: gzip_comp_level 1 and 2 ---

constexpr int kIsalLevelMax = 2;

struct IsalState {
  explicit IsalState(int for_level) : level(for_level), tables(level == 1 ? ISAL_DEF_LVL1_DEFAULT : ISAL_DEF_LVL3_DEFAULT) {}

  void reset() {
    isal_deflate_init(&stream);
    stream.level = level == 1 ? 1 : 3;
    stream.level_buf = tables.data();
    stream.level_buf_size = static_cast<std::uint32_t>(tables.size());
    stream.gzip_flag = IGZIP_GZIP;
  }

  int level;
  std::vector<std::uint8_t> tables;
  isal_zstream stream;
};

class IsalCompressor final : public Compressor {
 public:
  explicit IsalCompressor(int level) : Compressor(Coding::gzip, level), encoder_(level) {}
  // About two nanoseconds a byte; and a page that is compressed in one go needs no state beside that of the next one.
  std::size_t bytes_per_turn() const override { return bytes_in() < kLongBodyBytesMin ? 256 * 1024 : 16 * 1024; }

 private:
  Step compress(std::span<const char> in, bool last, std::span<char> out) override {
    isal_zstream& stream = encoder_.get().stream;
    stream.next_in = reinterpret_cast<std::uint8_t*>(const_cast<char*>(in.data()));
    stream.avail_in = static_cast<std::uint32_t>(in.size());
    stream.next_out = reinterpret_cast<std::uint8_t*>(out.data());
    stream.avail_out = static_cast<std::uint32_t>(out.size());
    stream.end_of_stream = last ? 1 : 0;
    const int result = isal_deflate(&stream);
    const Step step{in.size() - stream.avail_in, out.size() - stream.avail_out,
                    stream.internal_state.state == ZSTATE_END ? State::ended : State::more};
    if (step.state == State::ended) encoder_.give_back();
    return result == COMP_OK ? step : Step{.state = State::failed};
  }

  BorrowedEncoder<IsalState> encoder_;
};

// --- libdeflate: bodies of known length, compressed at once ---

// What takes about a millisecond at the worst.
constexpr std::int64_t whole_body_bytes_max(int level) { return level <= 6 ? 128 * 1024 : 48 * 1024; }

struct LibdeflateState {
  explicit LibdeflateState(int for_level) : level(for_level), compressor(libdeflate_alloc_compressor(for_level)) {
    if (compressor == nullptr) throw std::bad_alloc();
  }
  ~LibdeflateState() { libdeflate_free_compressor(compressor); }
  LibdeflateState(const LibdeflateState&) = delete;
  LibdeflateState& operator=(const LibdeflateState&) = delete;

  void reset() {}  // it remembers nothing

  int level;
  libdeflate_compressor* compressor;
};

class WholeCompressor final : public Compressor {
 public:
  WholeCompressor(int level, std::int64_t body_bytes)
      : Compressor(Coding::gzip, level), encoder_(level) {
    body_.reserve(static_cast<std::size_t>(body_bytes));
  }
  std::size_t bytes_per_turn() const override { return 256 * 1024; }

 private:
  Step compress(std::span<const char> in, bool last, std::span<char> out) override {
    body_.insert(body_.end(), in.begin(), in.end());
    if (!last) return {.used_bytes = in.size()};
    if (result_.empty()) compress_body();
    const std::size_t bytes = std::min(out.size(), result_.size() - given_);
    std::memcpy(out.data(), result_.data() + given_, bytes);
    given_ += bytes;
    return {in.size(), bytes, given_ == result_.size() ? State::ended : State::more};
  }

  void compress_body() {
    libdeflate_compressor* const compressor = encoder_.get().compressor;
    result_.resize(libdeflate_gzip_compress_bound(compressor, body_.size()));
    result_.resize(libdeflate_gzip_compress(compressor, body_.data(), body_.size(), result_.data(), result_.size()));
    encoder_.give_back();
  }

  BorrowedEncoder<LibdeflateState> encoder_;
  std::vector<char> body_;
  std::vector<char> result_;
  std::size_t given_ = 0;
};

// --- zlib: everything else ---

struct ZlibState {
  explicit ZlibState(int for_level) : level(for_level) {
    if (deflateInit2(&stream, level, Z_DEFLATED, kWindowBits + kGzipWrapper, kMemoryLevel, Z_DEFAULT_STRATEGY) != Z_OK) {
      throw std::bad_alloc();
    }
  }
  ~ZlibState() { deflateEnd(&stream); }
  ZlibState(const ZlibState&) = delete;
  ZlibState& operator=(const ZlibState&) = delete;

  void reset() { deflateReset(&stream); }

  int level;
  z_stream stream{};
};

class ZlibCompressor final : public Compressor {
 public:
  explicit ZlibCompressor(int level) : Compressor(Coding::gzip, level), encoder_(level) {}
  // 20 to 40 ns a byte.
  std::size_t bytes_per_turn() const override { return bytes_in() < kLongBodyBytesMin ? 8 * 1024 : 2 * 1024; }

 private:
  Step compress(std::span<const char> in, bool last, std::span<char> out) override {
    z_stream& stream = encoder_.get().stream;
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(in.data()));
    stream.avail_in = static_cast<uInt>(in.size());
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    const int result = deflate(&stream, last ? Z_FINISH : Z_NO_FLUSH);
    const Step step{in.size() - stream.avail_in, out.size() - stream.avail_out,
                    result == Z_STREAM_END ? State::ended : State::more};
    if (step.state == State::ended) encoder_.give_back();
    return result == Z_STREAM_ERROR ? Step{.state = State::failed} : step;
  }

  BorrowedEncoder<ZlibState> encoder_;
};

}  // namespace

std::unique_ptr<Compressor> make_gzip(int level, std::int64_t body_bytes) {
  if (level <= kIsalLevelMax) return std::make_unique<IsalCompressor>(level);
  if (body_bytes != kUnknownLength && body_bytes <= whole_body_bytes_max(level)) {
    return std::make_unique<WholeCompressor>(level, body_bytes);
  }
  return std::make_unique<ZlibCompressor>(level);
}

}  // namespace uringx
