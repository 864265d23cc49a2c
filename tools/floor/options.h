// What the command line of the floor says: the answer it gives, and the ways of asking the kernel that are to be compared.
#pragma once

#include <cstdint>
#include <string>

namespace floor_bench {

enum class Engine : std::uint8_t { ring, epoll };
enum class TaskRun : std::uint8_t { deferred, cooperative, interrupting };
enum class Receive : std::uint8_t { multishot, once, once_provided };
enum class Send : std::uint8_t { ring, at_once, zero_copy, zero_copy_registered };
enum class Accept : std::uint8_t { by_worker, handed_over, reuseport };

struct Options {
  std::uint16_t port = 0;
  std::size_t body_bytes = 0;
  std::string pid_file;

  Engine engine = Engine::ring;
  TaskRun task_run = TaskRun::deferred;
  bool single_issuer = true;
  bool registered_ring = true;
  bool direct = false;          // connections are slots of the ring's table of files, not descriptors
  bool skip_success = false;    // a send that succeeds has no completion
  bool submit_each = false;     // a system call for each send, not one for all of a turn
  bool poll_first = false;      // a receive waits for bytes before it first looks for them
  bool timeout = false;         // each wait is bounded, as it has to be where there are timers
  bool inherited_nodelay = false;
  bool close = false;           // one request on a connection
  bool ends_by_shutdown = false;  // otherwise by cancelling the receive
  Receive receive = Receive::multishot;
  Send send = Send::ring;
  Accept accept = Accept::by_worker;
  unsigned workers = 1;
};

// Ends the program when the words make no sense.
Options parse_options(int count, char** words);

}  // namespace floor_bench
