// SlowOperations lets only so many operations under way that may each hold a kernel thread of the ring (opening by path, statx,
// reading a file whose server is asked) and keeps the rest for later, in order. The ring has few such threads, and a write to
// a log needs one too: a thousand files on a dead disk would otherwise hold up everyone whose request is logged.
// Part of a Ring, on its thread.
#pragma once

#include <memory>
#include <span>

#include "ring/backend.h"
#include "ring/operation.h"

struct io_uring_sqe;

namespace uringx {

class SlowOperations {
 public:
  // Of BackendOptions::bounded_workers_max.
  static constexpr unsigned kUnderWayMax = 16;
  static constexpr unsigned kMembersMax = 2;

  explicit SlowOperations(Backend& backend);
  ~SlowOperations();

  // Gives the prepared SQEs of `operation` to the backend, now or when others have ended.
  void start(const Operation& operation, std::span<const io_uring_sqe> members);
  // One that was started has ended.
  void ended();
  // Gives it to the backend at once, so that it can be cancelled there. Nothing happens when it does not wait.
  void hurry(const Operation& operation);

 private:
  struct Waiting;
  struct Queue;

  void submit(std::span<const io_uring_sqe> members);

  Backend& backend_;
  unsigned under_way_ = 0;
  std::unique_ptr<Queue> waiting_;
};

}  // namespace uringx
