#include "server/helper_threads.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <future>
#include <system_error>
#include <vector>

namespace uringx {
namespace {

constexpr KernelRingOptions kRing{.entries = 8};
constexpr std::chrono::milliseconds kRetryPause(1);

unsigned count_if(bool needed, unsigned count) { return needed ? count : 0; }

}  // namespace

HelperThreads::HelperThreads(unsigned count) {
  if (count == 0) return;
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) throw std::system_error(errno, std::generic_category(), "pipe2()");
  requests_.reset(ends[0]);
  request_to_.reset(ends[1]);
  fcntl(request_to_.get(), F_SETFL, O_NONBLOCK);
  std::promise<int> ready;  // 0 or why there is no ring: it has to be made on its thread
  first_ = std::thread([this, &ready, count] {
    auto backend = make_kernel_backend(kRing);
    if (!backend) return ready.set_value(backend.error().error_number);
    Ring ring(std::move(*backend));
    ready.set_value(0);
    run_first(ring, count - 1);
  });
  if (const int error_number = ready.get_future().get(); error_number != 0) {
    first_.join();
    throw std::system_error(error_number, std::generic_category(), "io_uring_setup()");
  }
}

HelperThreads::~HelperThreads() {
  request_to_.reset();
  if (first_.joinable()) first_.join();
}

bool HelperThreads::start(HelperJob& job, Ring& ring) {
  job.answer_ring_fd_ = ring.fd();
  job.pending_ = true;
  HelperJob* const pointer = &job;
  // Eight bytes into a pipe go whole or not at all (pipe(7)), and at once. Without threads there is no pipe.
  if (write(request_to_.get(), &pointer, sizeof(pointer)) == static_cast<ssize_t>(sizeof(pointer))) return true;
  job.pending_ = false;
  return false;
}

void HelperThreads::answered(std::uint32_t tag, std::int32_t value) {
  const std::uint64_t address = std::uint64_t{tag & ~kHelperAnswer} << 32 | static_cast<std::uint32_t>(value);
  HelperJob& job = *reinterpret_cast<HelperJob*>(address);
  job.pending_ = false;
  job.handler_(job.owner_);
}

HelperJob* HelperThreads::next_job() {
  HelperJob* job = nullptr;
  ssize_t length = 0;
  do {
    length = read(requests_.get(), &job, sizeof(job));
  } while (length < 0 && errno == EINTR);
  return length == static_cast<ssize_t>(sizeof(job)) ? job : nullptr;
}

void HelperThreads::run_first(Ring& ring, unsigned others) {
  HelperJob* const job = next_job();
  if (job == nullptr) return;
  std::vector<std::thread> threads;
  try {
    threads.reserve(others);
    while (threads.size() < others) {
      threads.emplace_back([this] {
        auto backend = make_kernel_backend(kRing);
        if (!backend) return;  // the others have to do
        Ring own_ring(std::move(*backend));
        serve(own_ring, next_job());
      });
    }
  } catch (const std::exception&) {
    // No thread or no memory: what there is has to do.
  }
  serve(ring, job);
  for (std::thread& thread : threads) thread.join();
}

void HelperThreads::serve(Ring& ring, HelperJob* job) {
  struct Delivery {
    void on_delivered(Completion completion) { result = completion.result; }
    // Of a ring that is closed, or whose thread has ended: there is nobody who could be told.
    bool over() const { return result >= 0 || result == -EBADF || result == -EBADFD || result == -EOWNERDEAD; }
    int result = 0;
  } delivery;
  Operation message(&delivery, Operation::calls<&Delivery::on_delivered>);
  for (; job != nullptr; job = next_job()) {
    job->work();
    const auto address = reinterpret_cast<std::uint64_t>(job);
    const int answer_ring_fd = job->answer_ring_fd_;  // the job is the worker's again once the answer arrived
    for (;;) {
      ring.message(message, answer_ring_fd, kHelperAnswer | static_cast<std::uint32_t>(address >> 32),
                   static_cast<std::int32_t>(static_cast<std::uint32_t>(address)));
      while (message.pending()) ring.run_once(std::chrono::seconds(1));
      if (delivery.over()) break;
      std::this_thread::sleep_for(kRetryPause);  // the worker has more completions than memory for them
    }
  }
}

Helpers::Helpers(const UsedModules& used, bool looks_names_up)
    : listings(count_if(contains(used, ModuleId::autoindex) || contains(used, ModuleId::random_index), 2)),
      passwords(count_if(contains(used, ModuleId::auth_basic), 2)),
      paths(count_if(contains(used, ModuleId::realpath_root) || contains(used, ModuleId::disable_symlinks), 4)),
      certificates(count_if(contains(used, ModuleId::ssl), 2)),
      codings(count_if(contains(used, ModuleId::brotli) || contains(used, ModuleId::zstd), 2)),
      names(count_if(looks_names_up, 4)) {}

}  // namespace uringx
