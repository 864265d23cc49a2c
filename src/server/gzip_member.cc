#include "server/gzip_member.h"

#include <new>

#include "base/check.h"

namespace uringx {
namespace {

constexpr std::size_t kStepBytes = 16 * 1024;  // compressed at once: a fraction of a millisecond at any level
constexpr int kGzipFormat = 16;                // added to the window's bits: zlib writes gzip's head and checksum

}  // namespace

// ngx_http_log_gzip: the window need not be larger than the text.
GzipMember::GzipMember(int level, std::uint64_t member_bytes) {
  constexpr std::uint64_t kMinLookahead = 262;
  int window_bits = MAX_WBITS;
  int memory_level = MAX_MEM_LEVEL - 1;
  const auto fits = [&] { return member_bytes + kMinLookahead >= std::uint64_t{1} << (window_bits - 1); };
  while (!fits()) {
    --window_bits;
    --memory_level;
  }
  if (deflateInit2(&stream_, level, Z_DEFLATED, window_bits + kGzipFormat, memory_level, Z_DEFAULT_STRATEGY) != Z_OK) {
    throw std::bad_alloc();
  }
}

GzipMember::~GzipMember() { deflateEnd(&stream_); }

void GzipMember::add(std::string_view text) {
  text_ += text;
  text_bytes_ += text.size();
  if (text_.size() >= kStepBytes) compress(Z_NO_FLUSH);
}

void GzipMember::finish(std::string& out) {
  if (text_bytes_ == 0) return;
  compress(Z_FINISH);
  out += compressed_;
  compressed_.clear();
  text_bytes_ = 0;
  deflateReset(&stream_);
}

void GzipMember::compress(int flush) {
  char step[4096];
  stream_.next_in = reinterpret_cast<Bytef*>(text_.data());
  stream_.avail_in = static_cast<uInt>(text_.size());
  int result = Z_OK;
  do {
    stream_.next_out = reinterpret_cast<Bytef*>(step);
    stream_.avail_out = sizeof(step);
    result = deflate(&stream_, flush);
    compressed_.append(step, sizeof(step) - stream_.avail_out);
  } while (stream_.avail_out == 0);
  CHECK(stream_.avail_in == 0 && result != Z_STREAM_ERROR);
  text_.clear();
}

}  // namespace uringx
