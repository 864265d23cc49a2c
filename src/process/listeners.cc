#include "process/listeners.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <thread>

#include "modules/http_core.h"

namespace uringx {
namespace {

constexpr int kBindTries = 5;
constexpr std::chrono::milliseconds kBindPause{500};
constexpr mode_t kUnixSocketMode = 0666;

bool set_option(int fd, int level, int name, int value) {
  return setsockopt(fd, level, name, &value, sizeof value) == 0;
}

const char* unix_path(const SocketAddress& address) {
  return reinterpret_cast<const sockaddr_un&>(address.storage).sun_path;
}

using Outcome = Listeners::Outcome;

// One address in the making; the log lines all end with its text.
class SocketOpener {
 public:
  SocketOpener(const SocketAddress& address, const ListenOptions& options, OpenMode mode,
               const ProcessLog& log)
      : address_(address), options_(options), mode_(mode), log_(log) {}

  // Adds a socket that listens to `sockets`.
  Outcome open(std::vector<std::shared_ptr<OwnedFd>>& sockets) const {
    OwnedFd fd(socket(address_.family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!fd) return refused("socket() {} failed");
    if (!set_option(fd.get(), SOL_SOCKET, SO_REUSEADDR, 1)) {
      return refused("setsockopt(SO_REUSEADDR) {} failed");
    }
    if (options_.reuseport && mode_ == OpenMode::serve &&
        !set_option(fd.get(), SOL_SOCKET, SO_REUSEPORT, 1)) {
      return refused("setsockopt(SO_REUSEPORT) {} failed");
    }
    if (address_.family() == AF_INET6 &&
        !set_option(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, options_.ipv6only ? 1 : 0)) {
      refused("setsockopt(IPV6_V6ONLY) {} failed, ignored");
    }
    if (bind(fd.get(), reinterpret_cast<const sockaddr*>(&address_.storage), address_.length) < 0) {
      return in_use_or_refused("bind() to {} failed");
    }
    if (address_.family() == AF_UNIX) prepare_unix_file();
    if (listen(fd.get(), options_.backlog) < 0) {
      return in_use_or_refused(fmt::format("listen() to {{}}, backlog {} failed", options_.backlog));
    }
    sockets.push_back(std::make_shared<OwnedFd>(std::move(fd)));
    return Outcome::opened;
  }

 private:
  Outcome refused(std::string_view sentence) const {
    const int error_number = errno;
    log_.write(LogLevel::emerg, fmt::format(fmt::runtime(sentence), address_.text()), error_number);
    return Outcome::failed;
  }

  // -t runs beside the server that uses these very addresses.
  Outcome in_use_or_refused(std::string_view sentence) const {
    if (errno != EADDRINUSE) return refused(sentence);
    if (mode_ == OpenMode::test) return Outcome::opened;
    refused(sentence);
    return Outcome::in_use;
  }

  void prepare_unix_file() const {
    const char* path = unix_path(address_);
    if (chmod(path, kUnixSocketMode) < 0) {
      log_.write(LogLevel::emerg, fmt::format("chmod() \"{}\" failed", path), errno);
    }
    if (mode_ == OpenMode::test && unlink(path) < 0) {
      log_.write(LogLevel::emerg, fmt::format("unlink() {} failed", path), errno);
    }
  }

  const SocketAddress& address_;
  const ListenOptions& options_;
  OpenMode mode_;
  const ProcessLog& log_;
};

// Options that may fail: the socket listens without them then (ngx_configure_listening_sockets).
struct SocketOption {
  std::string_view name;
  int level;
  int option;
  int value;
  bool wanted;
};

void configure(int fd, const Listener& listener, const ListenSocket& listen, const ProcessLog& log) {
  const ListenOptions& options = listen.options;
  const KeepaliveOptions keepalive = options.so_keepalive.value_or(KeepaliveOptions{});
  const bool keep = options.so_keepalive.has_value();
  const SocketOption wanted[] = {
      {"SO_RCVBUF", SOL_SOCKET, SO_RCVBUF, options.receive_buffer_bytes, options.receive_buffer_bytes != -1},
      {"SO_SNDBUF", SOL_SOCKET, SO_SNDBUF, options.send_buffer_bytes, options.send_buffer_bytes != -1},
      {"SO_KEEPALIVE", SOL_SOCKET, SO_KEEPALIVE, keepalive.on ? 1 : 0, keep},
      {"TCP_KEEPIDLE", IPPROTO_TCP, TCP_KEEPIDLE, keepalive.idle_s, keep && keepalive.idle_s != 0},
      {"TCP_KEEPINTVL", IPPROTO_TCP, TCP_KEEPINTVL, keepalive.interval_s, keep && keepalive.interval_s != 0},
      {"TCP_KEEPCNT", IPPROTO_TCP, TCP_KEEPCNT, keepalive.count, keep && keepalive.count != 0},
      {"TCP_FASTOPEN", IPPROTO_TCP, TCP_FASTOPEN, options.fastopen, options.fastopen != -1},
      // Accepted sockets have it from this one, see Connection::set_nodelay().
      {"TCP_NODELAY", IPPROTO_TCP, TCP_NODELAY, listen.servers.tcp_nodelay ? 1 : 0, listener.address.storage.ss_family != AF_UNIX},
  };
  for (const SocketOption& option : wanted) {
    if (!option.wanted || set_option(fd, option.level, option.option, option.value)) continue;
    log.write(LogLevel::alert,
              fmt::format("setsockopt({}, {}) {} failed, ignored", option.name, option.value,
                          listener.address.text()),
              errno);
  }
  // A socket that was taken over may have had another backlog; on a new one this changes nothing.
  if (::listen(fd, options.backlog) < 0) {
    log.write(
        LogLevel::alert,
        fmt::format("listen() to {}, backlog {} failed, ignored", listener.address.text(), options.backlog),
        errno);
  }
}

bool is_deferred(int fd) {
  int seconds = 0;
  socklen_t size = sizeof seconds;
  return getsockopt(fd, IPPROTO_TCP, TCP_DEFER_ACCEPT, &seconds, &size) == 0 && seconds != 0;
}

// The kernel holds a connection back until its request arrives, for at most the time a request's head may
// take.
void configure_deferred(int fd, const ListenSocket& listen, const ProcessLog& log) {
  if (listen.options.deferred == is_deferred(fd)) return;
  int seconds = 0;
  if (listen.options.deferred) {
    const auto& core = listen.servers.default_server().settings.get<HttpCoreServer>();
    seconds = static_cast<int>(core.client_header_timeout->count / 1000);
  }
  if (set_option(fd, IPPROTO_TCP, TCP_DEFER_ACCEPT, seconds)) return;
  log.write(
      LogLevel::alert,
      fmt::format("setsockopt(TCP_DEFER_ACCEPT, {}) for {} failed, ignored", seconds, listen.address.text()),
      errno);
}

std::optional<SocketAddress> local_address(int fd, const ProcessLog& log) {
  SocketAddress address;
  address.length = sizeof address.storage;
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&address.storage), &address.length) < 0) {
    log.write(LogLevel::crit, fmt::format("getsockname() of the inherited socket #{} failed", fd), errno);
    return std::nullopt;
  }
  switch (address.family()) {
    case AF_INET:
    case AF_INET6:
      return address;
    case AF_UNIX:
      address.length = sizeof(sockaddr_un);  // as a configured one has it, whatever the path's length
      return address;
    default:
      log.write(LogLevel::crit, fmt::format("the inherited socket #{} has unsupported protocol family", fd));
      return std::nullopt;
  }
}

}  // namespace

