#include "modules/brotli_filter.h"

#include <brotli/encode.h>

#include <algorithm>
#include <bit>
#include <new>

#include "http/message.h"
#include "modules/content_coding.h"
#include "modules/variables.h"

namespace uringx {
namespace {

constexpr std::uint32_t kAll = kHttpServerLocation;
constexpr std::uint64_t kWindowBytesMin = 1024;
constexpr std::uint64_t kWindowBytesMax = 16 * 1024 * 1024;
// From this level on a block of 64 KiB takes more than a millisecond.
constexpr int kLongLevelMin = 5;
constexpr std::uint32_t kBlockBits = 16;

Applied apply_window(BuildContext& context, const Directive& directive, Settings& settings) {
  if (auto applied = detail::apply_value<&BrotliSettings::window>(context, directive, settings); !applied) return applied;
  const std::uint64_t bytes = static_cast<BrotliSettings&>(settings).window->count;
  if (std::has_single_bit(bytes) && bytes >= kWindowBytesMin && bytes <= kWindowBytesMax) return {};
  return std::unexpected(Refusal::directive("must be a power of two between 1k and 16m"));
}

constexpr DirectiveRow kRows[] = {
    value_row<&BrotliSettings::enabled>("brotli", kAll | kLocationIf),
    custom_row<&BrotliSettings::level>("brotli_comp_level", kAll, kTake1, apply_level<&BrotliSettings::level, 0, 11>),
    value_row<&BrotliSettings::min_length>("brotli_min_length", kAll),
    custom_row<&BrotliSettings::window>("brotli_window", kAll, kTake1, apply_window),
    types_row<&BrotliSettings::types>("brotli_types"),
    checked_row<BufferSet>("brotli_buffers", kAll),
};

std::optional<std::string_view> get_ratio(Request& request, std::string_view) { return coding_ratio(request, Coding::brotli); }

constexpr VariableRow kVariables[] = {{"brotli_ratio", get_ratio}};

std::span<const VariableRow> variables() { return kVariables; }

class BrotliCompressor final : public Compressor {
 public:
  BrotliCompressor(int level, std::uint64_t window_bytes, std::int64_t body_bytes)
      : Compressor(Coding::brotli, level), level_(level), state_(BrotliEncoderCreateInstance(nullptr, nullptr, nullptr)) {
    if (state_ == nullptr) throw std::bad_alloc();
    BrotliEncoderSetParameter(state_, BROTLI_PARAM_QUALITY, static_cast<std::uint32_t>(level));
    BrotliEncoderSetParameter(state_, BROTLI_PARAM_MODE, BROTLI_MODE_TEXT);
    BrotliEncoderSetParameter(state_, BROTLI_PARAM_LGBLOCK, kBlockBits);
    // No more memory than the body has use for.
    if (body_bytes != kUnknownLength) {
      const std::uint64_t body = std::bit_ceil(std::max(static_cast<std::uint64_t>(body_bytes), kWindowBytesMin));
      window_bytes = std::min(window_bytes, body);
      BrotliEncoderSetParameter(state_, BROTLI_PARAM_SIZE_HINT, static_cast<std::uint32_t>(std::min<std::int64_t>(body_bytes, 1 << 30)));
    }
    BrotliEncoderSetParameter(state_, BROTLI_PARAM_LGWIN, static_cast<std::uint32_t>(std::countr_zero(window_bytes)));
  }
  ~BrotliCompressor() override { BrotliEncoderDestroyInstance(state_); }

  bool takes_long() const override { return level_ >= kLongLevelMin; }

 private:
  Step compress(std::span<const char> in, bool last, std::span<char> out) override {
    std::size_t in_left = in.size();
    std::size_t out_left = out.size();
    auto* next_in = reinterpret_cast<const std::uint8_t*>(in.data());
    auto* next_out = reinterpret_cast<std::uint8_t*>(out.data());
    const BrotliEncoderOperation operation = last ? BROTLI_OPERATION_FINISH : BROTLI_OPERATION_PROCESS;
    const bool ok = BrotliEncoderCompressStream(state_, operation, &in_left, &next_in, &out_left, &next_out, nullptr) == BROTLI_TRUE;
    if (!ok) throw std::bad_alloc();  // it fails for nothing else
    const State state = BrotliEncoderIsFinished(state_) == BROTLI_TRUE ? State::ended : State::more;
    return {in.size() - in_left, out.size() - out_left, state};
  }

  int level_;
  BrotliEncoderState* state_;
};

}  // namespace

const Module kBrotliModule = {.id = ModuleId::brotli,
                              .name = "brotli_filter",
                              .rows = kRows,
                              .make_location = make_settings<BrotliSettings>,
                              .variables = variables,
                              .header_filter = filter_content_coding};

std::unique_ptr<Compressor> make_brotli(int level, std::uint64_t window_bytes, std::int64_t body_bytes) {
  return std::make_unique<BrotliCompressor>(level, window_bytes, body_bytes);
}

}  // namespace uringx
