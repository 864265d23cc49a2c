#include "server/path_watch.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <poll.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <algorithm>
#include <array>
#include <climits>
#include <cstdio>

namespace uringx {
namespace {

constexpr std::uint32_t kWayEvents = IN_ATTRIB | IN_MOVE_SELF | IN_DELETE_SELF;
constexpr std::uint32_t kFileEvents = kWayEvents | IN_MODIFY;
constexpr std::uint32_t kDirectoryEvents = kWayEvents | IN_DELETE;
constexpr std::uint32_t kNameEvents = IN_CREATE | IN_MOVED_TO;
constexpr std::uint32_t kDirectoryRemoved = IN_DELETE | IN_ISDIR;
constexpr unsigned kLinksMax = 40;  // as the kernel follows at most (MAXSYMLINKS)
constexpr std::size_t kDirectoriesMax = 1024;
constexpr Clock::time_point kWatched = Clock::time_point::max();

// A look at a path in memory only: -1 when it would have to wait.
OwnedFd look_up(int directory_fd, const char* name) {
  open_how how{.flags = O_PATH | O_NOFOLLOW | O_CLOEXEC, .mode = 0, .resolve = RESOLVE_CACHED};
  return OwnedFd(static_cast<int>(syscall(SYS_openat2, directory_fd, name, &how, sizeof(how))));
}

std::string first_component(std::string& path) {
  path.erase(0, path.find_first_not_of('/'));
  const std::size_t end = std::min(path.find('/'), path.size());
  std::string component = path.substr(0, end);
  path.erase(0, end);
  return component;
}

}  // namespace

// One directory or symbolic link that a path leads through.
struct PathWatch::Node {
  std::uint32_t device_major = 0;
  std::uint32_t device_minor = 0;
  std::uint64_t inode = 0;
  bool is_link = false;
  bool operator==(const Node&) const = default;
};

bool PathWatch::open_queues() {
  if (events_ && mounts_) return true;
  if (!events_) events_.reset(inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
  if (!mounts_) mounts_.reset(open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC));
  return events_ && mounts_;
}

int PathWatch::add(int fd, std::uint32_t events) {
  std::array<char, 32> path{};
  std::snprintf(path.data(), path.size(), "/proc/thread-self/fd/%d", fd);
  return inotify_add_watch(events_.get(), path.data(), events | IN_MASK_ADD);  // what is asked already stays asked
}

bool PathWatch::may_watch(Clock::time_point now) {
  if (now < retry_at_) return false;
  const bool open = open_queues();
  retry_at_ = open ? Clock::time_point{} : now + kRetryAfter;
  return open;
}

int PathWatch::watch(std::string_view path, int fd, Clock::time_point now) {
  if (!path.starts_with('/') || !may_watch(now)) return -1;
  if (!watch_directory(path.substr(0, path.rfind('/') + 1), now)) return -1;
  const int id = add(fd, kFileEvents);
  if (id < 0) retry_at_ = now + kRetryAfter;
  return id;
}

bool PathWatch::watch_names(const std::string& directory, Clock::time_point now) {
  if (!directory.starts_with('/') || !may_watch(now) || !watch_directory(directory, now)) return false;
  const OwnedFd fd = look_up(AT_FDCWD, directory.c_str());
  if (!fd) return false;
  const int id = add(fd.get(), kNameEvents);
  if (on_the_way_.contains(id)) return true;
  if (id >= 0) inotify_rm_watch(events_.get(), id);  // the way has just changed, which is told
  return false;
}

void PathWatch::unwatch(int id) { inotify_rm_watch(events_.get(), id); }

bool PathWatch::watch_directory(std::string_view path, Clock::time_point now) {
  const auto known = directories_.find(path);
  if (known != directories_.end() && known->second == kWatched) return true;
  if (known != directories_.end() && now < known->second) return false;
  if (directories_.size() >= kDirectoriesMax) return false;
  // The second walk shows that the watches of the first stand on what the path leads through.
  std::vector<Node> first, second;
  const bool watched = walk(path, true, first) && walk(path, false, second) && first == second;
  directories_.insert_or_assign(std::string(path), watched ? kWatched : now + kRetryAfter);
  return watched;
}

// Passes every directory and link that an absolute path leads through, in order.
bool PathWatch::walk(std::string_view path, bool watching, std::vector<Node>& passed) {
  unsigned links = 0;
  std::string rest(path);
  OwnedFd directory = look_up(AT_FDCWD, "/");
  if (!directory || !pass(directory.get(), watching, passed)) return false;
  for (std::string name = first_component(rest); !name.empty(); name = first_component(rest)) {
    if (watching) names_on_the_way_.insert(name);
    OwnedFd next = look_up(directory.get(), name.c_str());
    if (!next || !pass(next.get(), watching, passed)) return false;
    if (!passed.back().is_link) {
      directory = std::move(next);
      continue;
    }
    std::array<char, PATH_MAX> target{};
    const ssize_t bytes = readlinkat(next.get(), "", target.data(), target.size());
    if (bytes <= 0 || static_cast<std::size_t>(bytes) == target.size() || ++links > kLinksMax) return false;
    rest.insert(0, target.data(), static_cast<std::size_t>(bytes));
    if (target[0] == '/') directory = look_up(AT_FDCWD, "/");
    if (!directory) return false;
  }
  return true;
}

bool PathWatch::pass(int fd, bool watching, std::vector<Node>& passed) {
  struct statx info {};
  if (statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_BASIC_STATS, &info) < 0) return false;
  if (!file_systems_.tells_ways(info.stx_dev_major, info.stx_dev_minor)) return false;
  passed.push_back({info.stx_dev_major, info.stx_dev_minor, info.stx_ino, S_ISLNK(info.stx_mode)});
  if (!watching) return true;
  const int id = add(fd, passed.back().is_link ? kWayEvents : kDirectoryEvents);
  if (id < 0) return false;
  on_the_way_.insert(id);
  return true;
}