Listeners Listeners::inherited_from(std::string_view variable, const ProcessLog& log) {
  Listeners found;
  log.write(LogLevel::notice, fmt::format("using inherited sockets from \"{}\"", variable));
  while (!variable.empty()) {
    const std::size_t end = variable.find_first_of(":;");
    int number = -1;
    const std::string_view word = variable.substr(0, end);
    const auto parsed = std::from_chars(word.data(), word.data() + word.size(), number);
    if (end == std::string_view::npos || number < 0 || parsed.ptr != word.data() + word.size()) {
      log.write(LogLevel::emerg, fmt::format("invalid socket number \"{}\" in NGINX environment variable, "
                                             "ignoring the rest of the variable",
                                             variable));
      break;
    }
    variable.remove_prefix(end + 1);

    const std::optional<SocketAddress> address = local_address(number, log);
    if (!address) continue;
    fcntl(number, F_SETFD, FD_CLOEXEC);
    // nginx's are not blocking, and io_uring answers EAGAIN on such a socket instead of waiting (REQ_F_NOWAIT).
    fcntl(number, F_SETFL, fcntl(number, F_GETFL) & ~O_NONBLOCK);
    auto same = std::ranges::find(found.listeners_, *address, &Listener::address);
    if (same == found.listeners_.end()) {
      same = found.listeners_.insert(same, Listener{.address = *address, .sockets = {}, .inherited = true});
    }
    same->sockets.push_back(std::make_shared<OwnedFd>(number));
  }
  return found;
}

