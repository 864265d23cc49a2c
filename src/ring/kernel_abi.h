// Kernel interfaces newer than this system's C library and liburing headers, by their numbers; nothing here
// needs them at run time: every use is prepared for a kernel that does not know them (ENOSYS, EINVAL).
#pragma once

#include <cstdint>

namespace uringx::kernel_abi {

// cachestat(2), Linux 6.5: include/uapi/linux/mman.h. The number is the same on every architecture but alpha.
inline constexpr long kCachestatNumber = 451;

struct CachestatRange {
  std::uint64_t offset;
  std::uint64_t bytes;
};

struct Cachestat {
  std::uint64_t cached_pages;
  std::uint64_t dirty_pages;
  std::uint64_t writeback_pages;
  std::uint64_t evicted_pages;
  std::uint64_t recently_evicted_pages;
};

}  // namespace uringx::kernel_abi
