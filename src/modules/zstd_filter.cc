#include "modules/zstd_filter.h"

#include <zstd.h>

#include <new>

#include "http/message.h"
#include "modules/content_coding.h"
#include "modules/encoder_pool.h"
#include "modules/variables.h"

namespace uringx {
namespace {

constexpr std::uint32_t kAll = kHttpServerLocation;
// From this level on a block of 128 KiB takes more than a millisecond.
constexpr int kLongLevelMin = 6;

constexpr DirectiveRow kRows[] = {
    value_row<&ZstdSettings::enabled>("zstd", kAll | kLocationIf),
    custom_row<&ZstdSettings::level>("zstd_comp_level", kAll, kTake1, apply_level<&ZstdSettings::level, 1, 22>),
    value_row<&ZstdSettings::min_length>("zstd_min_length", kAll),
    types_row<&ZstdSettings::types>("zstd_types"),
    checked_row<BufferSet>("zstd_buffers", kAll),
};

std::optional<std::string_view> get_ratio(Request& request, std::string_view) { return coding_ratio(request, Coding::zstd); }

constexpr VariableRow kVariables[] = {{"zstd_ratio", get_ratio}};

std::span<const VariableRow> variables() { return kVariables; }

struct ZstdState {
  explicit ZstdState(int for_level) : level(for_level), context(ZSTD_createCCtx()) {
    if (context == nullptr) throw std::bad_alloc();
    ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, level);
  }
  ~ZstdState() { ZSTD_freeCCtx(context); }
  ZstdState(const ZstdState&) = delete;
  ZstdState& operator=(const ZstdState&) = delete;

  void reset() { ZSTD_CCtx_reset(context, ZSTD_reset_session_only); }

  int level;
  ZSTD_CCtx* context;
};

class ZstdCompressor final : public Compressor {
 public:
  ZstdCompressor(int level, std::int64_t body_bytes)
      : Compressor(Coding::zstd, level), encoder_(level, level < kLongLevelMin), body_bytes_(body_bytes) {}

  bool takes_long() const override { return encoder_.level() >= kLongLevelMin; }

 private:
  Step compress(std::span<const char> in, bool last, std::span<char> out) override {
    ZSTD_CCtx* const context = encoder_.get().context;
    if (!begun_ && body_bytes_ != kUnknownLength) {
      ZSTD_CCtx_setPledgedSrcSize(context, static_cast<unsigned long long>(body_bytes_));
    }
    begun_ = true;
    ZSTD_inBuffer input{in.data(), in.size(), 0};
    ZSTD_outBuffer output{out.data(), out.size(), 0};
    const std::size_t left = ZSTD_compressStream2(context, &output, &input, last ? ZSTD_e_end : ZSTD_e_continue);
    if (ZSTD_isError(left) != 0) return {.state = State::failed};  // no memory, or not as long as was announced
    const bool ended = last && left == 0 && input.pos == in.size();
    if (ended) encoder_.give_back();
    return {input.pos, output.pos, ended ? State::ended : State::more};
  }

  BorrowedEncoder<ZstdState> encoder_;
  std::int64_t body_bytes_;
  bool begun_ = false;
};

}  // namespace

const Module kZstdModule = {.id = ModuleId::zstd,
                            .name = "zstd_filter",
                            .rows = kRows,
                            .make_location = make_settings<ZstdSettings>,
                            .variables = variables,
                            .header_filter = filter_content_coding};

std::unique_ptr<Compressor> make_zstd(int level, std::int64_t body_bytes) {
  return std::make_unique<ZstdCompressor>(level, body_bytes);
}

}  // namespace uringx
