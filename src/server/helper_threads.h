// HelperThreads carry out what must not run on a worker's thread and what the kernel has no operation for on a ring: listing a
// directory, checking a password, following the links of a path, finding the addresses of a name.
// A few of them, each for one kind of work, belong to the worker process; workers ask through a pipe and are answered through
// their rings: no worker waits for a lock or starts a thread. One thread of a kind waits from the beginning and starts the
// others when it is first asked; of a kind that the configuration has no use for there is none.
#pragma once

#include <cstdint>
#include <thread>

#include "base/check.h"
#include "base/owned_fd.h"
#include "modules/module.h"
#include "ring/ring.h"

namespace uringx {

// One thing to be done; lives in its Exchange until answered. Between start() and the answer the helper's thread owns it.
class HelperJob {
 public:
  using Handler = void (*)(void* owner);
  HelperJob(void* owner, Handler handler) : owner_(owner), handler_(handler) {}
  virtual ~HelperJob() { CHECK(!pending_); }
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
  // At most `count` threads; 0: nobody will ask. The first one is started here, with its ring: throws
  // std::system_error when it cannot be had.
  explicit HelperThreads(unsigned count);
  // Ends the threads once what was started is done. A worker that ends has waited for its jobs by then; one whose ring is gone
  // is told nothing.
  ~HelperThreads();
  HelperThreads(const HelperThreads&) = delete;
  HelperThreads& operator=(const HelperThreads&) = delete;

  // Does the job's work; its handler is called from the loop of `ring` when the message of the answer arrives there
  // (Worker::on_message hands it to answered()). False when too many wait already (EAGAIN).
  bool start(HelperJob& job, Ring& ring);
  static void answered(std::uint32_t tag, std::int32_t value);

 private:
  // nullptr when all is over.
  HelperJob* next_job();
  void run_first(Ring& ring, unsigned others);
  void serve(Ring& ring, HelperJob* job);

  OwnedFd requests_;    // the pipe's ends: what the threads read,
  OwnedFd request_to_;  // what workers write
  std::thread first_;  // the others are its own
};

// What a worker process has of them. Each kind of work has its own: a directory on a dead file server must not stop logins,
// nor a crowd that tries passwords the files of others.
struct Helpers {
  // `looks_names_up`: some server's ssl_ocsp has a resolver.
  explicit Helpers(const UsedModules& used, bool looks_names_up = false);

  HelperThreads listings;
  HelperThreads passwords;
  HelperThreads paths;
  HelperThreads certificates;
  HelperThreads codings;
  HelperThreads names;
};

}  // namespace uringx
