#include "server/worker.h"

#include <unistd.h>

#include <algorithm>
#include <thread>

#include "server/answer_sender.h"
#include "server/helper_threads.h"

namespace uringx {
namespace {

// Receive buffers: a connection holds one only inside the handler that received it, so this many can be filled between two
// turns before the kernel has to wait (-ENOBUFS). A worker that never had many at once needs no memory for them.
constexpr unsigned kReceiveBuffers = 256;
constexpr unsigned kReceiveBuffersAtFirst = 16;
constexpr unsigned kReceiveBufferBytes = 4096;
constexpr std::uint16_t kReceiveGroup = 0;

// Chunks a connection may hold on average: its exchange, the head received, the answer's head. Address space only.
constexpr std::size_t kChunksPerConnection = 8;

// The same for streams, and how many a connection may have open on average.
constexpr std::size_t kChunksPerHttp2Stream = 3;
constexpr std::size_t kHttp2StreamsPerConnection = 16;

constexpr Clock::duration kWaitMax = std::chrono::seconds(60);

constexpr std::chrono::milliseconds kKeptAgain{1};

// Connections are numbered over all workers ($connection).
std::atomic<std::uint64_t> connection_numbers{0};

}  // namespace

Worker::Worker(std::unique_ptr<Backend> backend, const WorkerOptions& options)
    : options_(options),
      ring_(std::move(backend)),
      chunks_(options.connections_max * (kChunksPerConnection + kChunksPerHttp2Stream * kHttp2StreamsPerConnection)),
      receive_buffers_(ring_.backend(), kReceiveGroup, kReceiveBuffers, kReceiveBufferBytes, kReceiveBuffersAtFirst),
      body_buffers_(options.connections_max),
      open_files_(ring_),
      hot_files_(ring_, timers_, file_systems_, options.hot_files_max),
      turn_reads_(ring_.backend()),
      wall_clock_(ring_.now()),
      lines_(ring_, timers_, options.routes->log_files, *options.error_log),
      exchanges_(chunks_, options.connections_max),
      http2_streams_(chunks_, options.connections_max * kHttp2StreamsPerConnection),
      connections_(chunks_, options.connections_max) {
  for (const ListenSocket& listen : options.routes->listens) listen_texts_.push_back(listen.address.text());
  ring_.on_message(this, message_arrived);
  LineWriter::install(&lines_);
}

Worker::~Worker() {
  LineWriter::install(nullptr);
  for (const HeldConnection& held : kept_) {  // nothing is served any more: this thread may wait
    while (!held.let_go()) std::this_thread::yield();
  }
}

void Worker::run() {
  while (!finished()) run_turn(kWaitMax);
  lines_.write_the_last();
  while (!lines_.idle()) run_turn(kWaitMax);
}

void Worker::run_turn(Clock::duration wait) {
  ring_.wait(wait_time(wait));
  wall_clock_.update(ring_.now());
  hot_files_.start_turn();
  turn_reads_.start_turn();
  const unsigned completions = ring_.dispatch();
  timers_.expire(ring_.now());
  run_deferred();
  close_released();
  // A write costs a kernel thread's wake-up, whatever its length: lines gather until a turn finds nothing else to do, or a
  // connection needs its line in the file.
  if (completions == 0 || lines_.wanted()) lines_.flush();
}

bool Worker::finished() const {
  if (!stopping_ || connections_.count() != 0) return false;
  return std::ranges::all_of(sockets_, [](const auto& socket) { return socket->done(); });
}

Clock::duration Worker::wait_time(Clock::duration wait_max) {
  if (!deferred_.empty() || !released_.empty() || lines_.unwritten()) return Clock::duration::zero();
  return timers_.until_next(ring_.now(), wait_max);
}

void Worker::run_deferred() {
  running_deferred_.swap(deferred_);
  for (const DeferredCall& deferred : running_deferred_) deferred.call(deferred.owner);
  running_deferred_.clear();
}

void Worker::close_released() {
  for (Connection* connection : released_) {
    ring_.close(connection->fd());
    connections_.destroy(connection);
    load_.fetch_sub(1, std::memory_order_relaxed);
    counters_->active.add(-1);
  }
  released_.clear();
}

std::uint64_t Worker::next_connection_number() { return connection_numbers.fetch_add(1, std::memory_order_relaxed) + 1; }

// --- connections ---

void Worker::adopt(int fd, std::size_t listen_index) {
  if (stopped_now_) {
    ring_.close(fd);
    return;
  }
  counters_->accepted.add(1);
  if (connections_.full() && !make_room()) {
    error_log().write(LogLevel::alert, 0, std::to_string(options_.connections_max) + " worker_connections are not enough");
    ring_.close(fd);
    return;
  }
  Connection* const connection = connections_.make(*this, fd, listen_index);
  if (connection == nullptr) {
    error_log().write(LogLevel::alert, 0, "no memory for another connection");
    ring_.close(fd);
    return;
  }
  load_.fetch_add(1, std::memory_order_relaxed);
  counters_->active.add(1);
  counters_->handled.add(1);
  open_.push_back(*connection);
  connection->open();
}

// Closes the connection that has waited longest for a next request (ngx_drain_connections); its place comes free when the
// kernel let go of it, so that this accept is still refused but the next ones are not.
bool Worker::make_room() {
  if (!idle_.empty()) idle_.front().close();
  return false;
}

void Worker::listen_on(int fd, std::size_t listen_index) {
  sockets_.push_back(std::make_unique<AcceptingSocket>(ring_, timers_, error_log(), fd, listen_index,
                                                  AcceptingSocket::Taker{this, take_accepted}));
}

// --- limit_conn ---

void Worker::let_go(const HeldConnections& held) {
  for (const HeldConnection& one : held.all) {
    if (!one.let_go()) kept_.push_back(one);
  }
  if (!kept_.empty() && !kept_timer_.armed()) arm_delay(kept_timer_, kKeptAgain);
}

void Worker::let_go_of_kept() {
  std::erase_if(kept_, [](const HeldConnection& one) { return one.let_go(); });
  if (!kept_.empty()) arm_delay(kept_timer_, kKeptAgain);
}

// --- messages from the main thread and the helper threads ---

void Worker::on_message(std::uint32_t tag, std::int32_t value) {
  if ((tag & kHelperAnswer) != 0) {
    HelperThreads::answered(tag, value);
    return;
  }
  switch (static_cast<WorkerMessage>(std::min(tag, static_cast<std::uint32_t>(WorkerMessage::adopt_first)))) {
    case WorkerMessage::stop_now:
      stop_now();
      break;
    case WorkerMessage::stop_gracefully:
      stop_gracefully();
      break;
    case WorkerMessage::flush_logs:
      lines_.reopen();
      break;
    case WorkerMessage::adopt_first:
      adopt(value, tag - static_cast<std::uint32_t>(WorkerMessage::adopt_first));
      break;
  }
}

void Worker::stop_gracefully() {
  stopping_ = true;
  for (const auto& socket : sockets_) socket->stop();
  open_.for_each([](Connection& connection) { connection.stop_gracefully(); });
}

void Worker::stop_now() {
  stopped_now_ = true;
  stop_gracefully();
  open_.for_each([](Connection& connection) { connection.close(); });
}

}  // namespace uringx
