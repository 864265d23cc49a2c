// HelperThreads carry out what must not run on a worker's thread and what the kernel has no operation for on a ring: listing a
// directory, checking a password.
// A few of them, each for one kind of work, belong to the worker process; workers ask and are answered through their rings, no
// lock is shared. Threads start with the first job, so that a configuration without such work has none.
#pragma once

#include <cstdint>
#include <mutex>
#include <thread>
#include <vector>

#include "ring/ring.h"

namespace uringx {

// One thing to be done; lives in its Exchange until answered. Between start() and the answer the helper's thread owns it.
class HelperJob {
 public:
  using Handler = void (*)(void* owner);
  HelperJob(void* owner, Handler handler) : owner_(owner), handler_(handler) {}
  virtual ~HelperJob() = default;
  HelperJob(const HelperJob&) = delete;
  HelperJob& operator=(const HelperJob&) = delete;

  template <auto Method>
  static void calls(void* owner) {
    invoke(Method, owner);
  }

  bool pending() const { return pending_; }

 protected:
  // On a helper's thread: may wait as long as it must, may not throw.
  virtual void work() = 0;

 private:
  friend class HelperThreads;

  template <typename Owner>
  static void invoke(void (Owner::*method)(), void* owner) {
    (static_cast<Owner*>(owner)->*method)();
  }

  void* owner_;
  Handler handler_;
  int answer_ring_fd_ = -1;
  bool pending_ = false;
};

// Tag bit of the message that carries an answer: the job's address in the other 31 bits and the value.
inline constexpr std::uint32_t kHelperAnswer = std::uint32_t{1} << 31;

class HelperThreads {
 public:
  explicit HelperThreads(unsigned count);
  ~HelperThreads();
  HelperThreads(const HelperThreads&) = delete;
  HelperThreads& operator=(const HelperThreads&) = delete;

  // Does the job's work; its handler is called from the loop of `ring` when the message of the answer arrives there
  // (Worker::on_message hands it to answered()). False when too many wait already, or no thread can be had (EAGAIN).
  bool start(HelperJob& job, Ring& ring);
  static void answered(std::uint32_t tag, std::int32_t value);

 private:
  bool has_threads();
  void run();

  const unsigned count_;
  std::once_flag started_;
  int request_pipe_[2] = {-1, -1};
  std::vector<std::thread> threads_;
};

// What a worker process has of them. Each kind of work has its own: a directory on a dead file server must not stop logins,
// nor a crowd that tries passwords the files of others.
struct Helpers {
  HelperThreads listings{2};
  HelperThreads passwords{2};
  HelperThreads paths{4};
};

}  // namespace uringx
