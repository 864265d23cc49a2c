// What the simulation's tests share: the seed, and a ring over a simulated kernel.
// Include it after everything that uses base/check.h: from here on CHECK is doctest's.
#pragma once

#include <fcntl.h>
#include <linux/openat2.h>

#include <cerrno>
#include <cstdint>
#include <memory>
#include <string>

#include "ring/ring.h"
#include "simulated_backend.h"
#include "simulated_kernel.h"
#include "tests/ring/recorders.h"

#undef CHECK
#include <doctest/doctest.h>

namespace uringx {

// URINGX_SIM_SEED, or a fixed one, so that a run without it is the same everywhere.
std::uint64_t simulation_seed();

struct SimulatedRing {
  explicit SimulatedRing(std::uint64_t seed = 1, unsigned entries = 256)
      : kernel(seed), ring(make_backend(entries)) {}

  // Turns the loop until nothing happens by itself any more, not even after `wait` of virtual time.
  void settle(Clock::duration wait = std::chrono::seconds(1)) {
    for (int turn = 0; turn < 10000; ++turn) {
      if (ring.run_once(wait) == 0) return;
    }
    FAIL("the ring does not come to rest");
  }

  SimulatedKernel kernel;
  SimulatedBackend* backend = nullptr;  // of `ring`
  Ring ring;

 private:
  std::unique_ptr<Backend> make_backend(unsigned entries) {
    auto made = std::make_unique<SimulatedBackend>(kernel, entries);
    backend = made.get();
    return made;
  }
};

// Receives into provided buffers and re-arms when the multishot ended, as a server does.
struct Receiver {
  Receiver(Ring& on, int from, BufferRing& into) : ring(on), fd(from), buffers(into) { arm(); }

  void arm() { ring.receive_multishot(operation, fd, buffers); }
  void on_received(Completion completion) {
    last = completion;
    ++completions;
    if (completion.has_buffer()) {
      text.append(buffers.buffer(completion.buffer_id()).data(), static_cast<std::size_t>(completion.result));
      buffers.give_back(completion.buffer_id());
    }
    const bool over = !completion.has_buffer() && completion.result != -ENOBUFS;
    if (!operation.pending() && !over) arm();
  }

  Ring& ring;
  int fd;
  BufferRing& buffers;
  std::string text;
  Completion last;
  unsigned completions = 0;
  Operation operation{this, Operation::calls<&Receiver::on_received>};
};

inline constexpr open_how kReadOnly{.flags = O_RDONLY | O_CLOEXEC, .mode = 0, .resolve = 0};

inline int open_now(SimulatedRing& sim, const char* path) {
  return sim.ring.backend().open_cached(path, kReadOnly);
}

inline bool any_misuse_contains(const SimulatedKernel& kernel, const char* text) {
  for (const std::string& misuse : kernel.misuses()) {
    if (misuse.find(text) != std::string::npos) return true;
  }
  return false;
}

// The ring's own descriptor is open as long as the ring is.
inline std::size_t open_count(const SimulatedRing& sim) { return sim.kernel.open_descriptors().size() - 1; }

// `size` bytes in which no stretch looks like another; different for every `which`.
std::string patterned_bytes(std::size_t size, std::uint64_t which = 1);

}  // namespace uringx
