// The value of a `priority` field (RFC 9218 section 4): pure.
#pragma once

#include <optional>
#include <string_view>

namespace uringx {

struct Priority {
  unsigned urgency = 3;  // 0 is served first, 7 last
  bool incremental = false;

  bool operator==(const Priority&) const = default;
};

// nullopt: it is no dictionary (RFC 8941 section 3.2), or longer in a part than anybody writes one, and counts for nothing.
std::optional<Priority> parse_priority(std::string_view text);

}  // namespace uringx
