#include "modules/geo.h"

#include <algorithm>
#include <bit>

#include "http/ascii.h"
#include "modules/build_context.h"

namespace uringx {
namespace {

using Family = AddressRange::Family;

// What nginx takes an address for that it cannot read, and which a range therefore cannot end with.
constexpr Ipv4 kNoAddress = 0xffffffff;
constexpr std::string_view kNoAddressText = "255.255.255.255";

// ngx_inet_addr: nothing between two dots is a zero.
Ipv4 parse_ipv4(std::string_view text) {
  Ipv4 address = 0;
  Ipv4 octet = 0;
  int dots = 0;
  for (const char c : text) {
    if (is_digit(c)) {
      octet = octet * 10 + static_cast<Ipv4>(c - '0');
      if (octet > 255) return kNoAddress;
    } else if (c == '.') {
      address = address << 8 | octet;
      octet = 0;
      ++dots;
    } else {
      return kNoAddress;
    }
  }
  return dots == 3 ? address << 8 | octet : kNoAddress;
}

template <typename Address>
Address number_of(const std::array<std::uint8_t, 16>& bytes) {
  Address number = 0;
  for (std::size_t i = 0; i < sizeof(Address); ++i) number = static_cast<Address>(number << 8 | bytes[i]);
  return number;
}

unsigned bit_count(const AddressRange& range) {
  unsigned bits = 0;
  for (const std::uint8_t byte : range.mask) bits += static_cast<unsigned>(std::popcount(byte));
  return bits;
}

// ngx_http_geo_cidr_value.
std::expected<AddressRange, Refusal> parse_network(BuildContext& context, const std::string& text) {
  if (text == kNoAddressText) {
    AddressRange range;
    std::fill_n(range.address.begin(), 4, std::uint8_t{255});
    std::fill_n(range.mask.begin(), 4, std::uint8_t{255});
    return range;
  }
  const std::optional<ParsedRange> parsed = parse_address_range(text);
  if (!parsed) return std::unexpected(Refusal{"invalid network \"" + text + "\""});
  if (parsed->low_bits_meaningless) context.warn("low address bits of " + text + " are meaningless");
  return parsed->range;
}

// ngx_http_geo_block.
Applied apply_geo(BuildContext& context, const Directive& directive, Settings&) {
  std::optional<std::uint16_t> address_variable;
  if (directive.words.size() == 3) {
    const std::string& word = directive.words[1];
    if (!word.starts_with('$') || word.size() == 1) {
      return std::unexpected(Refusal{"invalid variable name \"" + word + "\""});
    }
    address_variable = context.variables().index_of(std::string_view(word).substr(1));
  }
  const auto name = defined_variable(context, directive.words.back());
  if (!name) return std::unexpected(name.error());

  auto owned = std::make_unique<Geo>(address_variable);
  Geo& geo = *owned;
  const std::uint16_t index = context.variables().define(*name, std::move(owned));
  for (const Directive& line : directive.block) {
    context.at(line);
    if (line.has_block) return std::unexpected(Refusal{"unexpected \"{\""});
    if (Applied added = geo.add(context, line.words); !added) return added;
  }
  geo.finish();
  if (geo.is_volatile()) context.variables().make_volatile(index);
  return {};
}

constexpr DirectiveRow kRows[] = {
    {"geo", kHttp, kTake12 | kBlock, Level::main, apply_geo},
};

}  // namespace

const Module kGeoModule = {.id = ModuleId::geo, .name = "geo", .rows = kRows, .make_main = make_settings<GeoSettings>};

// ngx_http_geo. `include` was carried out by the parser.
Applied Geo::add(BuildContext& context, const std::vector<std::string>& words) {
  if (words.size() == 1 && words[0] == "ranges") {
    if (reading_->has_networks) {
      return std::unexpected(Refusal{"the \"ranges\" directive must be the first directive inside \"geo\" block"});
    }
    by_ranges_ = true;
    return {};
  }
  if (words.size() == 1 && words[0] == "proxy_recursive") {
    proxy_recursive_ = true;
    return {};
  }
  if (words.size() == 1 && words[0] == "volatile") {
    volatile_ = true;
    return {};
  }
  if (words.size() != 2) return std::unexpected(Refusal{"invalid number of the geo parameters"});
  if (words[0] == "proxy") return add_proxy(context, words[1]);
  return by_ranges_ ? add_range(context, words) : add_network(context, words);
}

Applied Geo::add_proxy(BuildContext& context, const std::string& text) {
  auto range = parse_network(context, text);
  if (!range) return std::unexpected(std::move(range.error()));
  proxies_.push_back(*range);
  return {};
}

std::uint32_t Geo::value_number(const std::string& text) {
  const auto [known, is_new] = reading_->known_values.try_emplace(text, static_cast<std::uint32_t>(values_.size()));
  if (is_new) values_.push_back(text);
  return known->second;
}

// ngx_http_geo_range.
Applied Geo::add_range(BuildContext& context, const std::vector<std::string>& words) {
  if (words[0] == "default") {
    std::optional<std::uint32_t>& value = reading_->default_range_value;
    if (value) {
      context.warn("duplicate default geo range value: \"" + words[1] + "\", old value: \"" + values_[*value] + "\"");
    }
    value = value_number(words[1]);
    return {};
  }
  const bool remove = words[0] == "delete";
  const std::string& text = remove ? words[1] : words[0];
  const std::size_t dash = text.find('-');
  const std::string_view view = text;
  const Ipv4 first = dash == std::string::npos ? kNoAddress : parse_ipv4(view.substr(0, dash));
  const Ipv4 last = dash == std::string::npos ? kNoAddress : parse_ipv4(view.substr(dash + 1));
  if (first == kNoAddress || last == kNoAddress || first > last) {
    return std::unexpected(Refusal{"invalid range \"" + text + "\""});
  }
  if (remove) {
    if (!reading_->ranges.remove(first, last)) context.warn("no address range \"" + text + "\" to delete");
    return {};
  }
  const RangeTable::Added added = reading_->ranges.add(first, last, value_number(words[1]));
  for (const std::uint32_t old : added.replaced) {
    context.warn("duplicate range \"" + text + "\", value: \"" + words[1] + "\", old value: \"" + values_[old] + "\"");
  }
  if (!added.overlap) return {};
  const auto dotted = [](Ipv4 address) {
    std::string written;
    for (int shift = 24; shift >= 0; shift -= 8) {
      written += std::to_string(address >> shift & 0xff);
      if (shift > 0) written += '.';
    }
    return written;
  };
  return std::unexpected(Refusal{"range \"" + text + "\" overlaps \"" + dotted(added.overlap->first) + "-" +
                                 dotted(added.overlap->last) + "\""});
}

// ngx_http_geo_cidr.
Applied Geo::add_network(BuildContext& context, const std::vector<std::string>& words) {
  reading_->has_networks = true;
  if (words[0] == "default") {
    const std::uint32_t value = value_number(words[1]);
    put_network(context, {.family = Family::ipv4}, value, words[0]);
    put_network(context, {.family = Family::ipv6}, value, words[0]);
    return {};
  }
  const bool remove = words[0] == "delete";
  const std::string& text = remove ? words[1] : words[0];
  const auto range = parse_network(context, text);
  if (!range) return std::unexpected(range.error());
  if (!remove) {
    put_network(context, *range, value_number(words[1]), text);
    return {};
  }
  const bool removed = range->family == Family::ipv6
                           ? reading_->networks6.remove(number_of<Ipv6>(range->address), bit_count(*range))
                           : reading_->networks.remove(number_of<Ipv4>(range->address), bit_count(*range));
  if (!removed) context.warn("no network \"" + text + "\" to delete");
  return {};
}

void Geo::put_network(BuildContext& context, const AddressRange& range, std::uint32_t value, const std::string& text) {
  const std::optional<std::uint32_t> old =
      range.family == Family::ipv6 ? reading_->networks6.add(number_of<Ipv6>(range.address), bit_count(range), value)
                                   : reading_->networks.add(number_of<Ipv4>(range.address), bit_count(range), value);
  if (!old) return;
  context.warn("duplicate network \"" + text + "\", value: \"" + values_[value] + "\", old value: \"" + values_[*old] + "\"");
}

void Geo::finish() {
  if (by_ranges_) {
    intervals_ = reading_->ranges.intervals();
    default_range_value_ = reading_->default_range_value.value_or(0);
  } else {
    intervals_ = reading_->networks.intervals();
    intervals6_ = reading_->networks6.intervals();
  }
  reading_.reset();
}

// ngx_http_geo_addr; an address that cannot be read, and that of a unix socket, is kNoAddress.
FoundAddress Geo::address(Request& request) const {
  FoundAddress found;
  found.family = Family::ipv4;
  std::fill_n(found.bytes.begin(), 4, std::uint8_t{255});
  if (address_variable_) {
    const auto text = request.variables->current_value(request, *address_variable_);
    if (!text || text->find('/') != std::string_view::npos) return found;
    if (const Ipv4 number = parse_ipv4(*text); number != kNoAddress) {
      for (std::size_t i = 0; i < 4; ++i) found.bytes[i] = static_cast<std::uint8_t>(number >> (24 - 8 * i));
    } else if (const auto parsed = parse_address_range(*text)) {
      found.family = parsed->range.family;
      found.bytes = parsed->range.address;
    } else {
      return found;
    }
  } else if (!request.client->bytes.empty()) {
    found = address_of(*request.client);
  }
  if (!proxies_.empty()) forwarded_address(found, request.head, proxies_, proxy_recursive_);
  return found;
}

// ngx_http_geo_cidr_variable, ngx_http_geo_range_variable.
std::optional<std::string_view> Geo::value(Request& request) const {
  constexpr std::array<std::uint8_t, 12> kMapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  const FoundAddress found = address(request);
  Ipv4 number = kNoAddress;
  if (found.family == Family::ipv4) {
    number = number_of<Ipv4>(found.bytes);
  } else if (found.family == Family::ipv6) {
    if (std::equal(kMapped.begin(), kMapped.end(), found.bytes.begin())) {
      number = static_cast<Ipv4>(number_of<Ipv6>(found.bytes));
    } else if (!by_ranges_) {
      return values_[intervals6_.find(number_of<Ipv6>(found.bytes))];
    }
  }
  const std::uint32_t value = intervals_.find(number);
  return values_[value == 0 ? default_range_value_ : value];
}

}  // namespace uringx
