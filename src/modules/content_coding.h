// Which content coding an answer gets: of those that the location compresses with, what the client likes best, then what makes
// it smallest. gzip, brotli and zstd share it. Pure, on the request's worker's thread.
#pragma once

#include <fmt/format.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "modules/body_filter.h"
#include "modules/module.h"

namespace uringx {

struct Request;
struct ResponseHead;

// The smallest results first.
enum class Coding : std::uint8_t { brotli, zstd, gzip };
inline constexpr std::size_t kCodings = 3;

// Its name in Accept-Encoding and Content-Encoding.
std::string_view coding_name(Coding coding);

// The quality that the client gives the coding here, in thousandths, 0: it is not to get it.
int quality_of(Request& request, Coding coding);

// A HeaderFilter.
void filter_content_coding(Request& request);

// Other requests for the same URI may get a coding: caches have to know.
bool varies_by_coding(const Request& request);
// Says so in the answer, where gzip_vary is on.
void note_variation(Request& request);

// The body, whatever it is to be now, is not coded any more.
void clear_content_encoding(ResponseHead& response);

// A strong validator holds for the bytes of one coding only (ngx_http_weak_etag).
void weaken_etag(Request& request);

// How much smaller the body became, as $gzip_ratio says it: "3.47"; nullopt when it did not get that coding.
std::optional<std::string_view> coding_ratio(Request& request, Coding coding);

// A BodyFilter that compresses, and counts.
class Compressor : public BodyFilter {
 public:
  Compressor(Coding coding, int level) : coding_(coding), level_(level) {}
  Coding coding() const { return coding_; }
  // What makes the same of the same bytes.
  std::uint32_t variant() const { return static_cast<std::uint32_t>(coding_) << 8 | static_cast<std::uint32_t>(level_); }
  std::uint64_t bytes_in() const { return bytes_in_; }
  std::uint64_t bytes_out() const { return bytes_out_; }
  // It was not asked: what it had made before was sent.
  void count(std::uint64_t bytes_in, std::uint64_t bytes_out) {
    bytes_in_ = bytes_in;
    bytes_out_ = bytes_out;
  }

  Step run(std::span<const char> in, bool last, std::span<char> out) final {
    const Step step = compress(in, last, out);
    bytes_in_ += step.used_bytes;
    bytes_out_ += step.made_bytes;
    return step;
  }

 private:
  // As BodyFilter::run.
  virtual Step compress(std::span<const char> in, bool last, std::span<char> out) = 0;

  Coding coding_;
  int level_;
  std::atomic<std::uint64_t> bytes_in_ = 0;  // asked for while a helper's thread may still be at work
  std::atomic<std::uint64_t> bytes_out_ = 0;
};

// `body_bytes`: of what will come, kUnknownLength when that is open.
std::unique_ptr<Compressor> make_gzip(int level, std::int64_t body_bytes);
std::unique_ptr<Compressor> make_brotli(int level, std::uint64_t window_bytes, std::int64_t body_bytes);
std::unique_ptr<Compressor> make_zstd(int level, std::int64_t body_bytes);

// A number between two bounds: the level of a compressor.
template <auto Member, std::int64_t Least, std::int64_t Most>
Applied apply_level(BuildContext& context, const Directive& directive, Settings& settings) {
  if (auto applied = detail::apply_value<Member>(context, directive, settings); !applied) return applied;
  const std::int64_t level = (*(static_cast<typename detail::MemberOf<decltype(Member)>::Struct&>(settings).*Member)).count;
  if (level >= Least && level <= Most) return {};
  return std::unexpected(Refusal{fmt::format("value must be between {} and {}", Least, Most)});
}

}  // namespace uringx
