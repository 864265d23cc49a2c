#include "modules/gunzip.h"

#include <fmt/format.h>
#include <zlib.h>

#include <new>

#include "modules/content_coding.h"
#include "modules/encoder_pool.h"
#include "modules/gzip.h"
#include "modules/handler.h"

namespace uringx {
namespace {

constexpr std::uint32_t kAll = kHttpServerLocation;
constexpr int kGzipOnly = 16;  // added to zlib's window bits

constexpr DirectiveRow kRows[] = {
    value_row<&GunzipSettings::enabled>("gunzip", kAll),
    checked_row<BufferSet>("gunzip_buffers", kAll),
};

struct InflateState {
  explicit InflateState(int for_level) : level(for_level) {
    if (inflateInit2(&stream, MAX_WBITS + kGzipOnly) != Z_OK) throw std::bad_alloc();
  }
  ~InflateState() { inflateEnd(&stream); }
  InflateState(const InflateState&) = delete;
  InflateState& operator=(const InflateState&) = delete;

  void reset() { inflateReset(&stream); }

  int level;
  z_stream stream{};
};

// A file may be several members, one after another (RFC 1952 section 2.2).
class Gunzip final : public BodyFilter {
 public:
  explicit Gunzip(const Request& request) : request_(request), state_(0) {}

  Step run(std::span<const char> in, bool last, std::span<char> out) override {
    z_stream& stream = state_.get().stream;
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(in.data()));
    stream.avail_in = static_cast<uInt>(in.size());
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    if (member_ended_ && !in.empty()) {
      member_ended_ = false;
      inflateReset(&stream);
    }
    const int result = member_ended_ ? Z_OK : inflate(&stream, Z_NO_FLUSH);
    Step step{in.size() - stream.avail_in, out.size() - stream.avail_out};
    if (result == Z_STREAM_END) member_ended_ = true;
    const bool is_bad = result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR;
    const bool all_used = last && step.used_bytes == in.size();
    if (all_used && member_ended_) {
      step.state = State::ended;
    } else if (is_bad) {
      log_request(request_, LogLevel::error, fmt::format("inflate() failed: {}, {}", last ? Z_FINISH : Z_NO_FLUSH, result));
      step.state = State::failed;
    } else if (all_used && stream.avail_out != 0) {
      log_request(request_, LogLevel::error, fmt::format("inflate() returned {} on response end", Z_BUF_ERROR));
      step.state = State::failed;
    }
    return step;
  }

 private:
  const Request& request_;
  BorrowedEncoder<InflateState> state_;
  bool member_ended_ = false;
};

void filter_gunzip(Request& request) {
  ResponseHead& response = request.response;
  if (!*request.settings<GunzipSettings>().enabled || !equal_ignore_case(response.content_encoding, "gzip")) return;
  note_variation(request);
  if (quality_of(request, Coding::gzip) != 0) return;
  request.filters.changes.push_back(std::make_unique<Gunzip>(request));
  clear_content_encoding(response);
  response.content_length = kUnknownLength;
  response.accept_ranges = false;
  weaken_etag(request);
}

}  // namespace

const Module kGunzipModule = {.id = ModuleId::gunzip,
                              .name = "gunzip",
                              .rows = kRows,
                              .make_location = make_settings<GunzipSettings>,
                              .header_filter = filter_gunzip};

}  // namespace uringx
