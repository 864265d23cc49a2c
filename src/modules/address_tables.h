// What geo{} searches: networks, of which the longest that holds an address counts, and ranges of IPv4 addresses.
// Both are filled while a configuration is read and become Intervals, which are const and searched by halving. A value is
// a number of the caller's; 0 stands for none. Pure.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

namespace uringx {

using Ipv4 = std::uint32_t;
__extension__ typedef unsigned __int128 Ipv6;

// The whole address space as a row of intervals, each with its value.
template <typename Address>
class Intervals {
 public:
  // From `start` on, up to the next start, the value is this one; starts do not fall.
  void append(Address start, std::uint32_t value) {
    if (!starts_.empty() && starts_.back() == start) {
      values_.back() = value;
    } else if (values_.empty() || values_.back() != value) {
      starts_.push_back(start);
      values_.push_back(value);
    }
  }

  std::uint32_t find(Address address) const {
    const auto after = std::upper_bound(starts_.begin(), starts_.end(), address);
    if (after == starts_.begin()) return 0;
    return values_[static_cast<std::size_t>(after - starts_.begin()) - 1];
  }

 private:
  std::vector<Address> starts_;
  std::vector<std::uint32_t> values_;
};

template <typename Address>
class NetworkTable {
 public:
  static constexpr unsigned kBits = 8 * sizeof(Address);

  // `network` has no bits beyond the first `bits`. When it stands already it gets the new value, and the value that its
  // first address had so far is returned: that of a longer network, if one begins there (ngx_http_geo_cidr_add).
  std::optional<std::uint32_t> add(Address network, unsigned bits, std::uint32_t value) {
    const auto [at, is_new] = by_bits_[bits].try_emplace(network, value);
    if (is_new) return std::nullopt;
    const std::uint32_t old = find(network);
    at->second = value;
    return old;
  }

  bool remove(Address network, unsigned bits) { return by_bits_[bits].erase(network) == 1; }

  Intervals<Address> intervals() const {
    struct Network {
      Address first;
      Address last;
      std::uint32_t value;
    };
    std::vector<Network> networks;
    for (unsigned bits = 0; bits <= kBits; ++bits) {
      for (const auto& [network, value] : by_bits_[bits]) networks.push_back({network, network | ~mask(bits), value});
    }
    // The outer of two that begin together comes first.
    std::sort(networks.begin(), networks.end(), [](const Network& a, const Network& b) {
      return a.first != b.first ? a.first < b.first : a.last > b.last;
    });
    Intervals<Address> row;
    std::vector<Network> open;
    const auto close_before = [&](Address first) {
      while (!open.empty() && open.back().last < first) {
        const Address last = open.back().last;
        open.pop_back();
        row.append(last + 1, open.empty() ? 0 : open.back().value);
      }
    };
    for (const Network& network : networks) {
      close_before(network.first);
      row.append(network.first, network.value);
      open.push_back(network);
    }
    close_before(~Address{0});  // what ends with the last address of all needs no end
    return row;
  }

 private:
  struct AddressHash {
    std::size_t operator()(Address address) const {
      std::uint64_t hash = 0;
      for (unsigned shift = 0; shift < kBits; shift += 32) {
        hash = (hash ^ static_cast<std::uint32_t>(address >> shift)) * 0x9e3779b97f4a7c15u;
        hash ^= hash >> 29;
      }
      return hash;
    }
  };

  static Address mask(unsigned bits) { return bits == 0 ? Address{0} : static_cast<Address>(~Address{0} << (kBits - bits)); }

  std::uint32_t find(Address address) const {
    for (unsigned bits = kBits + 1; bits-- > 0;) {
      const auto found = by_bits_[bits].find(address & mask(bits));
      if (found != by_bits_[bits].end()) return found->second;
    }
    return 0;
  }

  std::array<std::unordered_map<Address, std::uint32_t, AddressHash>, kBits + 1> by_bits_;
};

// Ranges, cut as nginx cuts them: at every 65536 addresses. A range inside another one splits it, two that only overlap
// are an error, and one is removed only with its own ends.
class RangeTable {
 public:
  struct Range {
    std::uint16_t start;
    std::uint16_t end;
    std::uint32_t value;
  };

  struct Overlap {
    Ipv4 first;
    Ipv4 last;
  };
  struct Added {
    std::vector<std::uint32_t> replaced;  // the values that this very range, or parts of it, had before
    std::optional<Overlap> overlap;       // refused from there on
  };

  Added add(Ipv4 first, Ipv4 last, std::uint32_t value);
  // False when a part of it did not stand so.
  bool remove(Ipv4 first, Ipv4 last);

  Intervals<Ipv4> intervals() const;

 private:
  using Block = std::vector<Range>;  // sorted, disjoint

  static std::optional<Overlap> add_to(Block& block, Ipv4 block_start, Range range, std::vector<std::uint32_t>& replaced);
  Block& block(Ipv4 address);

  std::vector<Block> blocks_;  // by the upper half of the address; none before the first range
};

}  // namespace uringx
