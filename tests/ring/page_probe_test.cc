// Whether a file's bytes are in memory: asked in batches on the probe's ring, and one by one without it.
#include "ring/page_probe.h"

#include "eviction.h"
#include "ring_fixture.h"

#include <fcntl.h>

namespace uringx {
namespace {

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
}

}  // namespace uringx
