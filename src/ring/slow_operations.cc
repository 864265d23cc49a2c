#include "ring/slow_operations.h"

#include <liburing.h>

#include <algorithm>
#include <array>
#include <deque>
#include <new>

namespace uringx {

struct SlowOperations::Waiting {
  const Operation* operation;
  unsigned member_count;
  std::array<io_uring_sqe, kMembersMax> members;
};

struct SlowOperations::Queue : std::deque<Waiting> {};

SlowOperations::SlowOperations(Backend& backend) : backend_(backend), waiting_(std::make_unique<Queue>()) {}

SlowOperations::~SlowOperations() = default;

void SlowOperations::start(const Operation& operation, std::span<const io_uring_sqe> members) {
  CHECK(members.size() <= kMembersMax);
  if (under_way_ >= kUnderWayMax) {
    try {
      Waiting& last = waiting_->emplace_back(&operation, static_cast<unsigned>(members.size()));
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
  if (waiting_->empty() || under_way_ >= kUnderWayMax) return;
  const Waiting next = waiting_->front();
  waiting_->pop_front();
  submit({next.members.data(), next.member_count});
}

void SlowOperations::hurry(const Operation& operation) {
  const auto found = std::ranges::find(*waiting_, &operation, &Waiting::operation);
  if (found == waiting_->end()) return;
  const Waiting hurried = *found;
  waiting_->erase(found);
  submit({hurried.members.data(), hurried.member_count});
}

}  // namespace uringx
