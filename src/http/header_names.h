// The request fields the server itself reads, recognised in a few instructions. Stateless; usable on any
// thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "http/ascii.h"

namespace uringx {

// As nginx's ngx_http_headers_in. Everything else is `other` and only reachable by name ($http_...).
enum class KnownField : std::uint8_t {
  other,
  host,
  connection,
  content_length,
  transfer_encoding,
  expect,
  range,
  if_range,
  if_match,
  if_none_match,
  if_modified_since,
  if_unmodified_since,
  user_agent,
  referer,
  cookie,
  authorization,
  upgrade,
  keep_alive,
  accept,
  accept_encoding,
  accept_language,
  content_range,
  content_type,
  te,
  via,
  x_forwarded_for,
  x_real_ip,
  date,
  depth,
  destination,
  overwrite,
  count
};

inline constexpr std::size_t kKnownFieldCount = static_cast<std::size_t>(KnownField::count);

namespace detail {

struct NameRow {
  std::string_view name;  // lower case
  KnownField field;
};

inline constexpr NameRow kNameRows[] = {
    {"host", KnownField::host},
    {"connection", KnownField::connection},
    {"content-length", KnownField::content_length},
    {"transfer-encoding", KnownField::transfer_encoding},
    {"expect", KnownField::expect},
    {"range", KnownField::range},
    {"if-range", KnownField::if_range},
    {"if-match", KnownField::if_match},
    {"if-none-match", KnownField::if_none_match},
    {"if-modified-since", KnownField::if_modified_since},
    {"if-unmodified-since", KnownField::if_unmodified_since},
    {"user-agent", KnownField::user_agent},
    {"referer", KnownField::referer},
    {"cookie", KnownField::cookie},
    {"authorization", KnownField::authorization},
    {"upgrade", KnownField::upgrade},
    {"keep-alive", KnownField::keep_alive},
    {"accept", KnownField::accept},
    {"accept-encoding", KnownField::accept_encoding},
    {"accept-language", KnownField::accept_language},
    {"content-range", KnownField::content_range},
    {"content-type", KnownField::content_type},
    {"te", KnownField::te},
    {"via", KnownField::via},
    {"x-forwarded-for", KnownField::x_forwarded_for},
    {"x-real-ip", KnownField::x_real_ip},
    {"date", KnownField::date},
    {"depth", KnownField::depth},
    {"destination", KnownField::destination},
    {"overwrite", KnownField::overwrite},
};
static_assert(std::size(kNameRows) + 1 == kKnownFieldCount);

// Length, first and last letter tell all known names apart; a row then needs one comparison.
constexpr std::size_t name_hash(std::string_view name) {
  const auto first = byte_index(ascii_lower(name.front()));
  const auto last = byte_index(ascii_lower(name.back()));
  return (name.size() + first * 3 + last * 5) & 255;
}

inline constexpr std::array<std::uint8_t, 256> kNameSlots = [] {
  std::array<std::uint8_t, 256> slots{};
  for (std::size_t i = 0; i < std::size(kNameRows); ++i) {
    auto& slot = slots[name_hash(kNameRows[i].name)];
    if (slot != 0) throw "two known names share a slot: choose other factors in name_hash";
    slot = static_cast<std::uint8_t>(i + 1);
  }
  return slots;
}();

}  // namespace detail

// Which known field a name (as sent, any case) is.
constexpr KnownField known_field(std::string_view name) {
  if (name.empty()) return KnownField::other;
  const auto slot = detail::kNameSlots[detail::name_hash(name)];
  if (slot == 0) return KnownField::other;
  const auto& row = detail::kNameRows[slot - 1];
  return equal_ignore_case(name, row.name) ? row.field : KnownField::other;
}

// Fields that may stand once only: a second one is answered 400 (ngx_http_process_unique_header_line and
// ngx_http_process_host).
constexpr bool is_single(KnownField field) {
  switch (field) {
    case KnownField::host:
    case KnownField::content_length:
    case KnownField::content_range:
    case KnownField::transfer_encoding:
    case KnownField::expect:
    case KnownField::if_range:
    case KnownField::if_match:
    case KnownField::if_none_match:
    case KnownField::if_modified_since:
    case KnownField::if_unmodified_since:
    case KnownField::authorization: return true;
    case KnownField::other:
    case KnownField::connection:
    case KnownField::range:
    case KnownField::user_agent:
    case KnownField::referer:
    case KnownField::cookie:
    case KnownField::upgrade:
    case KnownField::keep_alive:
    case KnownField::accept:
    case KnownField::accept_encoding:
    case KnownField::accept_language:
    case KnownField::content_type:
    case KnownField::te:
    case KnownField::via:
    case KnownField::x_forwarded_for:
    case KnownField::x_real_ip:
    case KnownField::date:
    case KnownField::depth:
    case KnownField::destination:
    case KnownField::overwrite:
    case KnownField::count: return false;
  }
  return false;
}

}  // namespace uringx
