#include "modules/address_tables.h"

#include <functional>

namespace uringx {
namespace {

constexpr std::size_t kBlocks = 65536;

// Calls `part` with the part of the range in each block; stops when it returns false.
template <typename Part>
void for_each_block(Ipv4 first, Ipv4 last, Part part) {
  for (Ipv4 high = first >> 16; high <= last >> 16; ++high) {
    const auto start = static_cast<std::uint16_t>(high == first >> 16 ? first & 0xffff : 0);
    const auto end = static_cast<std::uint16_t>(high == last >> 16 ? last & 0xffff : 0xffff);
    if (!part(high, start, end)) return;
  }
}

}  // namespace

RangeTable::Block& RangeTable::block(Ipv4 high) {
  if (blocks_.empty()) blocks_.resize(kBlocks);
  return blocks_[high];
}

RangeTable::Added RangeTable::add(Ipv4 first, Ipv4 last, std::uint32_t value) {
  Added added;
  for_each_block(first, last, [&](Ipv4 high, std::uint16_t start, std::uint16_t end) {
    added.overlap = add_to(block(high), high << 16, {start, end, value}, added.replaced);
    return !added.overlap;
  });
  return added;
}

// From the end, because files list addresses in rising order (ngx_http_geo_add_range).
std::optional<RangeTable::Overlap> RangeTable::add_to(Block& block, Ipv4 block_start, Range range,
                                                      std::vector<std::uint32_t>& replaced) {
  std::size_t i = block.size();
  while (i > 0 && range.end < block[i - 1].start) --i;
  const auto place = block.begin() + static_cast<std::ptrdiff_t>(i);
  if (i == 0 || range.start > block[i - 1].end) {
    block.insert(place, range);
    return std::nullopt;
  }
  Range& other = block[i - 1];
  if (range.start < other.start || range.end > other.end) {
    return Overlap{block_start + other.start, block_start + other.end};
  }
  const Range before{other.start, static_cast<std::uint16_t>(range.start - 1), other.value};
  const Range after{static_cast<std::uint16_t>(range.end + 1), other.end, other.value};
  const bool has_before = range.start > other.start;
  const bool has_after = range.end < other.end;
  if (!has_before && !has_after) {
    replaced.push_back(other.value);
    other.value = range.value;
    return std::nullopt;
  }
  if (!has_before) {
    other = range;
    block.insert(place, after);
  } else if (!has_after) {
    other = before;
    block.insert(place, range);
  } else {
    other = before;
    block.insert(block.insert(place, range) + 1, after);
  }
  return std::nullopt;
}

bool RangeTable::remove(Ipv4 first, Ipv4 last) {
  bool all = true;
  for_each_block(first, last, [&](Ipv4 high, std::uint16_t start, std::uint16_t end) {
    Block& ranges = block(high);
    const auto at = std::find_if(ranges.begin(), ranges.end(),
                                 [&](const Range& range) { return range.start == start && range.end == end; });
    if (at == ranges.end()) {
      all = false;
    } else {
      ranges.erase(at);
    }
    return true;
  });
  return all;
}

Intervals<Ipv4> RangeTable::intervals() const {
  Intervals<Ipv4> row;
  for (std::size_t high = 0; high < blocks_.size(); ++high) {
    const auto start = static_cast<Ipv4>(high << 16);
    for (const Range& range : blocks_[high]) {
      row.append(start + range.start, range.value);
      if (start + range.end != ~Ipv4{0}) row.append(start + range.end + 1, 0);
    }
  }
  return row;
}

}  // namespace uringx
