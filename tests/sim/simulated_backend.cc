// The ring: submission, links, waiting, completion.

#include "simulated_backend.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/check.h"
#include "simulated_request.h"

namespace uringx {

const SimulatedBackend::OperationRule* SimulatedBackend::rule_of(std::uint8_t opcode) {
  using B = SimulatedBackend;
  static constexpr OperationRule kRules[] = {
      // opcode, name, execute, on_descriptor, delayable, counts_bytes
      {IORING_OP_ACCEPT, "accept", &B::accept, true, true, false},
      {IORING_OP_RECV, "recv", &B::receive, true, true, false},
      {IORING_OP_SEND, "send", &B::send, true, true, false},
      {IORING_OP_SENDMSG, "sendmsg", &B::send, true, true, false},
      {IORING_OP_OPENAT2, "openat2", &B::open, false, true, false},
      {IORING_OP_STATX, "statx", &B::stat, false, true, false},
      {IORING_OP_READ, "read", &B::read, true, true, true},
      {IORING_OP_WRITE, "write", &B::write, true, true, true},
      {IORING_OP_CLOSE, "close", &B::close, false, false, false},
      {IORING_OP_SHUTDOWN, "shutdown", &B::shutdown, true, false, false},
      {IORING_OP_POLL_ADD, "poll_add", &B::poll, true, true, false},
      {IORING_OP_ASYNC_CANCEL, "async_cancel", &B::cancel, false, false, false},
      {IORING_OP_MSG_RING, "msg_ring", &B::message, false, false, false},
      {IORING_OP_SPLICE, "splice", &B::splice, true, true, true},
  };
  for (const OperationRule& rule : kRules) {
    if (rule.opcode == opcode) return &rule;
  }
  return nullptr;
}

SimulatedBackend::SimulatedBackend(SimulatedKernel& kernel, unsigned entries)
    : kernel_(kernel), ring_fd_(kernel.install(ring_object_)), submission_(entries) {
  ring_object_->backend = this;
}

SimulatedBackend::~SimulatedBackend() {
  for (const auto& [serial, request] : waiting_) {
    kernel_.misuse(
        fmt::format("the ring was destroyed while a {} was pending", rule_of(request->sqe.opcode)->name));
  }
  ring_object_->backend = nullptr;
  kernel_.close(ring_fd_);
}

void SimulatedBackend::reserve(unsigned count) {
  CHECK(count <= submission_.size());
  if (submission_.size() - filled_ < count) submit();
  reserved_ = count;
}

io_uring_sqe* SimulatedBackend::next_sqe() {
  CHECK(reserved_ > 0);
  --reserved_;
  io_uring_sqe& sqe = submission_[filled_++];
  sqe = {};
  return &sqe;
}

int SimulatedBackend::submit_and_wait(Clock::duration wait) {
  if (kernel_.random().occurs(kernel_.faults.submit_refused)) {
    constexpr int kErrors[] = {-EINTR, -EAGAIN, -EBUSY};
    return kErrors[kernel_.random().below(std::size(kErrors))];
  }
  submit();
  run_waiting();
  while (completions_.empty() && advance_to_next_event(wait)) run_waiting();
  return completions_.empty() && wait > Clock::duration::zero() ? -ETIME : 0;
}

unsigned SimulatedBackend::reap(std::span<io_uring_cqe> completions) {
  const std::size_t count = std::min(completions.size(), completions_.size());
  for (std::size_t i = 0; i < count; ++i) {
    completions[i] = completions_.front();
    completions_.pop_front();
  }
  return static_cast<unsigned>(count);
}

bool SimulatedBackend::user_data_in_use(std::uint64_t user_data) const {
  for (const auto& [serial, request] : waiting_) {
    for (const Request* member = request.get(); member != nullptr; member = member->link.get()) {
      if (member->sqe.user_data == user_data) return true;
    }
  }
  return std::any_of(completions_.begin(), completions_.end(),
                     [&](const io_uring_cqe& cqe) { return cqe.user_data == user_data; });
}

// As io_submit_sqes: links are gathered first, each chain then starts with its first member.
void SimulatedBackend::submit() {
  constexpr std::uint64_t kLowestAddress = 4096;  // below are values that stand for nobody, many at once
  std::unique_ptr<Request> head;
  Request* last = nullptr;
  const unsigned count = std::exchange(filled_, 0);
  for (unsigned i = 0; i < count; ++i) {
    auto request = std::make_unique<Request>();
    request->sqe = submission_[i];
    const io_uring_sqe& sqe = request->sqe;
    if (rule_of(sqe.opcode) == nullptr) kernel_.misuse(fmt::format("unknown opcode {}", sqe.opcode));
    if (sqe.user_data >= kLowestAddress && user_data_in_use(sqe.user_data)) {
      kernel_.misuse(
          fmt::format("a {} was started while its operation was pending", rule_of(sqe.opcode)->name));
    }
    const bool linked = (sqe.flags & IOSQE_IO_LINK) != 0;
    if (linked && i + 1 == count) kernel_.misuse("a chain was cut in two by a submission");
    if (const auto refusal = refused_at_submission(sqe)) {
      request->refused = true;
      request->refusal = *refusal;
      // The kernel breaks such a chain at its head.
      if (head && !head->refused) {
        head->refused = true;
        head->refusal = -ECANCELED;
      }
    }
    Request* const added = request.get();
    if (last != nullptr) {
      last->link = std::move(request);
    } else {
      head = std::move(request);
    }
    last = linked ? added : nullptr;
    if (!linked) issue(std::move(head));
  }
  if (head) issue(std::move(head));
}

std::optional<std::int32_t> SimulatedBackend::refused_at_submission(const io_uring_sqe& sqe) const {
  if (rule_of(sqe.opcode) == nullptr) return -EINVAL;
  // getname() in io_openat_prep and io_statx_prep.
  const bool named = sqe.opcode == IORING_OP_OPENAT2 || sqe.opcode == IORING_OP_STATX;
  if (named && std::strlen(reinterpret_cast<const char*>(sqe.addr)) >= 4096) return -ENAMETOOLONG;
  return std::nullopt;
}

// Starts a request whose turn it is: descriptors are looked up here, as the kernel does, so that a close that
// follows in the same submission does not take them away.
void SimulatedBackend::issue(std::unique_ptr<Request> request) {
  Request& it = *request;
  it.serial = next_serial_++;
  waiting_[it.serial] = std::move(request);
  if (it.refused) return finish(it, {it.refusal});
  const OperationRule& rule = *rule_of(it.sqe.opcode);
  if (rule.on_descriptor) {
    it.object = kernel_.find(it.sqe.fd, rule.name);
    if (it.sqe.opcode == IORING_OP_SPLICE) it.from_object = kernel_.find(it.sqe.splice_fd_in, rule.name);
    if (!it.object || (it.sqe.opcode == IORING_OP_SPLICE && !it.from_object)) return finish(it, {-EBADF});
  }
  it.memory_hash = it.hash_of_memory();
  it.ready_at = kernel_.now();
  if (!in_memory(it)) it.ready_at += kernel_.disk_time;
  if (rule.delayable && kernel_.random().occurs(kernel_.faults.delay)) {
    it.ready_at += std::chrono::milliseconds(1 + kernel_.random().below(50));
  }
  attempt(it);
}

// Whether it completed; then it is gone.
bool SimulatedBackend::attempt(Request& request) {
  if (request.ready_at > kernel_.now()) return false;
  if (request.memory_hash != request.hash_of_memory()) {
    kernel_.misuse(fmt::format("memory was touched while a {} had it", rule_of(request.sqe.opcode)->name));
    request.memory_hash = request.hash_of_memory();
  }
  const std::optional<Result> result = (this->*rule_of(request.sqe.opcode)->execute)(request);
  if (!result) return false;
  finish(request, *result);
  return true;
}

bool SimulatedBackend::falls_short(const Request& request, std::int32_t value) {
  if (value < 0) return true;
  const io_uring_sqe& sqe = request.sqe;
  if (rule_of(sqe.opcode)->counts_bytes) return static_cast<std::uint32_t>(value) < sqe.len;
  const bool wait_all =
      (sqe.opcode == IORING_OP_SEND || sqe.opcode == IORING_OP_RECV) && (sqe.msg_flags & MSG_WAITALL);
  return wait_all && static_cast<std::uint32_t>(value) < sqe.len;
}

// As io_req_complete and io_fail_links.
void SimulatedBackend::finish(Request& request, Result result) {
  const auto found = waiting_.find(request.serial);
  const std::unique_ptr<Request> owned = std::move(found->second);
  waiting_.erase(found);
  const bool failed = falls_short(request, result.value);
  const bool silent = (request.sqe.flags & IOSQE_CQE_SKIP_SUCCESS) != 0;
  if (failed || !silent) post(request, result);
  std::unique_ptr<Request> link = std::move(request.link);
  if (!link) return;
  if (failed) {
    end_links(std::move(link), silent);
  } else {
    issue(std::move(link));
  }
}

void SimulatedBackend::end_links(std::unique_ptr<Request> link, bool silently) {
  for (; link; link = std::move(link->link)) {
    if (!silently) post(*link, {link->refused ? link->refusal : -ECANCELED});
  }
}

void SimulatedBackend::post(const Request& request, Result result) {
  io_uring_cqe& cqe = completions_.emplace_back();
  cqe.user_data = request.sqe.user_data;
  cqe.res = result.value;
  cqe.flags = result.flags;
}

void SimulatedBackend::run_waiting() {
  std::vector<std::uint64_t> order;
  for (const auto& [serial, request] : waiting_) order.push_back(serial);
  if (order.size() > 1 && kernel_.random().occurs(kernel_.faults.reorder)) {
    for (std::size_t i = order.size() - 1; i > 0; --i)
      std::swap(order[i], order[kernel_.random().below(i + 1)]);
  }
  for (const std::uint64_t serial : order) {
    // One that was tried before it may have cancelled it.
    if (const auto found = waiting_.find(serial); found != waiting_.end()) attempt(*found->second);
  }
}

bool SimulatedBackend::advance_to_next_event(Clock::duration within) {
  auto nearest = Clock::time_point::max();
  for (const auto& [serial, request] : waiting_) {
    if (request->ready_at > kernel_.now()) nearest = std::min(nearest, request->ready_at);
  }
  if (nearest == Clock::time_point::max() || nearest - kernel_.now() > within) return false;
  kernel_.advance(nearest - kernel_.now());
  return true;
}

int SimulatedBackend::register_buffer_ring(io_uring_buf_ring* memory, unsigned entries, std::uint16_t group) {
  if (groups_.contains(group)) return -EEXIST;
  BufferGroup& added = groups_[group];
  added.ring = memory;
  added.entries = entries;
  added.where.resize(65536, BufferGroup::Where::nowhere);
  return 0;
}

int SimulatedBackend::unregister_buffer_ring(std::uint16_t group) {
  return groups_.erase(group) == 1 ? 0 : -EINVAL;
}

unsigned SimulatedBackend::buffers_held(std::uint16_t group) {
  const auto found = groups_.find(group);
  if (found == groups_.end()) return 0;
  observe_returned(found->second);
  const std::vector<BufferGroup::Where>& where = found->second.where;
  return static_cast<unsigned>(std::count(where.begin(), where.end(), BufferGroup::Where::with_user));
}

std::size_t SimulatedBackend::kernel_threads_held() const {
  return static_cast<std::size_t>(std::count_if(waiting_.begin(), waiting_.end(), [](const auto& entry) {
    return entry.second->sqe.opcode == IORING_OP_SPLICE;
  }));
}

}  // namespace uringx
