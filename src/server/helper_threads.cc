#include "server/helper_threads.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <system_error>

#include "base/check.h"

namespace uringx {

HelperThreads::HelperThreads(unsigned count) : count_(count) {
  if (pipe2(request_pipe_, O_CLOEXEC) != 0) throw std::system_error(errno, std::generic_category(), "pipe2()");
  fcntl(request_pipe_[1], F_SETFL, O_NONBLOCK);
}

HelperThreads::~HelperThreads() {
  close(request_pipe_[1]);
  for (std::thread& thread : threads_) thread.join();
  close(request_pipe_[0]);
}

bool HelperThreads::has_threads() {
  std::call_once(started_, [this] {
    threads_.reserve(count_);
    try {
      while (threads_.size() < count_) threads_.emplace_back([this] { run(); });
    } catch (const std::system_error&) {
      // What there is has to do.
    }
  });
  return !threads_.empty();
}

bool HelperThreads::start(HelperJob& job, Ring& ring) {
  if (!has_threads()) return false;
  job.answer_ring_fd_ = ring.fd();
  job.pending_ = true;
  HelperJob* const pointer = &job;
  // Eight bytes into a pipe go whole or not at all (pipe(7)), and at once.
  if (write(request_pipe_[1], &pointer, sizeof(pointer)) == static_cast<ssize_t>(sizeof(pointer))) return true;
  job.pending_ = false;
  return false;
}

void HelperThreads::answered(std::uint32_t tag, std::int32_t value) {
  const std::uint64_t address = std::uint64_t{tag & ~kHelperAnswer} << 32 | static_cast<std::uint32_t>(value);
  HelperJob& job = *reinterpret_cast<HelperJob*>(address);
  job.pending_ = false;
  job.handler_(job.owner_);
}

void HelperThreads::run() {
  auto backend = make_kernel_backend({.entries = 8});
  CHECK(backend);  // the worker process made its rings before
  Ring ring(std::move(*backend));
  struct Delivery {
    void on_delivered(Completion completion) { delivered = completion.result >= 0; }
    bool delivered = false;
  } delivery;
  Operation message(&delivery, Operation::calls<&Delivery::on_delivered>);
  HelperJob* job = nullptr;
  while (read(request_pipe_[0], &job, sizeof(job)) == static_cast<ssize_t>(sizeof(job))) {
    job->work();
    const auto address = reinterpret_cast<std::uint64_t>(job);
    const int answer_ring_fd = job->answer_ring_fd_;  // the job is the worker's again once the answer arrived
    for (delivery.delivered = false; !delivery.delivered;) {
      ring.message(message, answer_ring_fd, kHelperAnswer | static_cast<std::uint32_t>(address >> 32),
                   static_cast<std::int32_t>(static_cast<std::uint32_t>(address)));
      while (message.pending()) ring.run_once(std::chrono::seconds(1));
    }
  }
}

}  // namespace uringx