bool PathWatch::read_changes(Changes& changes) {
  if (on_the_way_.empty()) return true;
  std::array<pollfd, 2> queues{{{events_.get(), POLLIN, 0}, {mounts_.get(), POLLPRI, 0}}};
  if (poll(queues.data(), queues.size(), 0) <= 0) return true;
  if (queues[1].revents == 0 && read_events(changes)) return true;
  if (queues[1].revents != 0) file_systems_.forget_all();
  forget_directories();
  return false;
}

// False when a way changed, or events were lost.
bool PathWatch::read_events(Changes& changes) {
  alignas(inotify_event) std::array<char, kEventBytes> buffer;
  for (int reads = 0; reads < kReadsMax; ++reads) {
    const ssize_t bytes = read(events_.get(), buffer.data(), buffer.size());
    if (bytes <= 0) return true;
    const inotify_event* event = nullptr;
    for (ssize_t at = 0; at < bytes; at += static_cast<ssize_t>(sizeof(inotify_event) + event->len)) {
      event = reinterpret_cast<const inotify_event*>(buffer.data() + at);
      if ((event->mask & IN_Q_OVERFLOW) != 0) return false;
      if (!on_the_way_.contains(event->wd)) {
        changes.files.push_back(event->wd);
      } else if (event->len == 0) {  // about the directory itself, not about a name in it
        return false;
      } else if ((event->mask & kDirectoryRemoved) == kDirectoryRemoved && names_on_the_way_.contains(event->name)) {
        return false;  // one of that name, at least
      } else if ((event->mask & kNameEvents) != 0) {
        changes.names_came = true;
      }
    }
  }
  return false;
}

void PathWatch::forget_directories() {
  for (const int id : on_the_way_) inotify_rm_watch(events_.get(), id);
  on_the_way_.clear();
  names_on_the_way_.clear();
  directories_.clear();
}

}  // namespace uringx
