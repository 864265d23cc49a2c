// What the product calls itself, in one place. Constants only.
#pragma once

#include <string_view>

namespace uringx {

inline constexpr std::string_view kProductName = "uringx";
inline constexpr std::string_view kVersion = "0.1.0";
inline constexpr std::string_view kProductAndVersion = "uringx/0.1.0";

// The nginx whose behaviour and configuration tools that read `-V` may expect.
inline constexpr std::string_view kCompatibleNginxVersion = "1.26.0";

}  // namespace uringx
