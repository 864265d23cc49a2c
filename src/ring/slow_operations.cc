#include "ring/slow_operations.h"

#include <liburing.h>

#include <algorithm>
#include <array>
#include <list>
#include <new>

namespace uringx {

struct SlowOperations::Waiting {
  Operation* operation;
  unsigned member_count;
  std::array<io_uring_sqe, kMembersMax> members;

  std::span<const io_uring_sqe> all() const { return {members.data(), member_count}; }
};

// Lists: dropping one takes no memory.
struct SlowOperations::Queues {
  std::list<Waiting> waiting;
  std::list<Waiting> dropped;
};

SlowOperations::SlowOperations(Backend& backend) : backend_(backend), queues_(std::make_unique<Queues>()) {}

SlowOperations::~SlowOperations() = default;

void SlowOperations::start(Operation* operation, std::span<const io_uring_sqe> members) {
  CHECK(members.size() <= kMembersMax);
  if (under_way_ >= kUnderWayMax) {
    try {
      Waiting& last = queues_->waiting.emplace_back(operation, static_cast<unsigned>(members.size()));
      std::ranges::copy(members, last.members.begin());
      return;
    } catch (const std::bad_alloc&) {  // one too many under way is the lesser evil
    }
  }
  submit(members);
}

void SlowOperations::submit(std::span<const io_uring_sqe> members) {
  ++under_way_;
  backend_.reserve(static_cast<unsigned>(members.size()));
  for (const io_uring_sqe& member : members) *backend_.next_sqe() = member;
}

void SlowOperations::ended() {
  --under_way_;
  if (queues_->waiting.empty() || under_way_ >= kUnderWayMax) return;
  submit(queues_->waiting.front().all());
  queues_->waiting.pop_front();
}

bool SlowOperations::drop(const Operation& operation) {
  const auto found = std::ranges::find(queues_->waiting, &operation, &Waiting::operation);
  if (found == queues_->waiting.end()) return false;
  queues_->dropped.splice(queues_->dropped.end(), queues_->waiting, found);
  return true;
}

Operation* SlowOperations::take_dropped() {
  if (queues_->dropped.empty()) return nullptr;
  Operation* const operation = queues_->dropped.front().operation;
  queues_->dropped.pop_front();
  return operation;
}

bool SlowOperations::any_dropped() const { return !queues_->dropped.empty(); }

void SlowOperations::start_all() {
  for (const Waiting& waiting : queues_->waiting) submit(waiting.all());
  queues_->waiting.clear();
}

}  // namespace uringx
