#include "modules/value_parsers.h"

#include <fmt/format.h>

#include <array>
#include <limits>

#include "http/ascii.h"
#include "modules/module.h"

namespace uringx {
namespace {

constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();

// A unit of time; units must come in ascending rank (ngx_parse_time).
struct TimeUnit {
  std::string_view text;
  int rank;
  std::int64_t seconds;  // 0: the millisecond
};
constexpr int kMonthRank = 2;
constexpr std::array<TimeUnit, 9> kTimeUnits{{
    {"y", 1, 60 * 60 * 24 * 365},
    {"M", kMonthRank, 60 * 60 * 24 * 30},
    {"w", 3, 60 * 60 * 24 * 7},
    {"d", 4, 60 * 60 * 24},
    {"h", 5, 60 * 60},
    {"ms", 8, 0},  // before "m", so that it is not taken for minutes
    {"m", 6, 60},
    {"s", 7, 1},
    {" ", 7, 1},
}};

const TimeUnit* unit_at(std::string_view text) {
  for (const TimeUnit& unit : kTimeUnits) {
    if (text.starts_with(unit.text)) return &unit;
  }
  return nullptr;
}

// Adds value * scale to total; nullopt when it does not fit.
std::optional<std::int64_t> add_scaled(std::int64_t total, std::int64_t value, std::int64_t scale) {
  std::int64_t product = 0;
  std::int64_t sum = 0;
  if (__builtin_mul_overflow(value, scale, &product) || __builtin_add_overflow(total, product, &sum))
    return {};
  return sum;
}

// ngx_parse_time, in units of 1/per_second seconds. Milliseconds and years exclude each other: as with nginx,
// "y" and "M" are for whole seconds only.
std::optional<std::int64_t> parse_time(std::string_view text, std::int64_t per_second) {
  const bool whole_seconds = per_second == 1;
  int rank = whole_seconds ? 0 : kMonthRank;
  std::int64_t total = 0;
  std::int64_t value = 0;
  bool valid = false;
  for (std::size_t at = 0; at < text.size();) {
    if (is_digit(text[at])) {
      const auto more = add_scaled(text[at] - '0', value, 10);
      if (!more) return {};
      value = *more;
      valid = true;
      ++at;
      continue;
    }
    const TimeUnit* unit = unit_at(text.substr(at));
    if (unit == nullptr) return {};
    const bool milliseconds = unit->seconds == 0;
    if (rank >= unit->rank || (milliseconds && whole_seconds)) return {};
    rank = unit->rank;
    const auto sum = add_scaled(total, value, milliseconds ? 1 : unit->seconds * per_second);
    if (!sum) return {};
    total = *sum;
    value = 0;
    at += unit->text.size();
    while (at < text.size() && text[at] == ' ') ++at;
  }
  if (!valid) return {};
  return add_scaled(total, value, per_second);
}

// A number with one of the letters of `units`, each 1024 times the one before.
std::optional<std::uint64_t> parse_scaled(std::string_view text, std::string_view units) {
  std::int64_t scale = 1;
  if (!text.empty()) {
    const std::size_t unit = units.find(ascii_lower(text.back()));
    if (unit != std::string_view::npos) {
      scale <<= 10 * (unit + 1);
      text.remove_suffix(1);
    }
  }
  const auto number = parse_number(text);
  if (!number || *number > kMax / scale) return {};
  return static_cast<std::uint64_t>(*number * scale);
}

std::unexpected<Refusal> invalid(std::string message) {
  return std::unexpected(Refusal::directive(std::move(message)));
}

template <typename T, typename Value>
std::expected<T, Refusal> counted(const std::optional<Value>& value) {
  if (!value) return invalid("invalid value");
  return T{*value};
}

}  // namespace

std::optional<std::int64_t> parse_milliseconds(std::string_view text) { return parse_time(text, 1000); }
std::optional<std::int64_t> parse_seconds(std::string_view text) { return parse_time(text, 1); }
std::optional<std::uint64_t> parse_size(std::string_view text) { return parse_scaled(text, "km"); }
std::optional<std::uint64_t> parse_offset(std::string_view text) { return parse_scaled(text, "kmg"); }

std::optional<std::int64_t> parse_number(std::string_view text) {
  if (text.empty()) return {};
  std::int64_t value = 0;
  for (const char c : text) {
    if (!is_digit(c)) return {};
    const auto more = add_scaled(c - '0', value, 10);
    if (!more) return {};
    value = *more;
  }
  return value;
}

std::expected<void, Refusal> check_hash_sizes(std::string_view hash, Number entries_max, Number bucket_bytes,
                                              HashKeys keys) {
  constexpr std::int64_t kCacheLineBytes = 64;
  constexpr std::int64_t kBucketBytesMax = 65536 - kCacheLineBytes;
  const auto refuse = [hash](std::string_view what, std::string_view size, std::int64_t value) {
    return std::unexpected(Refusal{
        .message = fmt::format("could not build {0}, {1} {0}_{2}: {3}", hash, what, size, value),
        .without_place = true});
  };
  if (entries_max.count == 0) return refuse("you should increase", "max_size", 0);
  if (bucket_bytes.count > kBucketBytesMax) {
    // The size that nginx would use: whole lines of the cache, without a look at overflow.
    const std::uint64_t lines_end = static_cast<std::uint64_t>(bucket_bytes.count) + kCacheLineBytes - 1;
    return refuse("too large", "bucket_size",
                  static_cast<std::int64_t>(lines_end / kCacheLineBytes * kCacheLineBytes));
  }
  if (bucket_bytes.count == 0 && keys == HashKeys::some) {
    return refuse("you should increase", "bucket_size", 0);
  }
  return {};
}

std::expected<bool, Refusal> ValueParser<bool>::parse(const Directive& directive) {
  const std::string& word = directive.words[1];
  if (equal_ignore_case(word, "on")) return true;
  if (equal_ignore_case(word, "off")) return false;
  return std::unexpected(Refusal{fmt::format(
      "invalid value \"{}\" in \"{}\" directive, it must be \"on\" or \"off\"", until_nul(word),
      directive.name())});
}

std::expected<Milliseconds, Refusal> ValueParser<Milliseconds>::parse(const Directive& directive) {
  return counted<Milliseconds>(parse_milliseconds(directive.words[1]));
}

std::expected<Seconds, Refusal> ValueParser<Seconds>::parse(const Directive& directive) {
  return counted<Seconds>(parse_seconds(directive.words[1]));
}

std::expected<Bytes, Refusal> ValueParser<Bytes>::parse(const Directive& directive) {
  return counted<Bytes>(parse_size(directive.words[1]));
}

std::expected<Offset, Refusal> ValueParser<Offset>::parse(const Directive& directive) {
  return counted<Offset>(parse_offset(directive.words[1]));
}

std::expected<Number, Refusal> ValueParser<Number>::parse(const Directive& directive) {
  const auto number = parse_number(directive.words[1]);
  if (!number) return invalid("invalid number");
  return Number{*number};
}

std::expected<std::string, Refusal> ValueParser<std::string>::parse(const Directive& directive) {
  return directive.words[1];
}

// ngx_conf_set_bufs_slot: nothing of nothing is no buffer.
std::expected<BufferSet, Refusal> ValueParser<BufferSet>::parse(const Directive& directive) {
  const auto count = parse_number(directive.words[1]);
  const auto bytes_each = parse_size(directive.words[2]);
  if (!count || *count == 0 || *count > std::numeric_limits<std::uint32_t>::max())
    return invalid("invalid value");
  if (!bytes_each || *bytes_each == 0) return invalid("invalid value");
  return BufferSet{static_cast<std::uint32_t>(*count), *bytes_each};
}

}  // namespace uringx
