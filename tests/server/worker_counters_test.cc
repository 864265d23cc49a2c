#include "server/worker_counters.h"

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace uringx;

TEST_CASE("counts of several workers are summed, and outlive the workers") {
  CounterBoard& board = CounterBoard::shared();
  const ConnectionStatistics before = board.sum();
  WorkerCounters* const first = board.take();
  WorkerCounters* const second = board.take();
  REQUIRE(first != nullptr);
  REQUIRE(second != nullptr);
  CHECK(first != second);
  for (WorkerCounters* worker : {first, second}) {
    worker->accepted.add(3);
    worker->handled.add(2);
    worker->requests.add(5);
    worker->active.add(4);
    worker->reading.add(1);
    worker->writing.add(2);
  }
  first->writing.add(-1);
  ConnectionStatistics now = board.sum();
  CHECK(now.accepted - before.accepted == 6);
  CHECK(now.handled - before.handled == 4);
  CHECK(now.requests - before.requests == 10);
  CHECK(now.active == 8);
  CHECK(now.reading == 2);
  CHECK(now.writing == 3);
  CHECK(now.waiting == 3);

  board.give_back(*first);
  board.give_back(*second);
  now = board.sum();
  CHECK(now.accepted - before.accepted == 6);
  CHECK(now.requests - before.requests == 10);
  CHECK(now.active == 0);
  CHECK(now.waiting == 0);
}

TEST_CASE("a worker process that died leaves its sums and its place") {
  CounterBoard& board = CounterBoard::shared();
  const ConnectionStatistics before = board.sum();
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    WorkerCounters* const slot = board.take();
    if (slot == nullptr) _exit(1);
    slot->accepted.add(7);
    slot->active.add(7);
    _exit(0);
  }
  int status = -1;
  REQUIRE(waitpid(child, &status, 0) == child);
  REQUIRE(status == 0);
  CHECK(board.sum().active == 7);  // nobody noticed yet
  WorkerCounters* const slot = board.take();
  REQUIRE(slot != nullptr);
  CHECK(slot->active.get() == 0);
  CHECK(board.sum().active == 0);
  CHECK(board.sum().accepted - before.accepted == 7);
  board.give_back(*slot);
}
