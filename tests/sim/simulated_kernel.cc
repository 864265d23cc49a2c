#include "simulated_kernel.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/openat2.h>

#include <cerrno>
#include <stdexcept>

namespace uringx {

SimulatedPipeEnd::SimulatedPipeEnd(std::shared_ptr<SimulatedPipe> of, bool is_read_end)
    : SimulatedObject(is_read_end ? "read end of a pipe" : "write end of a pipe"),
      pipe(std::move(of)),
      read_end(is_read_end) {}

SimulatedPipeEnd::~SimulatedPipeEnd() { (read_end ? pipe->read_end_open : pipe->write_end_open) = false; }

int SimulatedKernel::install(std::shared_ptr<SimulatedObject> object) {
  const int fd = next_descriptor_++;
  descriptors_[fd] = {.object = std::move(object), .adopted = false};
  return fd;
}

int SimulatedKernel::make_listener() {
  return install(std::make_shared<SimulatedListener>("listening socket"));
}

SimulatedClient SimulatedKernel::connect(int listener_fd) {
  const auto listener = std::dynamic_pointer_cast<SimulatedListener>(descriptors_[listener_fd].object);
  if (!listener) throw std::invalid_argument("not a simulated listening socket");
  auto connection = std::make_shared<SimulatedConnection>();
  connection->to_client_bytes_max = socket_bytes_max;
  listener->waiting.push_back(connection);
  return SimulatedClient(connection);
}

std::pair<int, SimulatedClient> SimulatedKernel::connected_socket() {
  auto connection = std::make_shared<SimulatedConnection>();
  connection->to_client_bytes_max = socket_bytes_max;
  const int fd = install(std::make_shared<SimulatedSocket>(
      connection, fmt::format("socket of connection {}", ++connection_count_)));
  return {fd, SimulatedClient(connection)};
}

std::pair<int, int> SimulatedKernel::make_pipe() {
  auto pipe = std::make_shared<SimulatedPipe>();
  const int read_end = install(std::make_shared<SimulatedPipeEnd>(pipe, true));
  const int write_end = install(std::make_shared<SimulatedPipeEnd>(pipe, false));
  return {read_end, write_end};
}

void SimulatedKernel::adopt(int fd, std::string_view path) {
  files_.create_file(path, {});
  auto file = std::make_shared<SimulatedOpenFile>(std::string(path));
  file->inode = *files_.look_up(path, true);
  file->flags = O_WRONLY | O_APPEND;
  descriptors_[fd] = {.object = std::move(file), .adopted = true};
}

std::vector<std::string> SimulatedKernel::open_descriptors() const {
  std::vector<std::string> open;
  for (const auto& [fd, descriptor] : descriptors_) {
    if (!descriptor.object || descriptor.adopted) continue;
    open.push_back(fmt::format("{}: {}", fd, descriptor.object->description));
  }
  return open;
}

std::shared_ptr<SimulatedObject> SimulatedKernel::find(int fd, const char* used_for) {
  const auto found = descriptors_.find(fd);
  if (found != descriptors_.end() && found->second.object) return found->second.object;
  misuse(fmt::format("{} on descriptor {}, which is not open", used_for, fd));
  return nullptr;
}

int SimulatedKernel::close(int fd) {
  if (!find(fd, "close")) return -EBADF;
  descriptors_[fd].object.reset();
  return 0;
}

int SimulatedKernel::open(const char* path, const open_how& how) {
  constexpr std::uint64_t kKnownResolve = RESOLVE_NO_XDEV | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS |
                                          RESOLVE_BENEATH | RESOLVE_IN_ROOT | RESOLVE_CACHED;
  if ((how.resolve & ~kKnownResolve) != 0) return -EINVAL;
  auto inode = files_.look_up(path, (how.flags & O_NOFOLLOW) == 0);
  if (!inode && inode.error() == -ENOENT && (how.flags & O_CREAT) != 0) {
    files_.create_file(path, {});
    inode = files_.look_up(path, true);
  }
  if (!inode) return inode.error();
  SimulatedInode& found = **inode;
  if (found.kind == SimulatedInode::Kind::symlink) return -ELOOP;
  if ((how.flags & O_DIRECTORY) != 0 && found.kind != SimulatedInode::Kind::directory) return -ENOTDIR;
  if ((how.flags & O_ACCMODE) != O_RDONLY && found.kind == SimulatedInode::Kind::directory) return -EISDIR;
  if (!found.permitted) return -EACCES;
  if ((how.flags & O_TRUNC) != 0) found.content.clear();
  auto file = std::make_shared<SimulatedOpenFile>(path);
  file->inode = *inode;
  file->flags = how.flags;
  return install(std::move(file));
}

}  // namespace uringx
