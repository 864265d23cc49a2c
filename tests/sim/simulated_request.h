// What SimulatedBackend keeps of an SQE and of a group of provided buffers; shared by its two source files
// only.
#pragma once

#include "simulated_backend.h"

namespace uringx {

struct SimulatedBackend::Request {
  io_uring_sqe sqe{};
  std::uint64_t serial = 0;
  std::shared_ptr<SimulatedObject> object;       // of sqe.fd
  std::shared_ptr<SimulatedObject> from_object;  // splice: of splice_fd_in
  std::unique_ptr<Request> link;                 // the next member of the chain
  Clock::time_point ready_at{};                  // nothing happens before
  std::size_t done_bytes = 0;                    // of a send that goes on (MSG_WAITALL)
  // of the memory lent to the kernel, to find out who touches it
  std::uint64_t memory_hash = 0;
  std::uint64_t arrivals_seen = 0;               // by a multishot poll
  bool refused = false;                          // at submission: completes with `refusal`
  std::int32_t refusal = 0;

  std::uint64_t hash_of_memory() const;
};

struct SimulatedBackend::BufferGroup {
  enum class Where : std::uint8_t { nowhere, in_ring, with_user };

  io_uring_buf_ring* ring = nullptr;
  unsigned entries = 0;
  std::uint16_t head = 0;       // the next buffer to take
  std::uint16_t seen_tail = 0;  // returned buffers were looked at up to here
  std::vector<Where> where;     // by buffer id
};

// What the simulation knows of an opcode.
struct SimulatedBackend::OperationRule {
  std::uint8_t opcode;
  const char* name;
  Execute execute;
  bool on_descriptor;  // works on sqe.fd, which must be open when it starts
  bool delayable;      // the kernel may carry it out after others that were submitted later
  bool counts_bytes;   // a result below sqe.len breaks a link
};

}  // namespace uringx
