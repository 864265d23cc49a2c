// SimulatedKernel is the world behind one or more SimulatedBackends: descriptors, sockets, files, pipes, a
// clock that only the test and waiting for the disk advance, and an account of what the real kernel would
// have punished. Owned by a test and outliving its backends; one thread only.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "fault_plan.h"
#include "ring/backend.h"
#include "simulated_files.h"
#include "simulated_socket.h"

namespace uringx {

class SimulatedBackend;

struct SimulatedOpenFile : SimulatedObject {
  using SimulatedObject::SimulatedObject;

  std::shared_ptr<SimulatedInode> inode;
  std::uint64_t flags = 0;
  std::uint64_t position = 0;
};

struct SimulatedPipe {
  static constexpr std::size_t kBytesMax = 65536;

  std::string content;
  bool read_end_open = true;
  bool write_end_open = true;
};

struct SimulatedPipeEnd : SimulatedObject {
  SimulatedPipeEnd(std::shared_ptr<SimulatedPipe> of, bool is_read_end);
  ~SimulatedPipeEnd() override;

  std::shared_ptr<SimulatedPipe> pipe;
  bool read_end;
};

// A ring's own descriptor: where messages go.
struct SimulatedRingObject : SimulatedObject {
  SimulatedRingObject() : SimulatedObject("ring") {}

  SimulatedBackend* backend = nullptr;
};

class SimulatedKernel {
 public:
  // Descriptors count from here, so that a real system call on one of them fails instead of hitting a real
  // descriptor. A number is never used again: whoever uses a closed one is found out.
  static constexpr int kFirstDescriptor = 1 << 20;

  explicit SimulatedKernel(std::uint64_t seed = 1) : random_(seed) {}
  SimulatedKernel(const SimulatedKernel&) = delete;
  SimulatedKernel& operator=(const SimulatedKernel&) = delete;

  // --- what tests set up and ask ---
  FaultPlan faults;
  // what a socket takes before its reader reads
  std::size_t socket_bytes_max = 64 * 1024;
  Clock::duration disk_time = std::chrono::milliseconds(5);            // to bring in a name or a page
  Clock::time_point now() const { return now_; }
  void advance(Clock::duration time) { now_ += time; }
  SimulatedRandom& random() { return random_; }
  SimulatedFiles& files() { return files_; }

  int make_listener();
  // A connection that waits to be accepted.
  SimulatedClient connect(int listener_fd);
  // A connection accepted before: the server's descriptor and the other end.
  std::pair<int, SimulatedClient> connected_socket();
  // The read and the write end.
  std::pair<int, int> make_pipe();
  // Makes a number that is a real descriptor elsewhere (an open log) a simulated file for appending at
  // `path`.
  void adopt(int fd, std::string_view path);

  // What is open and was not made by adopt(), a line each: at the end there must be none.
  std::vector<std::string> open_descriptors() const;
  // What the kernel would have punished, or corrupted silently: there must be none.
  const std::vector<std::string>& misuses() const { return misuses_; }
  // Completions (see FaultPlan::failing_completion) so far.
  std::uint64_t completion_count() const { return completion_count_; }

  // --- what backends do ---
  int install(std::shared_ptr<SimulatedObject> object);
  // nullptr when `fd` is not open, which is misuse.
  std::shared_ptr<SimulatedObject> find(int fd, const char* used_for);
  // 0 or -EBADF, which is misuse.
  int close(int fd);
  void misuse(std::string what) { misuses_.push_back(std::move(what)); }
  // To be asked once for each completion: whether it is the one that has to fail.
  bool completion_fails() { return completion_count_++ == faults.failing_completion; }
  // openat2: a descriptor or -errno.
  int open(const char* path, const open_how& how);

 private:
  struct Descriptor {
    std::shared_ptr<SimulatedObject> object;  // empty: closed
    bool adopted = false;
  };

  Clock::time_point now_ = Clock::time_point() + std::chrono::hours(1000);
  SimulatedRandom random_;
  SimulatedFiles files_;
  std::map<int, Descriptor> descriptors_;
  int next_descriptor_ = kFirstDescriptor;
  unsigned connection_count_ = 0;
  std::uint64_t completion_count_ = 0;
  std::vector<std::string> misuses_;
};

}  // namespace uringx
