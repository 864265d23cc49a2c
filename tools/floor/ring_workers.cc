// The threads of the floor on io_uring, and who accepts for them.
#include <latch>
#include <thread>
#include <vector>

#include "engines.h"
#include "ring_responder.h"

namespace floor_bench {

void respond_on_rings(const Options& options, const Answers& answers) {
  const bool hands_over = options.accept == Accept::handed_over;
  const int shared = options.accept == Accept::reuseport ? -1 : listen_on(options);
  std::vector<int> rings(options.workers);
  std::latch ready(options.workers);
  const auto work = [&](unsigned index, bool on_main_thread) {
    RingResponder responder(options, answers);  // on the thread that uses it, as SINGLE_ISSUER wants it
    rings[index] = responder.ring_fd();
    if (!hands_over) responder.accept_from(shared < 0 ? listen_on(options) : shared);
    ready.arrive_and_wait();
    if (on_main_thread) write_pid_file(options);
    responder.run();
  };
  // The main thread is a worker itself where it has nothing else to do: alone in a process, descriptors are looked up without a count.
  for (unsigned i = hands_over ? 0 : 1; i < options.workers; ++i) std::thread(work, i, false).detach();
  if (!hands_over) work(0, true);

  ready.wait();
  RingResponder acceptor(options, answers);
  acceptor.hand_over_to(rings);
  acceptor.accept_from(shared);
  write_pid_file(options);
  acceptor.run();
}

}  // namespace floor_bench
