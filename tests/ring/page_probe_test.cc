// Whether a file's bytes are in memory: asked in batches on the probe's ring, and one by one without it.
#include "ring/page_probe.h"

#include "eviction.h"
#include "ring_fixture.h"

#include <fcntl.h>
#include <sys/mman.h>

#include <algorithm>

namespace uringx {
namespace {

constexpr std::size_t kPageBytes = 4096;

std::ptrdiff_t pages_in_memory(int fd, std::size_t bytes) {
  void* const mapped = mmap(nullptr, bytes, PROT_READ, MAP_SHARED, fd, 0);
  REQUIRE(mapped != MAP_FAILED);
  std::vector<unsigned char> pages(bytes / kPageBytes);
  REQUIRE(mincore(mapped, bytes, pages.data()) == 0);
  munmap(mapped, bytes);
  return std::ranges::count_if(pages, [](unsigned char page) { return (page & 1) != 0; });
}

constexpr std::size_t kMiB = 1u << 20;
constexpr std::size_t kBytes = 7 * kMiB;  // more than three batches

}  // namespace

TEST_SUITE("ring") {
  TEST_CASE("a probe of a file in memory finds every part of it, and nothing behind its end") {
    const TemporaryFile file(patterned_bytes(kBytes));
    for (const bool with_ring : {true, false}) {
      PageProbe probe(with_ring);
      CHECK(probe.in_memory(file.fd.get(), 0, kBytes));
      CHECK(probe.in_memory(file.fd.get(), 0, 1));
      CHECK(probe.in_memory(file.fd.get(), kBytes - 1, 1));
      CHECK(probe.in_memory(file.fd.get(), 12345, 2 * kMiB));
      CHECK(probe.in_memory(file.fd.get(), 0, 2 * kMiB));
      CHECK_FALSE(probe.in_memory(file.fd.get(), 0, kBytes + 1));
      CHECK_FALSE(probe.in_memory(file.fd.get(), kBytes, 1));
      CHECK_FALSE(probe.in_memory(-1, 0, 1));
      CHECK(probe.has_ring() == with_ring);  // none of it was left unanswered
    }
  }

  TEST_CASE("a probe misses no MiB that is not in memory") {
    const TemporaryFile file(patterned_bytes(kBytes));
    PageProbe with_ring(true);
    PageProbe without(false);
    REQUIRE(posix_fadvise(file.fd.get(), 0, 0, POSIX_FADV_RANDOM) == 0);  // no read-ahead over the gap
    for (PageProbe* const probe : {&with_ring, &without}) {
      for (const std::size_t gone : {std::size_t{0}, 2 * kMiB, 5 * kMiB, 6 * kMiB}) {
        CAPTURE(gone);
        if (!evict(file.fd.get())) {
          MESSAGE("no file system on a disk here: eviction not tried");
          return;
        }
        std::string piece(kMiB, '\0');
        for (std::size_t at = 0; at < kBytes; at += kMiB) {
          if (at != gone) REQUIRE(pread(file.fd.get(), piece.data(), kMiB, static_cast<off_t>(at)) == kMiB);
        }
        if (gone != 0) CHECK(probe->in_memory(file.fd.get(), 0, gone));
        if (gone + kMiB != kBytes) CHECK(probe->in_memory(file.fd.get(), gone + kMiB, kBytes - gone - kMiB));
        CHECK_FALSE(probe->in_memory(file.fd.get(), 0, kBytes));  // once: the question has the kernel begin to read
      }
    }
    CHECK(with_ring.has_ring());
  }

  // An EAGAIN has the kernel bring the page that was asked for.
  TEST_CASE("a probe is not taken in by what its own questions brought into memory") {
    const TemporaryFile file(patterned_bytes(2 * kMiB));
    const int fd = file.fd.get();
    REQUIRE(posix_fadvise(fd, 0, 0, POSIX_FADV_RANDOM) == 0);
    PageProbe probe(true);
    for (const bool ends_are_there : {false, true}) {
      if (!evict(fd)) {
        MESSAGE("no file system on a disk here: eviction not tried");
        return;
      }
      char byte = 0;
      if (ends_are_there) REQUIRE((pread(fd, &byte, 1, 0) == 1 && pread(fd, &byte, 1, 2 * kMiB - 1) == 1));
      const std::ptrdiff_t before = pages_in_memory(fd, 2 * kMiB);
      REQUIRE(before < 16);
      for (int look = 1; look <= 4; ++look) {
        CAPTURE(look);
        CHECK_FALSE(probe.in_memory(fd, 0, 2 * kMiB));
        usleep(20'000);  // what it brought in is there
        if (look == 1 && !ends_are_there) CHECK(pages_in_memory(fd, 2 * kMiB) <= before + 1);
      }
    }
  }
}

}  // namespace uringx
