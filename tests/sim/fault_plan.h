// FaultPlan says what goes wrong in a simulated kernel and how often; SimulatedRandom decides when, from a
// seed. Owned by a SimulatedKernel, changed by the test at any time.
#pragma once

#include <cstdint>
#include <optional>

namespace uringx {

// splitmix64: the same numbers on every machine and library.
class SimulatedRandom {
 public:
  explicit SimulatedRandom(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next() {
    std::uint64_t mixed = (state_ += 0x9e3779b97f4a7c15u);
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9u;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebu;
    return mixed ^ (mixed >> 31);
  }
  // 0 ... limit - 1; limit must not be 0.
  std::uint64_t below(std::uint64_t limit) { return next() % limit; }
  bool occurs(unsigned permille) { return permille > 0 && below(1000) < permille; }

 private:
  std::uint64_t state_;
};

struct FaultPlan {
  // Each in thousandths of the occasions.
  unsigned short_read = 0;        // a read or splice moves less than it could
  unsigned short_send = 0;        // a send moves less than the socket has room for
  unsigned no_buffers = 0;        // -ENOBUFS from a receive with provided buffers
  unsigned too_many_files = 0;    // -EMFILE from accept and open
  unsigned connection_reset = 0;  // the peer resets: -ECONNRESET from receive and send
  unsigned io_error = 0;          // -EIO from open, stat, read, splice; -ENOSPC from write
  unsigned multishot_end = 0;     // a multishot operation ends without a reason, after a good completion
  unsigned delay = 0;             // an operation is carried out up to 50 ms later
  // operations that wait are carried out in another order than they were given
  unsigned reorder = 0;
  unsigned refuse_now = 0;        // -EAGAIN from a call that cannot wait
  unsigned submit_refused = 0;    // -EINTR, -EAGAIN or -EBUSY from submitting; what was to be submitted stays

  // This completion fails, counted from 0 over all operations, chain members, shots and calls that cannot
  // wait; the error is one that the operation can really have.
  std::optional<std::uint64_t> failing_completion;
};

}  // namespace uringx
