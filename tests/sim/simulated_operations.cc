// What each opcode does to the simulated sockets and files, and the calls that cannot wait.

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/openat2.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

#include "simulated_backend.h"
#include "simulated_request.h"

namespace uringx {

namespace {

constexpr std::uint64_t kHashStart = 0xcbf29ce484222325;  // FNV-1a

// Of large memory only some bytes, spread over all of it: this runs at every turn for every operation that
// waits.
std::uint64_t hash_bytes(std::uint64_t hash, const char* bytes, std::size_t size) {
  constexpr std::size_t kLooksMax = 1024;
  for (std::size_t i = 0; i < size; i += 1 + size / kLooksMax) {
    hash = (hash ^ static_cast<unsigned char>(bytes[i])) * 0x100000001b3;
  }
  return hash;
}

const char* path_of(const io_uring_sqe& sqe) { return reinterpret_cast<const char*>(sqe.addr); }

}  // namespace

std::uint64_t SimulatedBackend::Request::hash_of_memory() const {
  switch (sqe.opcode) {
    case IORING_OP_RECV:
      if ((sqe.flags & IOSQE_BUFFER_SELECT) != 0) return kHashStart;
      [[fallthrough]];
    case IORING_OP_SEND:
    case IORING_OP_READ:
    case IORING_OP_WRITE:
      return hash_bytes(kHashStart, reinterpret_cast<const char*>(sqe.addr), sqe.len);
    case IORING_OP_SENDMSG: {
      const auto& message = *reinterpret_cast<const msghdr*>(sqe.addr);
      std::uint64_t hash = kHashStart;
      for (std::size_t i = 0; i < message.msg_iovlen; ++i) {
        hash = hash_bytes(hash, static_cast<const char*>(message.msg_iov[i].iov_base),
                          message.msg_iov[i].iov_len);
      }
      return hash;
    }
    default:
      return kHashStart;
  }
}

// Whether the kernel would carry it out without asking the disk.
bool SimulatedBackend::in_memory(const Request& request) const {
  const io_uring_sqe& sqe = request.sqe;
  if (sqe.opcode == IORING_OP_OPENAT2) return kernel_.files().name_cached(path_of(sqe));
  if (sqe.opcode == IORING_OP_STATX)
    return *path_of(sqe) == '\0' || kernel_.files().name_cached(path_of(sqe));
  const auto* file = dynamic_cast<const SimulatedOpenFile*>(
      sqe.opcode == IORING_OP_SPLICE ? request.from_object.get() : request.object.get());
  if (file == nullptr || sqe.opcode == IORING_OP_WRITE) return true;
  return file->inode->cached(sqe.opcode == IORING_OP_SPLICE ? sqe.splice_off_in : sqe.off, sqe.len);
}

std::optional<SimulatedBackend::Result> SimulatedBackend::accept(Request& request) {
  auto* listener = dynamic_cast<SimulatedListener*>(request.object.get());
  if (listener == nullptr) return Result{-ENOTSOCK};
  const bool multishot = (request.sqe.ioprio & IORING_ACCEPT_MULTISHOT) != 0;
  while (!listener->waiting.empty()) {
    if (kernel_.completion_fails() || kernel_.random().occurs(kernel_.faults.too_many_files))
      return Result{-EMFILE};
    auto socket = std::make_shared<SimulatedSocket>(listener->waiting.front(), "accepted socket");
    listener->waiting.pop_front();
    const int fd = kernel_.install(std::move(socket));
    if (!multishot || kernel_.random().occurs(kernel_.faults.multishot_end)) return Result{fd};
    post(request, {fd, IORING_CQE_F_MORE});
  }
  if (listener->shut) return Result{-EINVAL};
  return std::nullopt;
}

std::optional<SimulatedBackend::Result> SimulatedBackend::receive(Request& request) {
  auto* socket = dynamic_cast<SimulatedSocket*>(request.object.get());
  if (socket == nullptr) return Result{-ENOTSOCK};
  if ((request.sqe.flags & IOSQE_BUFFER_SELECT) != 0) return receive_into_provided(request, *socket);
  if (!socket->can_receive()) return std::nullopt;
  if (kernel_.completion_fails() || kernel_.random().occurs(kernel_.faults.connection_reset)) {
    socket->break_connection();
    return Result{-ECONNRESET};
  }
  const std::span<char> into(reinterpret_cast<char*>(request.sqe.addr), request.sqe.len);
  return Result{static_cast<std::int32_t>(socket->receive(into))};
}

std::optional<SimulatedBackend::Result> SimulatedBackend::receive_into_provided(Request& request,
                                                                                SimulatedSocket& socket) {
  const auto found = groups_.find(request.sqe.buf_group);
  const bool multishot = (request.sqe.ioprio & IORING_RECV_MULTISHOT) != 0;
  while (socket.can_receive()) {
    if (kernel_.completion_fails() || kernel_.random().occurs(kernel_.faults.connection_reset)) {
      socket.break_connection();
      return Result{-ECONNRESET};
    }
    if (found == groups_.end()) return Result{-ENOBUFS};
    BufferGroup& group = found->second;
    observe_returned(group);
    if (group.head == group.seen_tail || kernel_.random().occurs(kernel_.faults.no_buffers))
      return Result{-ENOBUFS};
    const io_uring_buf& buffer = group.ring->bufs[group.head & (group.entries - 1)];
    const ssize_t bytes = socket.receive({reinterpret_cast<char*>(buffer.addr), buffer.len});
    if (bytes <= 0) return Result{static_cast<std::int32_t>(bytes)};  // the buffer stays where it is
    ++group.head;
    group.where[buffer.bid] = BufferGroup::Where::with_user;
    Result result{static_cast<std::int32_t>(bytes),
                  IORING_CQE_F_BUFFER | (std::uint32_t{buffer.bid} << IORING_CQE_BUFFER_SHIFT)};
    if (!multishot || kernel_.random().occurs(kernel_.faults.multishot_end)) return result;
    result.flags |= IORING_CQE_F_MORE;
    post(request, result);
  }
  return std::nullopt;
}

void SimulatedBackend::observe_returned(BufferGroup& group) {
  const std::uint16_t tail = __atomic_load_n(&group.ring->tail, __ATOMIC_ACQUIRE);
  for (; group.seen_tail != tail; ++group.seen_tail) {
    const std::uint16_t id = group.ring->bufs[group.seen_tail & (group.entries - 1)].bid;
    if (group.where[id] == BufferGroup::Where::in_ring)
      kernel_.misuse(fmt::format("buffer {} was given back twice", id));
    group.where[id] = BufferGroup::Where::in_ring;
  }
}

std::optional<SimulatedBackend::Result> SimulatedBackend::send(Request& request) {
  auto* socket = dynamic_cast<SimulatedSocket*>(request.object.get());
  if (socket == nullptr) return Result{-ENOTSOCK};
  std::string bytes;
  if (request.sqe.opcode == IORING_OP_SENDMSG) {
    const auto& message = *reinterpret_cast<const msghdr*>(request.sqe.addr);
    for (std::size_t i = 0; i < message.msg_iovlen; ++i) {
      bytes.append(static_cast<const char*>(message.msg_iov[i].iov_base), message.msg_iov[i].iov_len);
    }
  } else {
    bytes.assign(reinterpret_cast<const char*>(request.sqe.addr), request.sqe.len);
  }
  const auto flags = static_cast<int>(request.sqe.msg_flags);
  while (socket->can_send()) {
    if (kernel_.completion_fails() || kernel_.random().occurs(kernel_.faults.connection_reset)) {
      socket->break_connection();
      return Result{request.done_bytes > 0 ? static_cast<std::int32_t>(request.done_bytes) : -ECONNRESET};
    }
    std::size_t offered = bytes.size() - request.done_bytes;
    if (offered > 1 && kernel_.random().occurs(kernel_.faults.short_send)) {
      offered = 1 + kernel_.random().below(offered - 1);
    }
    const ssize_t sent = socket->send({bytes.data() + request.done_bytes, offered}, (flags & MSG_MORE) != 0);
    if (sent < 0) {
      return Result{static_cast<std::int32_t>(
          request.done_bytes > 0 ? static_cast<ssize_t>(request.done_bytes) : sent)};
    }
    request.done_bytes += static_cast<std::size_t>(sent);
    if (request.done_bytes == bytes.size() || (flags & MSG_WAITALL) == 0) {
      return Result{static_cast<std::int32_t>(request.done_bytes)};
    }
  }
  return std::nullopt;
}

std::optional<SimulatedBackend::Result> SimulatedBackend::open(Request& request) {
  const auto& how = *reinterpret_cast<const open_how*>(request.sqe.off);
  if (kernel_.completion_fails() || kernel_.random().occurs(kernel_.faults.too_many_files))
    return Result{-EMFILE};
  if (kernel_.random().occurs(kernel_.faults.io_error)) return Result{-EIO};
  return Result{kernel_.open(path_of(request.sqe), how)};
}

std::optional<SimulatedBackend::Result> SimulatedBackend::stat(Request& request) {
  auto& out = *reinterpret_cast<struct statx*>(request.sqe.off);
  if (kernel_.completion_fails() || kernel_.random().occurs(kernel_.faults.io_error)) return Result{-EIO};
  if (*path_of(request.sqe) == '\0') {
    const auto object = kernel_.find(request.sqe.fd, "statx");
    const auto* file = dynamic_cast<const SimulatedOpenFile*>(object.get());
    if (file == nullptr) return Result{-EBADF};
    kernel_.files().describe(*file->inode, out);
    return Result{0};
  }
  const auto inode =
      kernel_.files().look_up(path_of(request.sqe), (request.sqe.statx_flags & AT_SYMLINK_NOFOLLOW) == 0);
  if (!inode) return Result{inode.error()};
  kernel_.files().describe(**inode, out);
  return Result{0};
}

std::optional<SimulatedBackend::Result> SimulatedBackend::read(Request& request) {
  auto* file = dynamic_cast<SimulatedOpenFile*>(request.object.get());
  if (file == nullptr) return Result{-EINVAL};
  if (file->inode->kind == SimulatedInode::Kind::directory) return Result{-EISDIR};
  if (kernel_.completion_fails() || kernel_.random().occurs(kernel_.faults.io_error)) return Result{-EIO};
  const std::string& content = file->inode->content;
  const std::uint64_t offset = std::min<std::uint64_t>(request.sqe.off, content.size());
  std::size_t bytes = std::min<std::size_t>(request.sqe.len, content.size() - offset);
  if (bytes > 1 && kernel_.random().occurs(kernel_.faults.short_read))
    bytes = 1 + kernel_.random().below(bytes - 1);
  std::copy_n(content.data() + offset, bytes, reinterpret_cast<char*>(request.sqe.addr));
  file->inode->cache(offset, bytes);
  return Result{static_cast<std::int32_t>(bytes)};
}

std::optional<SimulatedBackend::Result> SimulatedBackend::write(Request& request) {
  const std::string_view bytes(reinterpret_cast<const char*>(request.sqe.addr), request.sqe.len);
  if (auto* end = dynamic_cast<SimulatedPipeEnd*>(request.object.get())) {
    if (!end->pipe->read_end_open) return Result{-EPIPE};
    const std::size_t taken = std::min(bytes.size(), SimulatedPipe::kBytesMax - end->pipe->content.size());
    if (taken == 0) return std::nullopt;
    end->pipe->content.append(bytes.substr(0, taken));
    return Result{static_cast<std::int32_t>(taken)};
  }
  auto* file = dynamic_cast<SimulatedOpenFile*>(request.object.get());
  if (file == nullptr || (file->flags & O_ACCMODE) == O_RDONLY) return Result{-EBADF};
  if (kernel_.completion_fails() || kernel_.random().occurs(kernel_.faults.io_error)) return Result{-ENOSPC};
  std::string& content = file->inode->content;
  if ((file->flags & O_APPEND) != 0) file->position = content.size();
  if (content.size() < file->position + bytes.size()) content.resize(file->position + bytes.size());
  content.replace(file->position, bytes.size(), bytes);
  file->position += bytes.size();
  return Result{static_cast<std::int32_t>(bytes.size())};
}

std::optional<SimulatedBackend::Result> SimulatedBackend::close(Request& request) {
  // The descriptor is gone also when close reports an error (man close).
  const bool fails = kernel_.completion_fails();
  const int result = kernel_.close(request.sqe.fd);
  return Result{result == 0 && fails ? -EIO : result};
}

std::optional<SimulatedBackend::Result> SimulatedBackend::shutdown(Request& request) {
  auto* socket = dynamic_cast<SimulatedSocket*>(request.object.get());
  if (socket == nullptr) return Result{-ENOTSOCK};
  if (kernel_.completion_fails()) return Result{-ENOTCONN};
  socket->shutdown(static_cast<int>(request.sqe.len));
  return Result{0};
}

unsigned SimulatedBackend::poll_events(const Request& request) const {
  unsigned events = 0;
  if (const auto* socket = dynamic_cast<const SimulatedSocket*>(request.object.get())) {
    if (socket->can_receive()) events |= POLLIN;
    if (socket->can_send()) events |= POLLOUT;
  } else if (const auto* listener = dynamic_cast<const SimulatedListener*>(request.object.get())) {
    if (!listener->waiting.empty()) events |= POLLIN;
  } else if (const auto* end = dynamic_cast<const SimulatedPipeEnd*>(request.object.get())) {
    if (end->read_end && !end->pipe->content.empty()) events |= POLLIN;
    if (!end->read_end && end->pipe->content.size() < SimulatedPipe::kBytesMax) events |= POLLOUT;
    if (end->read_end ? !end->pipe->write_end_open : !end->pipe->read_end_open) events |= POLLHUP;
  }
  return events & (request.sqe.poll32_events | POLLHUP | POLLERR);
}

std::optional<SimulatedBackend::Result> SimulatedBackend::poll(Request& request) {
  const unsigned events = poll_events(request);
  if (events == 0) return std::nullopt;
  const bool multishot = (request.sqe.len & IORING_POLL_ADD_MULTI) != 0;
  const auto* socket = dynamic_cast<const SimulatedSocket*>(request.object.get());
  // A multishot poll tells of changes: the counter starts at one below any the socket can have.
  const std::uint64_t arrivals = socket != nullptr ? socket->arrivals() + 1 : 0;
  if (multishot && socket != nullptr && arrivals == request.arrivals_seen) return std::nullopt;
  if (kernel_.completion_fails()) return Result{-ENOMEM};
  if (!multishot || kernel_.random().occurs(kernel_.faults.multishot_end)) {
    return Result{static_cast<std::int32_t>(events)};
  }
  request.arrivals_seen = arrivals;
  post(request, {static_cast<std::int32_t>(events), IORING_CQE_F_MORE});
  return std::nullopt;
}

std::optional<SimulatedBackend::Result> SimulatedBackend::cancel(Request& request) {
  if (request.sqe.cancel_flags != 0) {
    kernel_.misuse("a cancel by other means than user_data is not simulated");
    return Result{-EINVAL};
  }
  for (const auto& [serial, target] : waiting_) {
    if (target.get() == &request || target->sqe.user_data != request.sqe.addr) continue;
    // What waits for a peer ends at once; what a kernel thread is at (a disk's answer is awaited) goes on to
    // its end.
    const bool under_way = dynamic_cast<SimulatedSocket*>(target->object.get()) == nullptr &&
                           dynamic_cast<SimulatedListener*>(target->object.get()) == nullptr &&
                           target->ready_at > kernel_.now();
    if (under_way) return Result{-EALREADY};
    const bool partly = target->done_bytes > 0;
    finish(*target, {partly ? static_cast<std::int32_t>(target->done_bytes) : -ECANCELED});
    return Result{0};
  }
  return Result{-ENOENT};
}

std::optional<SimulatedBackend::Result> SimulatedBackend::message(Request& request) {
  const auto object = kernel_.find(request.sqe.fd, "msg_ring");
  auto* ring = dynamic_cast<SimulatedRingObject*>(object.get());
  if (ring == nullptr || ring->backend == nullptr) return Result{-EBADFD};
  if (kernel_.completion_fails()) return Result{-EOVERFLOW};
  io_uring_cqe& cqe = ring->backend->completions_.emplace_back();
  cqe.user_data = request.sqe.off;
  cqe.res = static_cast<std::int32_t>(request.sqe.len);
  cqe.flags = 0;
  return Result{0};
}

std::optional<SimulatedBackend::Result> SimulatedBackend::splice(Request& request) {
  const io_uring_sqe& sqe = request.sqe;
  auto* from_file = dynamic_cast<SimulatedOpenFile*>(request.from_object.get());
  auto* from_pipe = dynamic_cast<SimulatedPipeEnd*>(request.from_object.get());
  auto* to_pipe = dynamic_cast<SimulatedPipeEnd*>(request.object.get());
  auto* to_socket = dynamic_cast<SimulatedSocket*>(request.object.get());
  const bool fill = from_file != nullptr && to_pipe != nullptr;
  const bool drain = from_pipe != nullptr && to_socket != nullptr;
  if (!fill && !drain) return Result{-EINVAL};

  std::string& content = fill ? from_file->inode->content : from_pipe->pipe->content;
  const std::size_t offset = fill ? std::min<std::uint64_t>(sqe.splice_off_in, content.size()) : 0;
  std::size_t bytes = std::min<std::size_t>(sqe.len, content.size() - offset);
  if (drain && bytes == 0) {
    if (!from_pipe->pipe->write_end_open) return Result{0};
    return std::nullopt;
  }
  if (drain && !to_socket->can_send()) return std::nullopt;
  if (fill) bytes = std::min(bytes, SimulatedPipe::kBytesMax - to_pipe->pipe->content.size());
  if (fill && bytes == 0 && offset < content.size()) return std::nullopt;
  if (kernel_.completion_fails() || kernel_.random().occurs(kernel_.faults.io_error)) return Result{-EIO};
  if (bytes > 1 && kernel_.random().occurs(kernel_.faults.short_read))
    bytes = 1 + kernel_.random().below(bytes - 1);
  if (fill) {
    to_pipe->pipe->content.append(content, offset, bytes);
    from_file->inode->cache(offset, bytes);
    return Result{static_cast<std::int32_t>(bytes)};
  }
  const ssize_t sent = to_socket->send({content.data(), bytes}, (sqe.splice_flags & SPLICE_F_MORE) != 0);
  if (sent > 0) content.erase(0, static_cast<std::size_t>(sent));
  return Result{static_cast<std::int32_t>(sent)};
}

int SimulatedBackend::open_cached(const char* path, const open_how& how) {
  if (!kernel_.files().name_cached(path) || kernel_.random().occurs(kernel_.faults.refuse_now))
    return -EAGAIN;
  if (kernel_.completion_fails() || kernel_.random().occurs(kernel_.faults.too_many_files)) return -EMFILE;
  return kernel_.open(path, how);
}

int SimulatedBackend::stat_open_file(int fd, struct statx* out) {
  const auto object = kernel_.find(fd, "fstat");
  if (!object) return -EBADF;
  if (kernel_.completion_fails() || kernel_.random().occurs(kernel_.faults.io_error)) return -EIO;
  const auto* file = dynamic_cast<const SimulatedOpenFile*>(object.get());
  if (file == nullptr) return -EINVAL;
  kernel_.files().describe(*file->inode, *out);
  return 0;
}

ssize_t SimulatedBackend::read_cached(int fd, std::span<char> into, std::uint64_t offset) {
  const auto object = kernel_.find(fd, "preadv2");
  const auto* file = dynamic_cast<const SimulatedOpenFile*>(object.get());
  if (file == nullptr) return object ? -EINVAL : -EBADF;
  if (file->inode->kind == SimulatedInode::Kind::directory) return -EISDIR;
  if (kernel_.random().occurs(kernel_.faults.refuse_now)) return -EAGAIN;
  if (kernel_.completion_fails() || kernel_.random().occurs(kernel_.faults.io_error)) return -EIO;
  const std::string& content = file->inode->content;
  if (offset >= content.size()) return 0;
  std::size_t bytes = std::min<std::size_t>(into.size(), content.size() - offset);
  // Up to the first page that is not in memory.
  std::size_t cached = 0;
  while (cached < bytes && file->inode->cached(offset + cached, 1)) {
    cached += SimulatedFiles::kPageBytes - (offset + cached) % SimulatedFiles::kPageBytes;
  }
  bytes = std::min(bytes, cached);
  if (bytes == 0) return -EAGAIN;
  if (bytes > 1 && kernel_.random().occurs(kernel_.faults.short_read))
    bytes = 1 + kernel_.random().below(bytes - 1);
  std::copy_n(content.data() + offset, bytes, into.data());
  return static_cast<ssize_t>(bytes);
}

// Every time anew: what is evicted is to be noticed.
bool SimulatedBackend::pages_cached(int fd, const FileIdentity&, std::uint64_t offset, std::size_t bytes) {
  const auto object = kernel_.find(fd, "cachestat");
  const auto* file = dynamic_cast<const SimulatedOpenFile*>(object.get());
  if (file == nullptr || kernel_.random().occurs(kernel_.faults.refuse_now)) return false;
  return offset + bytes <= file->inode->content.size() && file->inode->cached(offset, bytes);
}

ssize_t SimulatedBackend::send_file_now(int socket_fd, int file_fd, std::uint64_t offset, std::size_t bytes,
                                        bool) {
  const auto file_object = kernel_.find(file_fd, "sendfile");
  const auto* file = dynamic_cast<const SimulatedOpenFile*>(file_object.get());
  if (file == nullptr) return file_object ? -EINVAL : -EBADF;
  const std::string& content = file->inode->content;
  const std::size_t start = std::min<std::uint64_t>(offset, content.size());
  std::size_t available = std::min(bytes, content.size() - start);
  if (!file->inode->cached(start, available)) kernel_.misuse("sendfile would have waited for the disk");
  if (available == 0) return 0;
  if (available > 1 && kernel_.random().occurs(kernel_.faults.short_send)) {
    available = 1 + kernel_.random().below(available - 1);
  }
  return send_now(socket_fd, {content.data() + start, available}, false);
}

ssize_t SimulatedBackend::send_now(int socket_fd, std::span<const char> bytes, bool more) {
  const auto object = kernel_.find(socket_fd, "send");
  auto* socket = dynamic_cast<SimulatedSocket*>(object.get());
  if (socket == nullptr) return object ? -ENOTSOCK : -EBADF;
  if (!socket->can_send() || kernel_.random().occurs(kernel_.faults.refuse_now)) return -EAGAIN;
  if (kernel_.completion_fails() || kernel_.random().occurs(kernel_.faults.connection_reset)) {
    socket->break_connection();
    return -ECONNRESET;
  }
  std::size_t offered = bytes.size();
  if (offered > 1 && kernel_.random().occurs(kernel_.faults.short_send)) {
    offered = 1 + kernel_.random().below(offered - 1);
  }
  return socket->send(bytes.first(offered), more);
}

}  // namespace uringx
