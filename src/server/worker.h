// Worker is one thread that serves: its ring, its memory, its connections, its logs. Connections never leave it.
// Owned by the worker process (or a test), constructed and used on its own thread only, but for load().
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/chunk_pool.h"
#include "base/intrusive_list.h"
#include "base/slab.h"
#include "config/route_table.h"
#include "modules/limit_conn.h"
#include "ring/buffer_ring.h"
#include "ring/ring.h"
#include "ring/timers.h"
#include "server/body_buffers.h"
#include "server/compressed_bodies.h"
#include "server/connection.h"
#include "server/exchange.h"
#include "server/file_systems.h"
#include "server/hot_files.h"
#include "server/http2_stream.h"
#include "server/line_buffers.h"
#include "server/open_file_cache.h"
#include "server/accepting_socket.h"
#include "server/turn_reads.h"
#include "server/wall_clock.h"
#include "server/worker_counters.h"

namespace uringx {

struct Helpers;

// What the main thread tells a worker through its ring: the tag of the message; its value for `adopt_first` and up is the
// accepted socket, the tag the listen socket's index above adopt_first.
enum class WorkerMessage : std::uint32_t { stop_now, stop_gracefully, flush_logs, adopt_first };

struct WorkerOptions {
  unsigned index = 0;
  std::size_t connections_max = 512;
  std::size_t hot_files_max = 0;  // descriptors that HotFiles may hold; 0: it is off
  std::shared_ptr<const RouteTable> routes;
  const ErrorLog* error_log = nullptr;     // main error log
  HostInfo host_info;
  WorkerCounters* counters = nullptr;      // nullptr: nobody asks
  Helpers* helpers = nullptr;  // shared by all workers
};

class Worker {
 public:
  static constexpr std::size_t kScratchBytes = 64 * 1024;

  Worker(std::unique_ptr<Backend> backend, const WorkerOptions& options);
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  // Serves until stopped and every connection is gone.
  void run();
  // One loop turn, waiting for at most `wait`; for tests that drive the worker step by step.
  void run_turn(Clock::duration wait);
  bool finished() const;

  // Takes over an accepted socket.
  void adopt(int fd, std::size_t listen_index);
  // Accepts on a listening socket of this worker's own (reuseport).
  void listen_on(int fd, std::size_t listen_index);
  // Running requests are finished, idle connections closed, nothing new is accepted.
  void stop_gracefully();
  // Connections are closed as they are.
  void stop_now();
  bool stopping() const { return stopping_; }

  // Connections at the moment; readable from other threads (the acceptor chooses the least loaded worker).
  unsigned load() const { return load_.load(std::memory_order_relaxed); }
  int ring_fd() const { return ring_.fd(); }

  // --- what connections and exchanges use ---
  Ring& ring() { return ring_; }
  Timers& timers() { return timers_; }
  ChunkPool& chunks() { return chunks_; }
  BufferRing& receive_buffers() { return receive_buffers_; }
  BodyBuffers& body_buffers() { return body_buffers_; }
  FileSystems& file_systems() { return file_systems_; }
  OpenFileCache& open_files() { return open_files_; }
  HotFiles& hot_files() { return hot_files_; }
  TurnReads& turn_reads() { return turn_reads_; }
  CompressedBodies& compressed_bodies() { return compressed_bodies_; }
  LineBuffers& lines() { return lines_; }
  Slab<Http1Exchange>& exchanges() { return exchanges_; }
  Slab<Http2Stream>& http2_streams() { return http2_streams_; }
  const WallClock& clock() const { return wall_clock_.now(); }
  const RouteTable& routes() const { return *options_.routes; }
  // The address of RouteTable::listens[index] as nginx prints it.
  const std::string& listen_text(std::size_t index) const { return listen_texts_[index]; }
  const HostInfo& host_info() const { return options_.host_info; }
  const ErrorLog& error_log() const { return *options_.error_log; }
  Helpers& helpers() { return *options_.helpers; }
  void arm(Timer& timer, std::chrono::milliseconds after) { timers_.arm(timer, ring_.now(), after); }
  // For a duration that was reckoned, not configured.
  void arm_delay(Timer& timer, std::chrono::milliseconds after) { timers_.arm_delay(timer, ring_.now(), after); }
  std::uint64_t& boundaries() { return boundaries_; }
  // Memory for bytes on their way through one call; whoever is called may use it too.
  std::span<char> scratch() { return scratch_; }
  WorkerCounters& counters() { return *counters_; }

  // Calls `call(owner)` in the next turn: others come first.
  void defer(void* owner, void (*call)(void* owner)) { deferred_.push_back({owner, call}); }

  // By a request that ends: nobody counts it any more for limit_conn, now or as soon as the zone is free.
  void let_go(const HeldConnections& held);

  // By the connection: it waits for a request (and may be closed for a new one) or no longer does.
  void note_idle(Connection& connection) { idle_.push_back(connection); }
  // By the connection, last of all: it is closed and destroyed at the end of the turn, when nothing of it is on the stack.
  void release_later(Connection& connection) { released_.push_back(&connection); }
  std::uint64_t next_connection_number();

 private:
  struct DeferredCall {
    void* owner;
    void (*call)(void* owner);
  };

  void on_message(std::uint32_t tag, std::int32_t value);
  static void message_arrived(void* owner, std::uint32_t tag, std::int32_t value) {
    static_cast<Worker*>(owner)->on_message(tag, value);
  }
  static void take_accepted(void* owner, int fd, std::size_t listen_index) {
    static_cast<Worker*>(owner)->adopt(fd, listen_index);
  }
  void run_deferred();
  Clock::duration wait_time(Clock::duration wait_max);
  void close_released();
  void let_go_of_kept();
  bool make_room();

  WorkerOptions options_;
  WorkerCounters own_counters_;
  WorkerCounters* counters_ = options_.counters != nullptr ? options_.counters : &own_counters_;
  Ring ring_;
  Timers timers_;
  ChunkPool chunks_;
  BufferRing receive_buffers_;
  BodyBuffers body_buffers_;
  FileSystems file_systems_;
  OpenFileCache open_files_;
  HotFiles hot_files_;
  TurnReads turn_reads_;
  CompressedBodies compressed_bodies_;
  WallClockKeeper wall_clock_;
  LineBuffers lines_;
  Slab<Http1Exchange> exchanges_;
  Slab<Http2Stream> http2_streams_;
  Slab<Connection> connections_;
  IntrusiveList<Connection, ConnectionOfWorker> open_;
  IntrusiveList<Connection, IdleConnection> idle_;
  std::vector<DeferredCall> deferred_;
  std::vector<DeferredCall> running_deferred_;
  std::vector<Connection*> released_;
  std::vector<HeldConnection> kept_;  // others were using their zones
  Timer kept_timer_{this, Timer::calls<&Worker::let_go_of_kept>};
  std::vector<std::unique_ptr<AcceptingSocket>> sockets_;
  std::atomic<unsigned> load_{0};
  std::vector<std::string> listen_texts_;
  std::uint64_t boundaries_ = 0;
  std::vector<char> scratch_ = std::vector<char>(kScratchBytes);
  bool stopping_ = false;
  bool stopped_now_ = false;
};

}  // namespace uringx
