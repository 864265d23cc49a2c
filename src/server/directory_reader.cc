#include "server/directory_reader.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>

#include "server/worker.h"

namespace uringx {
namespace {

constexpr int kThreads = 2;  // one directory on a dead file server must not stop all listings

}  // namespace

std::span<DirectoryEntry> DirectoryReading::copy_entries(Arena& arena) const {
  const std::span<DirectoryEntry> copies = arena.make_array<DirectoryEntry>(entries_.size());
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    const Entry& entry = entries_[i];
    copies[i] = {arena.copy(entry.name), entry.is_directory, entry.is_file, entry.size, entry.modified};
  }
  return copies;
}

DirectoryReader::DirectoryReader() {
  if (pipe2(request_pipe_, O_CLOEXEC) != 0) throw std::system_error(errno, std::generic_category(), "pipe2()");
  fcntl(request_pipe_[1], F_SETFL, O_NONBLOCK);
  for (int i = 0; i < kThreads; ++i) threads_.emplace_back([this] { run(); });
}

DirectoryReader::~DirectoryReader() {
  close(request_pipe_[1]);
  for (std::thread& thread : threads_) thread.join();
  close(request_pipe_[0]);
}

bool DirectoryReader::read(DirectoryReading& reading, std::string_view path, Ring& ring) {
  reading.path_ = path;
  reading.entries_.clear();
  reading.error_number_ = 0;
  reading.answer_ring_fd_ = ring.fd();
  reading.pending_ = true;
  DirectoryReading* const pointer = &reading;
  // Eight bytes into a pipe go whole or not at all (pipe(7)), and at once.
  if (write(request_pipe_[1], &pointer, sizeof(pointer)) == static_cast<ssize_t>(sizeof(pointer))) return true;
  reading.pending_ = false;
  reading.error_number_ = EAGAIN;
  return false;
}

void DirectoryReader::answered(DirectoryReading& reading) {
  reading.pending_ = false;
  reading.handler_(reading.owner_);
}

void DirectoryReader::run() {
  auto backend = make_kernel_backend({.entries = 8});
  CHECK(backend);  // the worker process made its rings before
  Ring ring(std::move(*backend));
  struct Delivery {
    void on_delivered(Completion completion) { delivered = completion.result >= 0; }
    bool delivered = false;
  } delivery;
  Operation message(&delivery, Operation::calls<&Delivery::on_delivered>);
  DirectoryReading* reading = nullptr;
  while (::read(request_pipe_[0], &reading, sizeof(reading)) == static_cast<ssize_t>(sizeof(reading))) {
    list(*reading);
    const auto address = reinterpret_cast<std::uint64_t>(reading);
    const int answer_ring_fd = reading->answer_ring_fd_;  // the reading is the worker's again once it arrived
    for (delivery.delivered = false; !delivery.delivered;) {
      ring.message(message, answer_ring_fd, kDirectoryAnswer | static_cast<std::uint32_t>(address >> 32),
                   static_cast<std::int32_t>(static_cast<std::uint32_t>(address)));
      while (message.pending()) ring.run_once(std::chrono::seconds(1));
    }
  }
}

void DirectoryReader::list(DirectoryReading& reading) {
  DIR* const directory = opendir(reading.path_.c_str());
  if (directory == nullptr) {
    reading.error_number_ = errno;
    return;
  }
  while (const dirent* entry = readdir(directory)) {
    if (entry->d_name[0] == '.') continue;
    struct stat info {};
    if (fstatat(dirfd(directory), entry->d_name, &info, 0) != 0 &&
        fstatat(dirfd(directory), entry->d_name, &info, AT_SYMLINK_NOFOLLOW) != 0) {
      continue;  // removed meanwhile
    }
    reading.entries_.push_back({entry->d_name, S_ISDIR(info.st_mode), S_ISREG(info.st_mode), info.st_size, info.st_mtime});
  }
  closedir(directory);
}

}  // namespace uringx
