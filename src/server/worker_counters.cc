#include "server/worker_counters.h"

#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <new>

namespace uringx {
namespace {

bool is_gone(pid_t pid) { return kill(pid, 0) != 0 && errno == ESRCH; }

std::uint64_t positive(std::int64_t count) { return count > 0 ? static_cast<std::uint64_t>(count) : 0; }

}  // namespace

CounterBoard& CounterBoard::shared() {
  static CounterBoard& board = [] -> CounterBoard& {
    void* const memory = mmap(nullptr, sizeof(CounterBoard), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    // Without shared memory each process counts for itself.
    return memory == MAP_FAILED ? *new CounterBoard : *new (memory) CounterBoard;
  }();
  return board;
}

WorkerCounters* CounterBoard::take() {
  const pid_t self = getpid();
  for (WorkerCounters& slot : slots_) {
    pid_t owner = slot.owner.load();
    if (owner != 0 && (owner == self || !is_gone(owner))) continue;
    if (!slot.owner.compare_exchange_strong(owner, self)) continue;
    if (owner != 0) retire(slot);
    return &slot;
  }
  return nullptr;
}

void CounterBoard::give_back(WorkerCounters& slot) {
  retire(slot);
  slot.owner.store(0);
}

void CounterBoard::retire(WorkerCounters& slot) {
  past_accepted_.fetch_add(slot.accepted.get());
  past_handled_.fetch_add(slot.handled.get());
  past_requests_.fetch_add(slot.requests.get());
  for (Count* count : {&slot.accepted, &slot.handled, &slot.requests, &slot.active, &slot.reading, &slot.writing}) count->clear();
}

ConnectionStatistics CounterBoard::sum() const {
  std::int64_t accepted = past_accepted_.load();
  std::int64_t handled = past_handled_.load();
  std::int64_t requests = past_requests_.load();
  std::int64_t active = 0;
  std::int64_t reading = 0;
  std::int64_t writing = 0;
  for (const WorkerCounters& slot : slots_) {
    accepted += slot.accepted.get();
    handled += slot.handled.get();
    requests += slot.requests.get();
    active += slot.active.get();
    reading += slot.reading.get();
    writing += slot.writing.get();
  }
  return {.accepted = positive(accepted),
          .handled = positive(handled),
          .requests = positive(requests),
          .active = positive(active),
          .reading = positive(reading),
          .writing = positive(writing),
          .waiting = positive(active - reading - writing)};
}

}  // namespace uringx
