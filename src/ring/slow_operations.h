// SlowOperations lets only so many operations under way that may each hold a kernel thread of the ring (opening a file to serve by
// its path, statx, reading and closing a file whose server is asked) and keeps the rest for later, in order. The ring has few
// such threads, and a write to a log needs one too: a thousand files on a dead disk would otherwise hold up everyone whose
// request is logged. Part of a Ring, on its thread.
#pragma once

#include <memory>
#include <span>

#include "ring/backend.h"
#include "ring/operation.h"

struct io_uring_sqe;

namespace uringx {

class SlowOperations {
 public:
  static constexpr unsigned kUnderWayMax = 16;
  static constexpr unsigned kMembersMax = 2;

  explicit SlowOperations(Backend& backend);
  ~SlowOperations();

  // Gives the prepared SQEs of `operation` (nullptr: nobody is told) to the backend, now or when others have ended.
  void start(Operation* operation, std::span<const io_uring_sqe> members);
  // One that the backend was given has ended.
  void ended();
  // Cancelled: true when it waits, and then take_dropped() gives it. It must not be given to the backend to be cancelled there: a
  // kernel thread could be quicker, and be held.
  bool drop(const Operation& operation);
  // An operation that was dropped, or nullptr.
  Operation* take_dropped();
  bool any_dropped() const;
  // Gives all that wait to the backend: the ring goes.
  void start_all();

 private:
  struct Waiting;
  struct Queues;

  void submit(std::span<const io_uring_sqe> members);

  Backend& backend_;
  unsigned under_way_ = 0;
  std::unique_ptr<Queues> queues_;
};

// Some are left for what must not wait.
static_assert(SlowOperations::kUnderWayMax < KernelRingOptions{}.bounded_workers_max);

}  // namespace uringx
