// What stub_status counts: one slot a worker, in memory that the master and all worker processes share, so that the sums
// outlive a reload. A slot is written by its worker's thread only and read by any: nothing on a request's way is locked.
#pragma once

#include <sys/types.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "modules/request.h"

namespace uringx {

class Count {
 public:
  void add(std::int64_t difference) { value_.store(get() + difference, std::memory_order_relaxed); }
  void clear() { value_.store(0, std::memory_order_relaxed); }
  std::int64_t get() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::int64_t> value_{0};
};

struct alignas(64) WorkerCounters {
  std::atomic<pid_t> owner{0};  // 0: free
  Count accepted;               // also those that found no place
  Count handled;
  Count requests;
  Count active;                 // connections at the moment
  Count reading;                // requests whose head is awaited
  Count writing;                // requests after that
};

class CounterBoard {
 public:
  // Made by the first call: the master's, before it forks.
  static CounterBoard& shared();

  // A slot for the calling process, or nullptr when all are taken. Slots of processes that died come free.
  WorkerCounters* take();
  // What it counted stays in the sums.
  void give_back(WorkerCounters& slot);

  ConnectionStatistics sum() const;

 private:
  void retire(WorkerCounters& slot);

  static constexpr std::size_t kSlots = 1024;
  std::array<WorkerCounters, kSlots> slots_;
  std::atomic<std::int64_t> past_accepted_{0};  // of slots given back
  std::atomic<std::int64_t> past_handled_{0};
  std::atomic<std::int64_t> past_requests_{0};
};

}  // namespace uringx
