// geo [$address] $variable {...}: a value chosen by an address (nginx: ngx_http_geo_module.c).
// A Geo belongs to the VariableTable, which asks it the first time a request uses the variable.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/text_map.h"
#include "modules/access.h"
#include "modules/address_tables.h"
#include "modules/forwarded_address.h"
#include "modules/module.h"
#include "modules/variables.h"

namespace uringx {

// geo{} has no settings besides its variable.
struct GeoSettings : Settings {
  static constexpr ModuleId kModule = ModuleId::geo;
};

class Geo final : public VariableSource {
 public:
  // The address is the client's, or the value of that variable.
  explicit Geo(std::optional<std::uint16_t> address_variable) : address_variable_(address_variable) {}

  // One line of the block.
  Applied add(BuildContext& context, const std::vector<std::string>& words);
  // After the last line: from what was read to what is searched.
  void finish();
  bool is_volatile() const { return volatile_; }

  std::optional<std::string_view> value(Request& request) const override;

 private:
  // Gone when the block was read.
  struct Reading {
    NetworkTable<Ipv4> networks;
    NetworkTable<Ipv6> networks6;
    RangeTable ranges;
    TextMap<std::uint32_t> known_values;
    bool has_networks = false;  // a line of the form with networks was read
    std::optional<std::uint32_t> default_range_value;
  };

  Applied add_range(BuildContext& context, const std::vector<std::string>& words);
  Applied add_network(BuildContext& context, const std::vector<std::string>& words);
  void put_network(BuildContext& context, const AddressRange& range, std::uint32_t value, const std::string& text);
  Applied add_proxy(BuildContext& context, const std::string& text);
  std::uint32_t value_number(const std::string& text);

  FoundAddress address(Request& request) const;

  std::unique_ptr<Reading> reading_ = std::make_unique<Reading>();
  std::optional<std::uint16_t> address_variable_;
  bool by_ranges_ = false;
  bool volatile_ = false;
  bool proxy_recursive_ = false;
  std::vector<AddressRange> proxies_;
  std::vector<std::string> values_{std::string()};  // the first is that of no address
  Intervals<Ipv4> intervals_;
  Intervals<Ipv6> intervals6_;
  std::uint32_t default_range_value_ = 0;
};

extern const Module kGeoModule;

}  // namespace uringx
