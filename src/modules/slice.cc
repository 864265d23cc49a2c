#include "modules/slice.h"

#include <fmt/format.h>

#include <limits>

#include "http/ascii.h"
#include "modules/variables.h"

namespace uringx {
namespace {

constexpr DirectiveRow kRows[] = {value_row<&SliceSettings::slice>("slice", kHttpServerLocation)};

// Where the one range begins that the client asks for, else 0 (ngx_http_slice_get_start).
std::uint64_t wanted_start(const Request& request) {
  constexpr std::string_view kUnit = "bytes=";
  std::string_view range = request.head.value(KnownField::range);
  if (request.head.find(KnownField::if_range) != nullptr || range.size() <= kUnit.size() ||
      !equal_ignore_case(range.substr(0, kUnit.size()), kUnit) || range.find(',') != std::string_view::npos) {
    return 0;
  }
  range.remove_prefix(kUnit.size());
  while (range.starts_with(' ')) range.remove_prefix(1);
  constexpr std::uint64_t kMost = std::numeric_limits<std::int64_t>::max();
  std::uint64_t start = 0;
  for (; !range.empty() && is_digit(range.front()); range.remove_prefix(1)) {
    const auto digit = static_cast<std::uint64_t>(range.front() - '0');
    if (start > (kMost - digit) / 10) return 0;
    start = start * 10 + digit;
  }
  return start;
}

// Of the first piece; nothing once the answer has begun.
std::optional<std::string_view> slice_range(Request& request, std::string_view) {
  const std::uint64_t bytes = request.settings<SliceSettings>().slice->count;
  if (bytes == 0 || request.response.status != 0) return std::nullopt;
  const std::uint64_t start = wanted_start(request) / bytes * bytes;
  return request.arena.copy(fmt::format("bytes={}-{}", start, static_cast<std::int64_t>(start + bytes - 1)));
}

constexpr VariableRow kVariables[] = {{.name = "slice_range", .get = slice_range, .volatile_ = true}};

std::span<const VariableRow> variables() { return kVariables; }

}  // namespace

const Module kSliceModule = {
    .id = ModuleId::slice, .name = "slice", .rows = kRows, .make_location = make_settings<SliceSettings>, .variables = variables};

}  // namespace uringx
