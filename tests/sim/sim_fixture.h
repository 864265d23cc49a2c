// What the simulation's tests share: the seed, and a ring over a simulated kernel.
// Include it after everything that uses base/check.h: from here on CHECK is doctest's.
#pragma once

#include <cstdint>
#include <memory>

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

// `size` bytes in which no stretch looks like another; different for every `which`.
std::string patterned_bytes(std::size_t size, std::uint64_t which = 1);

}  // namespace uringx