bool Listeners::open(const RouteTable& routes, const Listeners& previous, unsigned worker_count,
                     OpenMode mode, const ProcessLog& log) {
  take_over(routes, previous, log);
  for (int tries = kBindTries; tries > 0; --tries) {
    switch (bind_missing(routes, worker_count, mode, log)) {
      case Outcome::opened:
        if (mode == OpenMode::serve) configure_all(routes, log);
        return true;
      case Outcome::failed:
        return false;
      case Outcome::in_use:
        break;
    }
    log.write(LogLevel::notice, "try again to bind() after 500ms");
    std::this_thread::sleep_for(kBindPause);
  }
  log.write(LogLevel::emerg, "still could not bind()");
  return false;
}

void Listeners::take_over(const RouteTable& routes, const Listeners& previous, const ProcessLog& log) {
  listeners_.clear();
  for (const ListenSocket& listen : routes.listens) {
    const Listener* known = previous.find(listen.address);
    Listener& listener = listeners_.emplace_back(
        known == nullptr ? Listener{.address = listen.address, .sockets = {}} : *known);
    listener.reuseport = listen.options.reuseport;
    if (!listener.reuseport) continue;
    // More sockets can only be bound beside one that allows it.
    for (const auto& socket : listener.sockets) {
      if (set_option(socket->get(), SOL_SOCKET, SO_REUSEPORT, 1)) continue;
      log.write(LogLevel::alert,
                fmt::format("setsockopt(SO_REUSEPORT) {} failed, ignored", listen.address.text()), errno);
    }
  }
}

Listeners::Outcome Listeners::bind_missing(const RouteTable& routes, unsigned worker_count, OpenMode mode,
                                           const ProcessLog& log) {
  Outcome worst = Outcome::opened;
  for (std::size_t i = 0; i < listeners_.size(); ++i) {
    const ListenSocket& listen = routes.listens[i];
    const std::size_t wanted = listen.options.reuseport && mode == OpenMode::serve ? worker_count : 1;
    const SocketOpener opener(listen.address, listen.options, mode, log);
    for (std::size_t have = listeners_[i].sockets.size(); have < wanted; ++have) {
      const Outcome outcome = opener.open(listeners_[i].sockets);
      if (outcome == Outcome::failed) return outcome;
      if (outcome == Outcome::in_use) {
        worst = outcome;
        break;
      }
    }
  }
  return worst;
}

void Listeners::configure_all(const RouteTable& routes, const ProcessLog& log) {
  for (std::size_t i = 0; i < listeners_.size(); ++i) {
    for (const auto& socket : listeners_[i].sockets) {
      configure(socket->get(), listeners_[i], routes.listens[i], log);
      configure_deferred(socket->get(), routes.listens[i], log);
    }
  }
}

std::vector<OpenListener> Listeners::for_workers(unsigned worker_count) const {
  std::vector<OpenListener> open;
  for (std::size_t i = 0; i < listeners_.size(); ++i) {
    unsigned worker = 0;
    for (const auto& socket : listeners_[i].sockets) {
      open.push_back({i, socket->get(), worker++ % worker_count, listeners_[i].reuseport});
    }
  }
  return open;
}

void Listeners::remove_unix_files(const Listeners* other, bool keep_inherited, const ProcessLog& log) const {
  for (const Listener& listener : listeners_) {
    if (listener.address.family() != AF_UNIX || listener.sockets.empty()) continue;
    if (listener.inherited && keep_inherited) continue;
    if (other != nullptr && other->find(listener.address) != nullptr) continue;
    const char* path = unix_path(listener.address);
    if (other != nullptr) log.write(LogLevel::warn, fmt::format("deleting socket {}", path));
    if (unlink(path) < 0) log.write(LogLevel::emerg, fmt::format("unlink() {} failed", path), errno);
  }
}

std::vector<int> Listeners::descriptors() const {
  std::vector<int> numbers;
  for (const Listener& listener : listeners_) {
    for (const auto& socket : listener.sockets) numbers.push_back(socket->get());
  }
  return numbers;
}

std::string Listeners::environment_value() const {
  std::string value;
  for (const int number : descriptors()) value += fmt::format("{};", number);
  return value;
}

const Listener* Listeners::find(const SocketAddress& address) const {
  const auto found = std::ranges::find(listeners_, address, &Listener::address);
  return found == listeners_.end() ? nullptr : &*found;
}

}  // namespace uringx
