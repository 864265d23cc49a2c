// allow and deny: who may ask, by address (ngx_http_access_module).
// Built with the configuration, const afterwards.
#pragma once

#include <array>
#include <cstdint>
#include <expected>
#include <optional>
#include <string_view>
#include <vector>

#include "modules/handler.h"
#include "modules/module.h"

namespace uringx {

// An IPv4 or IPv6 network, or unix sockets. Bytes in network order; `address` has no bits outside `mask`.
struct AddressRange {
  enum class Family : std::uint8_t { ipv4, ipv6, unix_socket } family = Family::ipv4;
  std::array<std::uint8_t, 16> address{};  // ipv4 in the first 4
  std::array<std::uint8_t, 16> mask{};

  bool contains(const std::uint8_t* bytes) const;
};

struct ParsedRange {
  AddressRange range;
  bool low_bits_meaningless = false;  // bits outside the mask were given, and dropped
};

// "10.0.0.0/8", "2001:db8::/32", a single address (ngx_ptocidr); nullopt for what is neither.
std::optional<ParsedRange> parse_address_range(std::string_view text);

struct AccessSettings : Settings {
  static constexpr ModuleId kModule = ModuleId::access;

  struct Rule {
    AddressRange range;
    bool deny = false;
  };
  // In order of writing; the first that matches decides. `all` is one rule of each family.
  Setting<std::vector<Rule>> rules;
};

extern const Module kAccessModule;

inline constexpr std::string_view kForbiddenByRule = "access forbidden by rule";

HandlerResult handle_access(Request& request, HandlerState& state, const HandlerInput& input);

}  // namespace uringx
