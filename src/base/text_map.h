// TextHash lets unordered containers of std::string be asked with a view, without a copy; TextMap is the map of that kind.
// Values only; owned wherever they stand.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace uringx {

struct TextHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
};

template <typename Value>
using TextMap = std::unordered_map<std::string, Value, TextHash, std::equal_to<>>;

}  // namespace uringx
